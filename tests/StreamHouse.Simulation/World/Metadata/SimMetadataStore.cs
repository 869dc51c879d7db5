using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;
using StreamHouse.Simulation.Kernel;

namespace StreamHouse.Simulation.World.Metadata;

/// <summary>
/// One process's connection to the real SQL store, with everything that can happen between the two. The store itself commits or refuses at
/// one moment of virtual time; what the caller learns of it, and when, is another matter.
/// </summary>
/// <param name="database">The store.</param>
/// <param name="process">Whose connection.</param>
/// <param name="embedded">The store runs in the process itself, as SQLite does in a unified server: what it has not done when the process dies is never done.</param>
internal sealed class SimMetadataStore(SimDatabase database, SimProcess process, bool embedded = false) : IMetadataStore
{
    private TimeSpan _lastOffsetCommit;

    public Task<IReadOnlyList<bool>> CommitOffsetsAsync(string group, IReadOnlyList<GroupOffset> offsets, CancellationToken ct) =>
        CallAsync(nameof(CommitOffsetsAsync), s => s.CommitOffsetsAsync(group, offsets, ct), ct);

    public Task<IReadOnlyList<GroupOffset>> FetchOffsetsAsync(string group, CancellationToken ct) =>
        CallAsync(nameof(FetchOffsetsAsync), s => s.FetchOffsetsAsync(group, ct), ct);

    public Task DeleteOffsetsAsync(string group, IReadOnlyCollection<TopicPartition> partitions, CancellationToken ct) =>
        CallAsync(nameof(DeleteOffsetsAsync), s => s.DeleteOffsetsAsync(group, partitions, ct), ct);

    public Task<StoredGroup?> FindGroupAsync(string group, CancellationToken ct) =>
        CallAsync(nameof(FindGroupAsync), s => s.FindGroupAsync(group, ct), ct);

    public Task<IReadOnlyList<StoredGroup>> ListGroupsAsync(CancellationToken ct) =>
        CallAsync(nameof(ListGroupsAsync), s => s.ListGroupsAsync(ct), ct);

    public Task SaveGenerationAsync(string group, int generation, string protocolType, CancellationToken ct) =>
        CallAsync(nameof(SaveGenerationAsync), s => s.SaveGenerationAsync(group, generation, protocolType, ct), ct);

    public Task SetEmptiedAsync(string group, DateTimeOffset? emptiedAt, CancellationToken ct) =>
        CallAsync(nameof(SetEmptiedAsync), s => s.SetEmptiedAsync(group, emptiedAt, ct), ct);

    public Task<int> ExpireAsync(string group, DateTimeOffset before, CancellationToken ct) =>
        CallAsync(nameof(ExpireAsync), s => s.ExpireAsync(group, before, ct), ct);

    public Task<bool> DeleteGroupAsync(string group, CancellationToken ct) =>
        CallAsync(nameof(DeleteGroupAsync), s => s.DeleteGroupAsync(group, ct), ct);

    public Task RegisterSessionAsync(Session session, TimeSpan? timeToLive, CancellationToken ct) =>
        CallAsync(nameof(RegisterSessionAsync), s => s.RegisterSessionAsync(session, timeToLive, ct), ct, (session.Incarnation, timeToLive));

    public Task<bool> RenewSessionAsync(Guid incarnation, TimeSpan timeToLive, CancellationToken ct) =>
        CallAsync(nameof(RenewSessionAsync), _ => database.Mutated.RenewAsync(incarnation, timeToLive), ct, (incarnation, (TimeSpan?)timeToLive));

    public Task CloseSessionAsync(Guid incarnation, CancellationToken ct) =>
        CallAsync(nameof(CloseSessionAsync), s => s.CloseSessionAsync(incarnation, ct), ct, incarnation);

    public Task<IReadOnlyList<Lease>> TakeAllLeasesAsync(Guid incarnation, Guid nodeLog, CancellationToken ct) =>
        CallAsync(nameof(TakeAllLeasesAsync), s => s.TakeAllLeasesAsync(incarnation, nodeLog, ct), ct);

    public Task<IReadOnlyList<Lease>> TakeTopicLeasesAsync(TopicId topic, Guid incarnation, Guid? nodeLog, CancellationToken ct) =>
        CallAsync(nameof(TakeTopicLeasesAsync), s => s.TakeTopicLeasesAsync(topic, incarnation, nodeLog, ct), ct);

    public Task<Lease?> TakeLeaseAsync(TopicPartition partition, Guid incarnation, Guid? nodeLog, long? observedEpoch, CancellationToken ct) =>
        CallAsync(nameof(TakeLeaseAsync), _ => database.Mutated.TakeAsync(partition, incarnation, nodeLog, observedEpoch), ct);

