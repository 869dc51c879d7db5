using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Broker.Groups;

/// <summary>Committed offsets of consumer groups, whoever may change them.</summary>
/// <param name="store">Where they are kept.</param>
/// <param name="findTopic">Live topics.</param>
/// <param name="options">Limits.</param>
/// <param name="clock">Stamps commits.</param>
internal sealed class GroupOffsets(IGroupStore store, Func<TopicId, TopicDescription?> findTopic, GroupOptions options, TimeProvider clock)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Task> _inFlight = new(StringComparer.Ordinal);
    private int _pendingOffsets;

    /// <summary>Offsets accepted and not yet stored.</summary>
    public int Pending => Volatile.Read(ref _pendingOffsets);

    /// <summary>The same outcome for each of several.</summary>
    public static BrokerErrorCode[] All(int count, BrokerErrorCode code)
    {
        BrokerErrorCode[] codes = new BrokerErrorCode[count];
        Array.Fill(codes, code);
        return codes;
    }

    /// <summary>Accepts offsets before it returns; they are durable when the task ends.</summary>
    public Task<IReadOnlyList<BrokerErrorCode>> CommitAsync(string group, IReadOnlyList<OffsetCommit> commits)
    {
        DateTimeOffset now = clock.GetUtcNow();
        BrokerErrorCode[] outcomes = new BrokerErrorCode[commits.Count];
        List<GroupOffset> valid = new(commits.Count);
        for (int i = 0; i < outcomes.Length; i++)
        {
            OffsetCommit commit = commits[i];
            outcomes[i] = Check(commit);
            if (outcomes[i] == BrokerErrorCode.None)
            {
                valid.Add(new GroupOffset(commit.Partition, commit.Offset, commit.LeaderEpoch, commit.Metadata, now));
            }
        }
        if (valid.Count == 0)
        {
            return Task.FromResult<IReadOnlyList<BrokerErrorCode>>(outcomes);
        }
        TaskCompletionSource stored = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Task? before;
        lock (_lock)
        {
            if (_pendingOffsets + valid.Count > options.PendingOffsetsMax)
            {
                return Task.FromResult<IReadOnlyList<BrokerErrorCode>>(All(outcomes.Length, BrokerErrorCode.Overloaded));
            }
            _pendingOffsets += valid.Count;
            before = _inFlight.GetValueOrDefault(group);
            _inFlight[group] = stored.Task;
        }
        if (options.Break == EngineBreak.LoseGroupCommit)
        {
            _ = StoreAsync(group, [.. outcomes], valid, before, stored);
            return Task.FromResult<IReadOnlyList<BrokerErrorCode>>(outcomes);
        }
        return StoreAsync(group, outcomes, valid, before, stored);
    }

    /// <summary>See <see cref="IGroupCoordinator.FetchOffsetsAsync"/>.</summary>
    public async Task<IReadOnlyList<GroupOffset>> FetchAsync(string group, IReadOnlyCollection<TopicPartition>? partitions, CancellationToken ct)
    {
        GroupName.ThrowIfInvalid(group);

        // A partition's new owner must begin after what its former owner committed, also when that is still on its way to the store.
        Task? inFlight;
        lock (_lock)
        {
            inFlight = _inFlight.GetValueOrDefault(group);
        }
        if (inFlight is not null)
        {
            await inFlight;
        }
        IReadOnlyList<GroupOffset> all = await StorageFaults.TranslateAsync(() => store.FetchOffsetsAsync(group, ct));
        if (partitions is null)
        {
            return all;
        }
        HashSet<TopicPartition> wanted = [.. partitions];
        return [.. all.Where(o => wanted.Contains(o.Partition))];
    }

    /// <summary>Removes offsets, except those of topics that members subscribe to.</summary>
    /// <param name="group">The group.</param>
    /// <param name="partitions">Whose.</param>
    /// <param name="subscribed">Names of the topics to keep.</param>
    /// <param name="ct">Ends the wait.</param>
    public async Task<IReadOnlyList<BrokerErrorCode>> DeleteAsync(
        string group, IReadOnlyList<TopicPartition> partitions, HashSet<string> subscribed, CancellationToken ct)
    {
        BrokerErrorCode[] outcomes = new BrokerErrorCode[partitions.Count];
        List<TopicPartition> free = new(partitions.Count);
        for (int i = 0; i < outcomes.Length; i++)
        {
            if (findTopic(partitions[i].Topic) is { } topic && subscribed.Contains(topic.Name))
            {
                outcomes[i] = BrokerErrorCode.GroupSubscribedToTopic;
            }
            else
            {
                free.Add(partitions[i]);
            }
        }
        if (free.Count > 0)
        {
            await StorageFaults.TranslateAsync(async () =>
            {
                await store.DeleteOffsetsAsync(group, free, ct);
                return true;
            });
        }
        return outcomes;
    }

    private async Task<IReadOnlyList<BrokerErrorCode>> StoreAsync(
        string group, BrokerErrorCode[] outcomes, List<GroupOffset> valid, Task? before, TaskCompletionSource done)
    {
        try
        {
            // Called before anything is awaited: the store keeps the order of the calls. A caller that goes away does not stop it.
            IReadOnlyList<bool> stored = await StorageFaults.TranslateAsync(() => store.CommitOffsetsAsync(group, valid, CancellationToken.None));
            for (int i = 0, next = 0; i < outcomes.Length; i++)
            {
                // Only a deletion while the commit was on its way leads here.
                if (outcomes[i] == BrokerErrorCode.None && !stored[next++])
                {
                    outcomes[i] = BrokerErrorCode.UnknownTopic;
                }
            }
            return outcomes;
        }
        catch (BrokerException e)
        {
            return All(outcomes.Length, e.Code);
        }
        finally
        {
            if (before is not null)
            {
                await before;
            }
            lock (_lock)
            {
                _pendingOffsets -= valid.Count;
                if (_inFlight.GetValueOrDefault(group) == done.Task)
                {
                    _inFlight.Remove(group);
                }
            }
            done.SetResult();
        }
    }

    private BrokerErrorCode Check(OffsetCommit commit)
    {
        if (findTopic(commit.Partition.Topic) is not { } topic)
        {
            return BrokerErrorCode.UnknownTopic;
        }
        if (commit.Partition.Partition < 0 || commit.Partition.Partition >= topic.Partitions)
        {
            return BrokerErrorCode.UnknownPartition;
        }
        if (commit.Offset < 0 || commit.LeaderEpoch < -1)
        {
            return BrokerErrorCode.InvalidRequest;
        }
        return commit.Metadata?.Length > options.OffsetMetadataLengthMax ? BrokerErrorCode.OffsetMetadataTooLarge : BrokerErrorCode.None;
    }
}
