using System.Data.Common;
using StreamHouse.Broker.Metadata;

namespace StreamHouse.Storage.Metadata;

/// <summary>What differs between the databases. Everything else in this folder is SQL that SQLite and PostgreSQL both speak.</summary>
internal abstract class SqlDialect
{
    /// <summary>Where the database lies, for messages.</summary>
    public abstract string Source { get; }

    /// <summary>Expression for the store's clock, in milliseconds since 1970.</summary>
    public abstract string Now { get; }

    /// <summary>Column type of a UUID.</summary>
    public abstract string UuidType { get; }

    /// <summary>Column type of a JSON document.</summary>
    public abstract string JsonType { get; }

    /// <summary>Starts a transaction that will write.</summary>
    public abstract string BeginWrite { get; }

    /// <summary>Starts a transaction that reads one snapshot.</summary>
    public abstract string BeginRead { get; }

    /// <summary>Turns a value into what the driver stores.</summary>
    public abstract object Encode(object? value);

    /// <summary>Reads a UUID column.</summary>
    public abstract Guid DecodeGuid(DbDataReader reader, int column);

    /// <summary>Gives a command the parameters that every statement may use, such as the clock.</summary>
    public abstract void BindAmbient(DbCommand command);

    /// <summary>
    /// Waits for any attempt in flight to commit the same slices, and keeps the lease rows as they are until the transaction ends.
    /// The slices come in lock order: by topic, then partition.
    /// </summary>
    public abstract void LockLeases(SqlSession session, IReadOnlyList<SliceCommit> slices);

    /// <summary>Makes other processes wait with their migrations until the transaction ends.</summary>
    public abstract void LockSchema(SqlSession session);

    /// <summary>The engine's exception for a driver's.</summary>
    /// <param name="error">What the driver threw.</param>
    /// <param name="committing">Whether it came from a commit, whose outcome may then be unknown.</param>
    public abstract Exception Translate(DbException error, bool committing);
}
