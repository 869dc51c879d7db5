using System.Text;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;
using StreamHouse.Tests.Support;

namespace StreamHouse.Tests.Metadata;

/// <summary>What every metadata store must do. Each port's tests are in their own contract class; this is what they share.</summary>
public abstract class MetadataStoreContract : IAsyncLifetime
{
    private IMetadataStore? _store;

    protected ManualTimeProvider Clock { get; } = new();

    protected IMetadataStore Store => _store!;

    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _store = await OpenAsync();

    public virtual async ValueTask DisposeAsync()
    {
        await ((IAsyncDisposable)Store).DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>A new and empty store that uses <see cref="Clock"/>.</summary>
    protected abstract Task<IMetadataStore> OpenAsync();

    protected static Guid Id(int number)
    {
        byte[] bytes = new byte[16];
        Encoding.ASCII.GetBytes("test").CopyTo(bytes, 0);
        BitConverter.GetBytes(number).CopyTo(bytes, 12);
        return new Guid(bytes);
    }

    protected async Task<TopicDescription> CreateTopicAsync(
        string name = "orders", int partitions = 1, Durability durability = Durability.Local, Guid? id = null)
    {
        TopicDescription topic = new(
            new TopicId(id ?? Guid.NewGuid()), name, partitions, durability, TopicConfig.Default.With("retention.ms", "60000"),
            DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_123));
        await Store.CreateTopicAsync(topic, Ct);
        return topic;
    }

    protected async Task<Lease> TakeAsync(TopicPartition partition, Guid holder) =>
        (await Store.TakeLeaseAsync(partition, holder, null, null, Ct)).ShouldNotBeNull();

    protected async Task<Lease> ReadLeaseAsync(TopicPartition partition) =>
        (await Store.ListLeasesAsync(Ct)).Single(l => l.Partition == partition);

    protected static SliceCommit Slice(TopicPartition partition, long epoch, long from, long to, long maxTimestamp = 1000) =>
        new(partition, epoch, from, to, 64, 500, maxTimestamp, to - from, [new LeaderEpochRow(epoch, from)]);

    protected static ObjectCommit Commit(Guid holder, params SliceCommit[] slices) => Commit(Guid.NewGuid(), holder, slices);

    protected static ObjectCommit Commit(Guid objectId, Guid holder, SliceCommit[] slices) =>
        new(objectId, $"cluster/data/{objectId:D}.seg", 4096, holder, slices);

    /// <summary>A new topic's only partition, led by <c>Id(1)</c>.</summary>
    protected async Task<Lease> LedPartitionAsync() => (await LedPartitionsAsync(1))[0];

    /// <summary>A new topic's partitions, led by <c>Id(1)</c>.</summary>
    protected async Task<Lease[]> LedPartitionsAsync(int partitions)
    {
        TopicDescription topic = await CreateTopicAsync("led", partitions);
        List<Lease> leases = [];
        for (int i = 0; i < partitions; i++)
        {
            leases.Add(await TakeAsync(new(topic.Id, i), Id(1)));
        }
        return [.. leases];
    }

    /// <summary>Commits one object per pair of neighbouring offsets.</summary>
    protected async Task<Guid[]> CommitRunAsync(Lease lease, params long[] offsets)
    {
        List<Guid> objects = [];
        for (int i = 1; i < offsets.Length; i++)
        {
            ObjectCommit commit = Commit(Id(1), Slice(lease.Partition, lease.Epoch, offsets[i - 1], offsets[i]));
            (await Store.CommitAsync(commit, Ct)).ShouldBe([SliceOutcome.Committed]);
            objects.Add(commit.ObjectId);
        }
        return [.. objects];
    }
}
