using System.Data.Common;
using System.Globalization;
using Microsoft.Data.Sqlite;
using StreamHouse.Broker;

namespace StreamHouse.Storage.Metadata.Sqlite;

/// <summary>Opens connections with the settings that durability depends on, and reads those settings back.</summary>
internal static class SqliteConnections
{
    private const int SynchronousFull = 2;

    public static SqlSession OpenInMemory(TimeProvider clock)
    {
        SqliteNative.EnsureInitialized();
        SqliteConnection connection = new("Data Source=:memory:;Pooling=False");
        connection.Open();
        return new SqlSession(connection, new SqliteDialect(":memory:", clock));
    }

    /// <summary>A connection that writes: WAL, and a sync of the log before a commit returns.</summary>
    public static SqlSession OpenWriter(SqliteOptions options, TimeProvider clock)
    {
        SqlSession session = Open(options, clock, SqliteOpenMode.ReadWriteCreate);
        return Configured(session, () =>
        {
            Require(session, "PRAGMA journal_mode = WAL", "wal");

            // NORMAL would lose committed manifests at power failure, after the log they replaced was trimmed.
            session.ExecuteOnce("PRAGMA synchronous = FULL");
            Require(session, "PRAGMA synchronous", SynchronousFull.ToString(CultureInfo.InvariantCulture));
        });
    }

    /// <summary>A connection that only reads.</summary>
    public static SqlSession OpenReader(SqliteOptions options, TimeProvider clock)
    {
        SqlSession session = Open(options, clock, SqliteOpenMode.ReadWrite);
        return Configured(session, () => session.ExecuteOnce("PRAGMA query_only = ON"));
    }

    private static SqlSession Open(SqliteOptions options, TimeProvider clock, SqliteOpenMode mode)
    {
        SqliteNative.EnsureInitialized();
        SqliteDialect dialect = new(options.Path, clock);
        SqliteConnection connection = new(new SqliteConnectionStringBuilder
        {
            DataSource = options.Path,
            Mode = mode,
            Pooling = false,
            DefaultTimeout = Math.Max(1, (int)Math.Ceiling(options.BusyTimeout.TotalSeconds)),
        }.ToString());
        try
        {
            connection.Open();
            return new SqlSession(connection, dialect);
        }
        catch (DbException e)
        {
            connection.Dispose();
            throw dialect.Translate(e, committing: false);
        }
    }

    private static SqlSession Configured(SqlSession session, Action configure)
    {
        try
        {
            configure();
            return session;
        }
        catch (DbException e)
        {
            session.Dispose();
            throw session.Dialect.Translate(e, committing: false);
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    private static void Require(SqlSession session, string pragma, string expected)
    {
        string found = session.Query(pragma, row => row.Text(0))[0];
        if (found != expected)
        {
            throw new BrokerException(
                BrokerErrorCode.StorageFailed,
                $"SQLite answered '{found}' to '{pragma}' on {session.Dialect.Source}, but durability needs '{expected}'. Use a local file system.");
        }
    }
}
