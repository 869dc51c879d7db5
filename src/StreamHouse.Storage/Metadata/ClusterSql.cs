namespace StreamHouse.Storage.Metadata;

/// <summary>Transactions on <c>cluster</c> and <c>producer_ids</c>.</summary>
internal static class ClusterSql
{
    public static (Guid ClusterId, bool Created) GetOrCreate(SqlSession session, Guid candidate)
    {
        int created = session.Execute(
            $"INSERT INTO cluster (only_row, id, created_at) VALUES (1, @id, {session.Dialect.Now}) ON CONFLICT (only_row) DO NOTHING", ("@id", candidate));
        return (session.Query("SELECT id FROM cluster", row => row.Guid(0))[0], created == 1);
    }

    public static long Ping(SqlSession session) => session.Scalar("SELECT max(version) FROM schema_version")!.Value;

    public static long AllocateProducerIds(SqlSession session, int count) =>
        session.Scalar("UPDATE producer_ids SET next_id = next_id + @count RETURNING next_id", ("@count", count))!.Value - count;
}
