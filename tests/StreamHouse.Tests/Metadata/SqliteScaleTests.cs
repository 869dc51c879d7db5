using System.Diagnostics;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;
using StreamHouse.Storage.Metadata;

namespace StreamHouse.Tests.Metadata;

/// <summary>Ten thousand partitions in one file. Prints how long each step took; asserts only that it was done.</summary>
public sealed class SqliteScaleTests : IDisposable
{
    private const int Partitions = 10_000;

    private readonly TemporaryMetadataFile _file = new();

    public void Dispose() => _file.Dispose();

    [Fact]
    public async Task Ten_thousand_partitions_are_created_taken_committed_and_pruned()
    {
        CancellationToken ct = TestContext.Current.CancellationToken;
        await using SqlMetadataStore store = await SqlMetadataStore.OpenSqliteAsync(_file.Options, TimeProvider.System, ct);
        TopicDescription topic = new(new TopicId(Guid.NewGuid()), "wide", Partitions, Durability.Local, TopicConfig.Default, DateTimeOffset.UnixEpoch);
        Guid me = Guid.NewGuid();
        Guid nodeLog = Guid.NewGuid();

        await TimedAsync("create the topic", () => store.CreateTopicAsync(topic, ct));
        IReadOnlyList<Lease> leases = [];
        await TimedAsync("take all leases", async () => leases = await store.TakeAllLeasesAsync(me, nodeLog, ct));
        await TimedAsync("take all leases again", async () => leases = await store.TakeAllLeasesAsync(me, nodeLog, ct));
        leases.Count.ShouldBe(Partitions);
        leases.ShouldAllBe(l => l.Epoch == 2);

        for (int i = 0; i < 2; i++)
        {
            ObjectCommit commit = new(Guid.NewGuid(), "key", 1 << 20, me, [.. leases.Select(l =>
                new SliceCommit(l.Partition, l.Epoch, i, i + 1, 64, 100, 1000, 1, [new LeaderEpochRow(l.Epoch, 0)]))]);
            await TimedAsync("commit an object of 10,000 slices", async () => (await store.CommitAsync(commit, ct)).ShouldAllBe(o => o == SliceOutcome.Committed));
            await TimedAsync("commit it again", async () => (await store.CommitAsync(commit, ct)).ShouldAllBe(o => o == SliceOutcome.Committed));
        }
        await TimedAsync("list all leases", async () => (await store.ListLeasesAsync(ct)).ShouldAllBe(l => l.EndOffset == 2));
        await TimedAsync("hold 10,000 slices against the metadata", async () =>
            (await store.ReadKnowledgeAsync([.. leases.Select(l => l.Partition)], ct)).ShouldAllBe(k => k == new PartitionKnowledge(PartitionPresence.Live, Durability.Local, 2, 2)));
        await TimedAsync("delete the topic", () => store.DeleteTopicAsync(topic.Id, ct));
        int pruned = 0;
        await TimedAsync("prune it", async () =>
        {
            for (int removed = 1; removed > 0; pruned += removed)
            {
                removed = await store.PruneAsync(1000, ct);
            }
        });
        pruned.ShouldBe(2 * Partitions);
    }

    private static async Task TimedAsync(string what, Func<Task> step)
    {
        Stopwatch watch = Stopwatch.StartNew();
        await step();
        TestContext.Current.TestOutputHelper!.WriteLine($"{what}: {watch.ElapsedMilliseconds} ms");
    }
}
