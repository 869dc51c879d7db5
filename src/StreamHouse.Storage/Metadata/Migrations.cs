using System.Globalization;
using StreamHouse.Broker;

namespace StreamHouse.Storage.Metadata;

/// <summary>Brings a database to this version's tables: numbered steps, applied in order under a lock, forward only.</summary>
internal static class Migrations
{
    private static readonly Func<SqlDialect, string[]>[] Steps = [FirstTables, ConsumerGroups, Checks, DeletedGroups, Milestones];

    /// <summary>The version this program writes.</summary>
    public static int Current => Steps.Length;

    /// <summary>Applies what is missing.</summary>
    /// <exception cref="BrokerException"><see cref="BrokerErrorCode.StorageFailed"/> when the database is of a newer version.</exception>
    public static int Apply(SqlSession session)
    {
        SqlDialect dialect = session.Dialect;
        dialect.LockSchema(session);
        session.Execute("CREATE TABLE IF NOT EXISTS schema_version (version integer PRIMARY KEY, applied_at bigint NOT NULL)");
        int found = (int)(session.Scalar("SELECT max(version) FROM schema_version") ?? 0);
        if (found > Current)
        {
            throw new BrokerException(BrokerErrorCode.StorageFailed, string.Create(CultureInfo.InvariantCulture,
                $"The metadata in {dialect.Source} has schema version {found}, but this program knows versions up to {Current}. Start a newer program."));
        }
        for (int version = found + 1; version <= Current; version++)
        {
            foreach (string statement in Steps[version - 1](dialect))
            {
                session.ExecuteOnce(statement);
            }
            session.Execute($"INSERT INTO schema_version (version, applied_at) VALUES (@version, {dialect.Now})", ("@version", version));
        }
        return Current;
    }

    // Times are milliseconds since 1970 in every table, so that one comparison serves every database.
    private static string[] FirstTables(SqlDialect d) =>
    [
        $"""
        CREATE TABLE cluster (
            only_row integer PRIMARY KEY CHECK (only_row = 1),
            id {d.UuidType} NOT NULL,
            created_at bigint NOT NULL)
        """,
        $"""
        CREATE TABLE topics (
            id {d.UuidType} PRIMARY KEY,
            name text NOT NULL,
            partitions integer NOT NULL CHECK (partitions > 0),
            durability text NOT NULL CHECK (durability IN ('local', 'object')),
            config {d.JsonType} NOT NULL,
            agent_group text,
            created_at bigint NOT NULL,
            deleted_at bigint)
        """,
        "CREATE UNIQUE INDEX topics_live_name ON topics (name) WHERE deleted_at IS NULL",
        $"""
        CREATE TABLE sessions (
            incarnation {d.UuidType} PRIMARY KEY,
            agent_id text NOT NULL,
            endpoints {d.JsonType} NOT NULL,
            zone text,
            agent_group text,
            expires_at bigint)
        """,
        $"""
        CREATE TABLE partition_leases (
            topic_id {d.UuidType} NOT NULL,
            partition integer NOT NULL,
            group_id bigint NOT NULL UNIQUE,
            epoch bigint NOT NULL,
            holder {d.UuidType},
            node_log {d.UuidType},
            end_offset bigint NOT NULL,
            log_start_offset bigint NOT NULL,
            PRIMARY KEY (topic_id, partition),
            CHECK (log_start_offset >= 0 AND log_start_offset <= end_offset))
        """,
        $"""
        CREATE TABLE leader_epochs (
            topic_id {d.UuidType} NOT NULL,
            partition integer NOT NULL,
            epoch bigint NOT NULL,
            start_offset bigint NOT NULL,
            PRIMARY KEY (topic_id, partition, epoch))
        """,
        $"""
        CREATE TABLE segments (
            topic_id {d.UuidType} NOT NULL,
            partition integer NOT NULL,
            base_offset bigint NOT NULL,
            end_offset bigint NOT NULL,
            epoch bigint NOT NULL,
            object_id {d.UuidType} NOT NULL,
            position bigint NOT NULL,
            length bigint NOT NULL,
            max_timestamp bigint NOT NULL,
            records bigint NOT NULL,
            PRIMARY KEY (topic_id, partition, base_offset),
            UNIQUE (object_id, topic_id, partition),
            CHECK (end_offset > base_offset))
        """,
        $"""
        CREATE TABLE objects (
            id {d.UuidType} PRIMARY KEY,
            key text NOT NULL,
            bytes bigint NOT NULL,
            state text NOT NULL CHECK (state IN ('live', 'pending_delete')),
            changed_at bigint NOT NULL,
            deleted_at bigint)
        """,
        "CREATE INDEX objects_pending ON objects (changed_at) WHERE state = 'pending_delete'",
        $"""
        CREATE TABLE group_offsets (
            group_id text NOT NULL,
            topic_id {d.UuidType} NOT NULL,
            partition integer NOT NULL,
            "offset" bigint NOT NULL,
            leader_epoch integer NOT NULL,
            metadata text,
            committed_at bigint NOT NULL,
            PRIMARY KEY (group_id, topic_id, partition))
        """,
        "CREATE INDEX group_offsets_topic ON group_offsets (topic_id)",
        "CREATE TABLE producer_ids (only_row integer PRIMARY KEY CHECK (only_row = 1), next_id bigint NOT NULL)",
        "INSERT INTO producer_ids (only_row, next_id) VALUES (1, 1)",
        "CREATE TABLE group_ids (only_row integer PRIMARY KEY CHECK (only_row = 1), next_id bigint NOT NULL)",
        "INSERT INTO group_ids (only_row, next_id) VALUES (1, 1)",
    ];

    // A group's offsets live longer than its members: since when it has had none, and which generation was its last, must outlive the process.
    private static string[] ConsumerGroups(SqlDialect d) =>
    [
        """
        CREATE TABLE consumer_groups (
            group_id text PRIMARY KEY,
            generation integer NOT NULL CHECK (generation > 0),
            protocol_type text NOT NULL,
            emptied_at bigint)
        """,
    ];

    // A row to change when the store is asked whether it takes changes.
    private static string[] Checks(SqlDialect d) => ["ALTER TABLE cluster ADD COLUMN checks bigint NOT NULL DEFAULT 0"];

    // Which groups a node log may still hold although their lease rows are gone. Older versions kept no such list: every id they gave out and no
    // longer know counts as deleted, once.
    private static string[] DeletedGroups(SqlDialect d) =>
    [
        $"CREATE TABLE deleted_groups (group_id bigint PRIMARY KEY, node_log {d.UuidType}, deleted_at bigint NOT NULL)",
        """
        INSERT INTO deleted_groups (group_id, deleted_at)
        WITH RECURSIVE given (id) AS (SELECT CAST(0 AS bigint) UNION ALL SELECT id + 1 FROM given WHERE id + 1 < (SELECT next_id FROM group_ids))
        SELECT id, 0 FROM given WHERE id > 0 AND NOT EXISTS (SELECT 1 FROM partition_leases l WHERE l.group_id = given.id)
        """,
    ];

    // What the object store is compared with at a start: see Lifecycle/Milestones.
    private static string[] Milestones(SqlDialect d) => ["ALTER TABLE cluster ADD COLUMN milestone bigint NOT NULL DEFAULT 0"];
}
