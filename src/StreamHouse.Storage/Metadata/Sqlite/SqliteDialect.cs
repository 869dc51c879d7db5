using System.Data.Common;
using System.Globalization;
using Microsoft.Data.Sqlite;
using StreamHouse.Broker;
using StreamHouse.Broker.Metadata;

namespace StreamHouse.Storage.Metadata.Sqlite;

/// <summary>SQLite: UUIDs and JSON are text that a person can read, the clock is the process's, one writer at a time makes row locks needless.</summary>
internal sealed class SqliteDialect(string source, TimeProvider clock) : SqlDialect
{
    private const string NowParameter = "@now";

    // Primary result codes, https://www.sqlite.org/rescode.html
    private const int Corrupt = 11;
    private const int Full = 13;
    private const int Constraint = 19;
    private const int NotADatabase = 26;
    private const int Busy = 5;
    private const int CannotOpen = 14;
    private const int ReadOnly = 8;

    public override string Source { get; } = source;

    public override string Now => NowParameter;

    public override string UuidType => "text";

    public override string JsonType => "text";

    // IMMEDIATE takes the write lock at once: a transaction that read first and then wrote could fail half-way.
    public override string BeginWrite => "BEGIN IMMEDIATE";

    public override string BeginRead => "BEGIN DEFERRED";

    public override object Encode(object? value) => value switch
    {
        null => DBNull.Value,
        Guid id => id.ToString("D"),
        _ => value,
    };

    public override Guid DecodeGuid(DbDataReader reader, int column)
    {
        string text = reader.GetString(column);
        return Guid.TryParseExact(text, "D", out Guid id)
            ? id
            : throw new BrokerException(BrokerErrorCode.DataDamaged, $"The metadata file {Source} holds '{text}' where a UUID belongs.");
    }

    public override void BindAmbient(DbCommand command)
    {
        if (!command.CommandText.Contains(NowParameter, StringComparison.Ordinal))
        {
            return;
        }
        long now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        if (command.Parameters.Contains(NowParameter))
        {
            command.Parameters[NowParameter].Value = now;
        }
        else
        {
            command.Parameters.Add(new SqliteParameter(NowParameter, now));
        }
    }

    public override void LockLeases(SqlSession session, IReadOnlyList<SliceCommit> slices)
    {
        // BEGIN IMMEDIATE has excluded every other writer already.
    }

    public override void LockSchema(SqlSession session)
    {
        // BEGIN IMMEDIATE has excluded every other writer already.
    }

    public override Exception Translate(DbException error, bool committing)
    {
        ArgumentNullException.ThrowIfNull(error);
        if (error is not SqliteException sqlite)
        {
            return new MetadataUnavailableException($"The metadata file {Source} could not be used: {error.Message}", error);
        }
        string code = string.Create(CultureInfo.InvariantCulture, $"SQLite error {sqlite.SqliteExtendedErrorCode}: {sqlite.Message}");
        return sqlite.SqliteErrorCode switch
        {
            Full => new BrokerException(BrokerErrorCode.NoSpace, $"No space left for the metadata file {Source}; nothing was changed. {code}", error),
            Corrupt or NotADatabase => new BrokerException(
                BrokerErrorCode.DataDamaged, $"The metadata file {Source} is damaged or not a SQLite database. Restore it from a backup. {code}", error),
            CannotOpen or ReadOnly => new BrokerException(
                BrokerErrorCode.StorageFailed, $"The metadata file {Source} cannot be opened for writing: check that its folder exists and its permissions. {code}",
                error),
            Constraint => new BrokerException(BrokerErrorCode.Internal, $"A change broke a rule of the tables in {Source}. {code}", error),
            Busy => new MetadataUnavailableException($"The metadata file {Source} is locked by another process. {code}", error),
            _ => new MetadataUnavailableException(
                $"The metadata file {Source} could not be {(committing ? "committed to; whether the change took effect is unknown" : "used")}. {code}", error),
        };
    }
}
