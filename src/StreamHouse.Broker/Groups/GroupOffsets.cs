using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Broker.Groups;

/// <summary>Committed offsets of consumer groups, whoever may change them.</summary>
/// <param name="store">Where they are kept.</param>
/// <param name="findTopic">Live topics.</param>
/// <param name="options">Limits.</param>
/// <param name="clock">Stamps commits.</param>
/// <param name="writes">The order of what is stored.</param>
internal sealed class GroupOffsets(
    IGroupStore store, Func<TopicId, TopicDescription?> findTopic, GroupOptions options, TimeProvider clock, GroupWrites writes)
{
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
        if (Interlocked.Add(ref _pendingOffsets, valid.Count) > options.PendingOffsetsMax)
        {
            Interlocked.Add(ref _pendingOffsets, -valid.Count);
            return Task.FromResult<IReadOnlyList<BrokerErrorCode>>(All(outcomes.Length, BrokerErrorCode.Overloaded));
        }
        if (options.Break == EngineBreak.LoseGroupCommit)
        {
            _ = StoreAsync(group, [.. outcomes], valid);
            return Task.FromResult<IReadOnlyList<BrokerErrorCode>>(outcomes);
        }
        return StoreAsync(group, outcomes, valid);
    }

    /// <summary>See <see cref="IGroupCoordinator.FetchOffsetsAsync"/>.</summary>
    public async Task<IReadOnlyList<GroupOffset>> FetchAsync(string group, IReadOnlyCollection<TopicPartition>? partitions, CancellationToken ct)
    {
        GroupName.ThrowIfInvalid(group);

        // A partition's new owner must begin after what its former owner committed, also when that is still on its way to the store.
        await writes.SettledAsync(group);
        IReadOnlyList<GroupOffset> all = await StorageFaults.TranslateAsync(() => store.FetchOffsetsAsync(group, ct));
        if (partitions is null)
        {
            return all;
        }
        HashSet<TopicPartition> wanted = [.. partitions];
        return [.. all.Where(o => wanted.Contains(o.Partition))];
    }

    /// <summary>Removes offsets, except those of topics that members subscribe to. Accepts that before it returns: later commits come after it.</summary>
    /// <param name="group">The group.</param>
    /// <param name="partitions">Whose.</param>
    /// <param name="subscribed">Names of the topics to keep.</param>
    public async Task<IReadOnlyList<BrokerErrorCode>> DeleteAsync(string group, IReadOnlyList<TopicPartition> partitions, HashSet<string> subscribed)
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
            await writes.DeleteAsync(group, () => StorageFaults.TranslateAsync(async () =>
            {
                await store.DeleteOffsetsAsync(group, free, CancellationToken.None);
                return true;
            }));
        }
        return outcomes;
    }

    private async Task<IReadOnlyList<BrokerErrorCode>> StoreAsync(string group, BrokerErrorCode[] outcomes, List<GroupOffset> valid)
    {
        try
        {
            // Called before anything is awaited: the store keeps the order of the calls. A caller that goes away does not stop it.
            IReadOnlyList<bool> stored = await writes.WriteAsync(
                group, () => StorageFaults.TranslateAsync(() => store.CommitOffsetsAsync(group, valid, CancellationToken.None)));
            for (int i = 0, next = 0; i < outcomes.Length; i++)
            {
                // Only a deletion of the topic while the commit was on its way leads here.
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
            Interlocked.Add(ref _pendingOffsets, -valid.Count);
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
