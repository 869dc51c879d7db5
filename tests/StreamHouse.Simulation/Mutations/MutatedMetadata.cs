using StreamHouse.Broker.Metadata;
using StreamHouse.Simulation.World.Objects;

namespace StreamHouse.Simulation.Mutations;

/// <summary>The metadata's part of <see cref="Mutation"/>.</summary>
internal sealed class MutatedMetadata(SimBucket bucket)
{
    private readonly HashSet<Guid> _tried = [];

    /// <summary>What is broken.</summary>
    public Mutation Mutation { get; set; }

    public Task<IReadOnlyList<SliceOutcome>> CommitAsync(IMetadataStore store, ObjectCommit commit) => Mutation switch
    {
        Mutation.SkipTheFence => CommitWithoutFenceAsync(store, commit),
        Mutation.RetryCommitUnderNewId when !_tried.Add(commit.ObjectId) =>
            store.CommitAsync(commit with { ObjectId = new Guid(commit.ObjectId.ToByteArray().Reverse().ToArray()) }, CancellationToken.None),
        Mutation.TrimBeforeCommit => Task.FromResult((IReadOnlyList<SliceOutcome>)[.. commit.Slices.Select(_ => SliceOutcome.Committed)]),
        _ => store.CommitAsync(commit, CancellationToken.None),
    };

    public async Task<bool> RenewAsync(IMetadataStore store, Guid incarnation, TimeSpan timeToLive) =>
        await store.RenewSessionAsync(incarnation, timeToLive, CancellationToken.None) || Mutation == Mutation.RenewExpiredSession;

    public async Task<Lease?> TakeAsync(Task<Lease?> taking) =>
        await taking is { } taken && Mutation == Mutation.KeepTheEpoch ? taken with { Epoch = taken.Epoch - 1 } : await taking;

    public Task<bool> TombstoneAsync(IMetadataStore store, Guid objectId, string key, long bytes)
    {
        if (Mutation == Mutation.CollectWithoutTombstone)
        {
            bucket.Delete(key);
            return Task.FromResult(true);
        }
        return store.TombstoneAsync(objectId, key, bytes, CancellationToken.None);
    }

    private static async Task<IReadOnlyList<SliceOutcome>> CommitWithoutFenceAsync(IMetadataStore store, ObjectCommit commit)
    {
        Dictionary<Broker.Topics.TopicPartition, Lease> leases = (await store.ListLeasesAsync(CancellationToken.None)).ToDictionary(l => l.Partition);
        if (!commit.Slices.All(s => leases.ContainsKey(s.Partition)) || leases[commit.Slices[0].Partition].Holder is not { } holder)
        {
            return await store.CommitAsync(commit, CancellationToken.None);
        }
        return await store.CommitAsync(
            commit with { Holder = holder, Slices = [.. commit.Slices.Select(s => s with { Epoch = leases[s.Partition].Epoch })] }, CancellationToken.None);
    }
}
