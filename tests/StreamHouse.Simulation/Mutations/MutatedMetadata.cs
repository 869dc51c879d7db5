using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;
using StreamHouse.Storage.Metadata;

namespace StreamHouse.Simulation.Mutations;

/// <summary>The metadata store's transactions, each with one rule of it broken.</summary>
internal sealed class MutatedMetadata(SqlMetadataStore store)
{
    private const string OnePartition = "WHERE topic_id = @topic AND partition = @partition";

    // By holder and partition, the object whose slice was fenced first.
    private readonly Dictionary<(Guid Holder, TopicPartition Partition), Guid> _fenced = [];

    /// <summary>What is broken.</summary>
    public Mutation Mutation { get; set; }

    public async Task<IReadOnlyList<SliceOutcome>> CommitAsync(ObjectCommit commit)
    {
        HashSet<TopicPartition> unfenced = [.. commit.Slices.Select(s => s.Partition).Where(p => IsLetThrough(commit, p))];
        IReadOnlyList<SliceOutcome> outcomes = unfenced.Count == 0
            ? await store.CommitAsync(commit, CancellationToken.None)
            : await store.Executor.WriteAsync(sql => CommitUnfenced(sql, commit, unfenced), CancellationToken.None);
        for (int i = 0; i < outcomes.Count; i++)
        {
            if (outcomes[i] == SliceOutcome.Fenced)
            {
                _fenced.TryAdd((commit.Holder, commit.Slices[i].Partition), commit.ObjectId);
            }
        }
        return outcomes;
    }

    public Task<bool> RenewAsync(Guid incarnation, TimeSpan timeToLive) => Mutation != Mutation.RenewExpiredSession
        ? store.RenewSessionAsync(incarnation, timeToLive, CancellationToken.None)
        : store.Executor.WriteAsync(
            sql => sql.Execute(
                $"UPDATE sessions SET expires_at = {sql.Dialect.Now} + @ttl WHERE incarnation = @incarnation",
                ("@ttl", (long)timeToLive.TotalMilliseconds), ("@incarnation", incarnation)) == 1,
            CancellationToken.None);

    public Task<Lease?> TakeAsync(TopicPartition partition, Guid incarnation, Guid? nodeLog, long? observedEpoch) => Mutation != Mutation.KeepTheEpoch
        ? store.TakeLeaseAsync(partition, incarnation, nodeLog, observedEpoch, CancellationToken.None)
        : store.Executor.WriteAsync(
            sql =>
            {
                Lease? taken = LeaseSql.TakeOne(sql, partition, incarnation, nodeLog, observedEpoch);
                if (taken is not null)
                {
                    taken = taken with { Epoch = taken.Epoch - 1 };
                    sql.Execute(
                        $"UPDATE partition_leases SET epoch = @epoch {OnePartition}",
                        ("@epoch", taken.Epoch), ("@topic", partition.Topic.Value), ("@partition", partition.Partition));
                }
                return taken;
            },
            CancellationToken.None);

    public Task DeleteAsync(TopicId topic) => Mutation != Mutation.KeepLeasesOfDeletedTopic
        ? store.DeleteTopicAsync(topic, CancellationToken.None)
        : store.Executor.WriteAsync(
            sql =>
            {
                List<(int Partition, LeaseFence Fence)> before = sql.Query(
                    "SELECT partition, epoch, holder, end_offset FROM partition_leases WHERE topic_id = @topic",
                    row => (row.Int(0), new LeaseFence(row.Long(1), row.GuidOrNull(2), row.Long(3))), ("@topic", topic.Value));
                TopicSql.Delete(sql, topic);
                before.ForEach(lease => Set(sql, new TopicPartition(topic, lease.Partition), lease.Fence));
                return true;
            },
            CancellationToken.None);

    public Task<int> PruneAsync(int limit) =>
        Mutation == Mutation.KeepObjectsOfDeletedTopic ? Task.FromResult(0) : store.PruneAsync(limit, CancellationToken.None);

    private bool IsLetThrough(ObjectCommit commit, TopicPartition partition) => Mutation switch
    {
        Mutation.SkipTheFence => true,
        Mutation.CommitAfterFencedSlice => _fenced.TryGetValue((commit.Holder, partition), out Guid fenced) && fenced != commit.ObjectId,
        _ => false,
    };

    // The transaction itself, on rows that fit: its conditions are met whoever leads. Where the slice begins still counts, except behind a fenced one.
    private SliceOutcome[] CommitUnfenced(SqlSession sql, ObjectCommit commit, HashSet<TopicPartition> unfenced)
    {
        SliceCommit[] slices = [.. commit.Slices.Where(s => unfenced.Contains(s.Partition))];
        List<LeaseFence>[] before = Array.ConvertAll(slices, s => sql.Query(
            $"SELECT epoch, holder, end_offset FROM partition_leases {OnePartition}",
            row => new LeaseFence(row.Long(0), row.GuidOrNull(1), row.Long(2)), ("@topic", s.Partition.Topic.Value), ("@partition", s.Partition.Partition)));
        for (int i = 0; i < slices.Length; i++)
        {
            if (before[i] is [LeaseFence fence])
            {
                Set(sql, slices[i].Partition, new LeaseFence(
                    slices[i].Epoch, commit.Holder, Mutation == Mutation.CommitAfterFencedSlice ? slices[i].BaseOffset : fence.End));
            }
        }
        SliceOutcome[] outcomes = CommitSql.Commit(sql, commit);
        for (int i = 0; i < slices.Length; i++)
        {
            if (before[i] is [LeaseFence fence])
            {
                bool committed = outcomes[commit.Slices.ToList().IndexOf(slices[i])] == SliceOutcome.Committed;
                Set(sql, slices[i].Partition, fence with { End = committed ? slices[i].EndOffset : fence.End });
            }
        }
        return outcomes;
    }

    private static void Set(SqlSession sql, TopicPartition partition, LeaseFence fence) => sql.Execute(
        $"UPDATE partition_leases SET epoch = @epoch, holder = @holder, end_offset = @end {OnePartition}",
        ("@epoch", fence.Epoch), ("@holder", fence.Holder), ("@end", fence.End), ("@topic", partition.Topic.Value), ("@partition", partition.Partition));

    private readonly record struct LeaseFence(long Epoch, Guid? Holder, long End);
}
