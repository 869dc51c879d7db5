using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Broker.Groups;

/// <summary>Committed offsets of consumer groups.</summary>
/// <param name="store">Where they are kept.</param>
/// <param name="check">Whether a partition exists: none, <see cref="BrokerErrorCode.UnknownTopic"/> or <see cref="BrokerErrorCode.UnknownPartition"/>.</param>
/// <param name="options">Limits.</param>
/// <param name="clock">Stamps commits.</param>
internal sealed class GroupOffsets(IGroupOffsetStore store, Func<TopicPartition, BrokerErrorCode> check, GroupOptions options, TimeProvider clock)
{
    /// <summary>See <see cref="IGroupCoordinator.CommitOffsetsAsync"/>.</summary>
    public async Task<IReadOnlyList<BrokerErrorCode>> CommitAsync(string group, IReadOnlyList<OffsetCommit> commits, CancellationToken ct)
    {
        if (!GroupName.IsValid(group))
        {
            return All(commits.Count, BrokerErrorCode.InvalidGroupId);
        }
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
        try
        {
            IReadOnlyList<bool> stored = valid.Count == 0 ? [] : await StorageFaults.TranslateAsync(() => store.CommitOffsetsAsync(group, valid, ct));
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
            return All(commits.Count, e.Code);
        }
    }

    /// <summary>See <see cref="IGroupCoordinator.FetchOffsetsAsync"/>.</summary>
    public async Task<IReadOnlyList<GroupOffset>> FetchAsync(string group, IReadOnlyCollection<TopicPartition>? partitions, CancellationToken ct)
    {
        GroupName.ThrowIfInvalid(group);
        IReadOnlyList<GroupOffset> all = await StorageFaults.TranslateAsync(() => store.FetchOffsetsAsync(group, ct));
        if (partitions is null)
        {
            return all;
        }
        HashSet<TopicPartition> wanted = [.. partitions];
        return [.. all.Where(o => wanted.Contains(o.Partition))];
    }

    /// <summary>See <see cref="IGroupCoordinator.DeleteOffsetsAsync"/>.</summary>
    public async Task<IReadOnlyList<BrokerErrorCode>> DeleteAsync(string group, IReadOnlyList<TopicPartition> partitions, CancellationToken ct)
    {
        if ((await FetchAsync(group, null, ct)).Count == 0)
        {
            return All(partitions.Count, BrokerErrorCode.GroupNotFound);
        }
        await StorageFaults.TranslateAsync(async () =>
        {
            await store.DeleteOffsetsAsync(group, partitions, ct);
            return true;
        });
        return All(partitions.Count, BrokerErrorCode.None);
    }

    /// <summary>Groups with committed offsets, in name order.</summary>
    public Task<IReadOnlyList<string>> ListGroupsAsync(CancellationToken ct) => StorageFaults.TranslateAsync(() => store.ListGroupsAsync(ct));

    /// <summary>Removes a group's offsets; false when it had none.</summary>
    public async Task<bool> DeleteGroupAsync(string group, CancellationToken ct)
    {
        bool known = (await FetchAsync(group, null, ct)).Count > 0;
        return known && await StorageFaults.TranslateAsync(async () =>
        {
            await store.DeleteOffsetsAsync(group, null, ct);
            return true;
        });
    }

    private static BrokerErrorCode[] All(int count, BrokerErrorCode code)
    {
        BrokerErrorCode[] codes = new BrokerErrorCode[count];
        Array.Fill(codes, code);
        return codes;
    }

    private BrokerErrorCode Check(OffsetCommit commit)
    {
        BrokerErrorCode known = check(commit.Partition);
        if (known != BrokerErrorCode.None)
        {
            return known;
        }
        if (commit.Offset < 0 || commit.LeaderEpoch < -1)
        {
            return BrokerErrorCode.InvalidRequest;
        }
        return commit.Metadata?.Length > options.OffsetMetadataLengthMax ? BrokerErrorCode.OffsetMetadataTooLarge : BrokerErrorCode.None;
    }
}