    public Task<IReadOnlyList<TopicPartition>> ListFreeLeasesAsync(CancellationToken ct) =>
        CallAsync(nameof(ListFreeLeasesAsync), s => s.ListFreeLeasesAsync(ct), ct);

    public Task<bool> ReleaseLeaseAsync(TopicPartition partition, Guid incarnation, long epoch, CancellationToken ct) =>
        CallAsync(nameof(ReleaseLeaseAsync), s => s.ReleaseLeaseAsync(partition, incarnation, epoch, ct), ct);

    public Task<IReadOnlyList<Lease>> ReadLeasesAsync(IReadOnlyCollection<TopicPartition> partitions, CancellationToken ct) =>
        CallAsync(nameof(ReadLeasesAsync), s => s.ReadLeasesAsync(partitions, ct), ct);

    public Task<IReadOnlyList<Lease>> ListLeasesAsync(CancellationToken ct) =>
        CallAsync(nameof(ListLeasesAsync), s => s.ListLeasesAsync(ct), ct);

    public Task<IReadOnlyList<DeletedGroup>> ListDeletedGroupsAsync(CancellationToken ct) =>
        CallAsync(nameof(ListDeletedGroupsAsync), s => s.ListDeletedGroupsAsync(ct), ct);

    public Task ForgetDeletedGroupsAsync(IReadOnlyList<long> groups, CancellationToken ct) =>
        CallAsync(nameof(ForgetDeletedGroupsAsync), s => s.ForgetDeletedGroupsAsync(groups, ct), ct);

    public Task<IReadOnlyList<SliceOutcome>> CommitAsync(ObjectCommit commit, CancellationToken ct) =>
        CallAsync(nameof(CommitAsync), _ => database.Mutated.CommitAsync(commit), ct, commit);

    public Task<IReadOnlyList<SegmentRow>> ListSegmentsAsync(TopicPartition partition, long fromOffset, int limit, CancellationToken ct) =>
        CallAsync(nameof(ListSegmentsAsync), s => s.ListSegmentsAsync(partition, fromOffset, limit, ct), ct);

    public Task<IReadOnlyDictionary<TopicPartition, long>> ReadSliceBytesAsync(CancellationToken ct) =>
        CallAsync(nameof(ReadSliceBytesAsync), s => s.ReadSliceBytesAsync(ct), ct);

    public Task<SegmentRow?> FindLastSegmentAsync(TopicPartition partition, CancellationToken ct) =>
        CallAsync(nameof(FindLastSegmentAsync), s => s.FindLastSegmentAsync(partition, ct), ct);

    public Task<IReadOnlyList<LeaderEpochRow>> ListLeaderEpochsAsync(TopicPartition partition, CancellationToken ct) =>
        CallAsync(nameof(ListLeaderEpochsAsync), s => s.ListLeaderEpochsAsync(partition, ct), ct);

    public Task<long?> AdvanceLogStartAsync(TopicPartition partition, Guid holder, long epoch, long logStart, CancellationToken ct) =>
        CallAsync(nameof(AdvanceLogStartAsync), s => s.AdvanceLogStartAsync(partition, holder, epoch, logStart, ct), ct);

    public Task<int> PruneAsync(int limit, CancellationToken ct) =>
        CallAsync(nameof(PruneAsync), _ => database.Mutated.PruneAsync(limit), ct);

    public Task<IReadOnlySet<Guid>> FilterKnownAsync(IReadOnlyCollection<Guid> objectIds, CancellationToken ct) =>
        CallAsync(nameof(FilterKnownAsync), s => s.FilterKnownAsync(objectIds, ct), ct);

    public Task<IReadOnlyList<PartitionKnowledge>> ReadKnowledgeAsync(IReadOnlyCollection<TopicPartition> partitions, CancellationToken ct) =>
        CallAsync(nameof(ReadKnowledgeAsync), s => s.ReadKnowledgeAsync(partitions, ct), ct);

    public Task<long> CountPendingDeletesAsync(CancellationToken ct) =>
        CallAsync(nameof(CountPendingDeletesAsync), s => s.CountPendingDeletesAsync(ct), ct);

    public Task<long> CountObjectsAsync(CancellationToken ct) =>
        CallAsync(nameof(CountObjectsAsync), s => s.CountObjectsAsync(ct), ct);

    public Task<bool> TombstoneAsync(Guid objectId, string key, long bytes, CancellationToken ct) =>
        CallAsync(nameof(TombstoneAsync), s => s.TombstoneAsync(objectId, key, bytes, ct), ct);

    public Task<IReadOnlyList<PendingObject>> ListPendingDeletesAsync(TimeSpan age, int limit, CancellationToken ct) =>
        CallAsync(nameof(ListPendingDeletesAsync), s => s.ListPendingDeletesAsync(age, limit, ct), ct);

