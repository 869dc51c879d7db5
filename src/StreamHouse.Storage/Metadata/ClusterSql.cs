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

    // Counted, since a row that stays as it is may not be written at all.
    public static int Check(SqlSession session) => session.Execute("UPDATE cluster SET checks = checks + 1");

    public static long ReadMilestone(SqlSession session) => session.Scalar("SELECT milestone FROM cluster") ?? 0;

    public static long RaiseMilestone(SqlSession session) => session.Scalar("UPDATE cluster SET milestone = milestone + 1 RETURNING milestone")!.Value;

    public static bool AdvancePast(SqlSession session, long milestone)
    {
        session.Execute("UPDATE cluster SET milestone = @milestone WHERE milestone < @milestone", ("@milestone", milestone));
        session.Execute("UPDATE partition_leases SET epoch = epoch + 1000000");
        session.Execute("UPDATE producer_ids SET next_id = next_id + 1000000000");
        session.Execute("UPDATE group_ids SET next_id = next_id + 1000000000");
        return true;
    }

    public static long AllocateProducerIds(SqlSession session, int count) =>
        session.Scalar("UPDATE producer_ids SET next_id = next_id + @count RETURNING next_id", ("@count", count))!.Value - count;
}