    public Task MarkDeletedAsync(IReadOnlyCollection<Guid> objectIds, CancellationToken ct) =>
        CallAsync(nameof(MarkDeletedAsync), s => s.MarkDeletedAsync(objectIds, ct), ct);

    public Task<int> ForgetTombstonesAsync(TimeSpan age, CancellationToken ct) =>
        CallAsync(nameof(ForgetTombstonesAsync), s => s.ForgetTombstonesAsync(age, ct), ct);

    public Task<(Guid ClusterId, bool Created)> GetOrCreateClusterAsync(Guid candidate, CancellationToken ct) =>
        CallAsync(nameof(GetOrCreateClusterAsync), s => s.GetOrCreateClusterAsync(candidate, ct), ct);

    public Task<Exception> Failed { get; } = new TaskCompletionSource<Exception>().Task;

    public Task CheckAsync(CancellationToken ct) =>
        CallAsync(nameof(CheckAsync), s => s.CheckAsync(ct), ct);

    public Task<long> ReadMilestoneAsync(CancellationToken ct) =>
        CallAsync(nameof(ReadMilestoneAsync), s => s.ReadMilestoneAsync(ct), ct);

    public Task<long> RaiseMilestoneAsync(CancellationToken ct) =>
        CallAsync(nameof(RaiseMilestoneAsync), s => s.RaiseMilestoneAsync(ct), ct);

    public Task AdvancePastAsync(long milestone, CancellationToken ct) =>
        CallAsync(nameof(AdvancePastAsync), s => s.AdvancePastAsync(milestone, ct), ct);

    public Task<long> AllocateProducerIdsAsync(int count, CancellationToken ct) =>
        CallAsync(nameof(AllocateProducerIdsAsync), s => s.AllocateProducerIdsAsync(count, ct), ct);

    public Task CreateTopicAsync(TopicDescription topic, CancellationToken ct) =>
        CallAsync(nameof(CreateTopicAsync), s => s.CreateTopicAsync(topic, ct), ct);

    public Task<IReadOnlyList<TopicDescription>> ListTopicsAsync(CancellationToken ct) =>
        CallAsync(nameof(ListTopicsAsync), s => s.ListTopicsAsync(ct), ct);

    public Task<IReadOnlyList<TopicId>> ListDeletedTopicsAsync(CancellationToken ct) =>
        CallAsync(nameof(ListDeletedTopicsAsync), s => s.ListDeletedTopicsAsync(ct), ct);

    public Task SetTopicConfigAsync(TopicId topic, TopicConfig config, CancellationToken ct) =>
        CallAsync(nameof(SetTopicConfigAsync), s => s.SetTopicConfigAsync(topic, config, ct), ct);

    public Task AddPartitionsAsync(TopicId topic, int partitions, CancellationToken ct) =>
        CallAsync(nameof(AddPartitionsAsync), s => s.AddPartitionsAsync(topic, partitions, ct), ct);

    public Task DeleteTopicAsync(TopicId topic, CancellationToken ct) =>
        CallAsync(nameof(DeleteTopicAsync), _ => database.Mutated.DeleteAsync(topic), ct, topic);

    private async Task CallAsync(string name, Func<IMetadataStore, Task> run, CancellationToken ct, object? argument = null) => await CallAsync(name, async s =>
    {
        await run(s);
        return true;
    }, ct, argument);

    private async Task<T> CallAsync<T>(string name, Func<IMetadataStore, Task<T>> run, CancellationToken ct, object? argument = null)
    {
        ct.ThrowIfCancellationRequested();
        database.Calling?.Invoke(process, name);
        MetadataFaults faults = database.Faults;
        TimeSpan pause = faults.PausedUntil - process.Kernel.Now;
        TimeSpan there = database.Random.Duration(faults.Latency.First, faults.Latency.Last) + (pause > TimeSpan.Zero ? pause : TimeSpan.Zero);
        if (name == nameof(CommitOffsetsAsync))
        {
            // The one thing a store promises about calls at the same time: a group's commits take effect in the order of the calls.
            there = TimeSpan.FromTicks(Math.Max(there.Ticks, (_lastOffsetCommit - process.Kernel.Now).Ticks + 1));
            _lastOffsetCommit = process.Kernel.Now + there;
        }
        bool isCutOff = !embedded && database.CutOff.GetValueOrDefault(process.Name) > process.Kernel.Now;
        bool before = database.Random.Chance(faults.FailsBefore) || isCutOff;
        bool lost = database.Random.Chance(faults.LosesReply);
        Task<T> call = WorldCall.RunAsync(
            process, there,
            () => before
                ? throw new MetadataUnavailableException("The simulated metadata store did nothing.")
                : database.Run(process, name, run, argument),
            there / 4, embedded);
        T result = await Cancellable.WaitAsync(call, ct);
        return lost ? throw new MetadataUnavailableException("The simulated answer of the metadata store was lost.") : result;
    }
}
