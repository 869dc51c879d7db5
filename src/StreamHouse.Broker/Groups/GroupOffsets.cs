using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Broker.Groups;

/// <summary>Committed offsets of consumer groups.</summary>
internal sealed class GroupOffsets(IGroupOffsetStore store, TopicCatalog catalog)
{
    /// <summary>Longest text a committer may leave with an offset, in characters.</summary>
    private const int MetadataLengthMax = 4096;

    /// <summary>See <see cref="IBroker.CommitOffsetsAsync"/>.</summary>
    public async Task<IReadOnlyList<BrokerErrorCode>> CommitAsync(string group, IReadOnlyList<GroupOffset> offsets, CancellationToken ct)
    {
        ThrowIfInvalid(group);
        BrokerErrorCode[] outcomes = new BrokerErrorCode[offsets.Count];
        List<GroupOffset> valid = new(offsets.Count);
        for (int i = 0; i < outcomes.Length; i++)
        {
            outcomes[i] = Check(offsets[i]);
            if (outcomes[i] == BrokerErrorCode.None)
            {
                valid.Add(offsets[i]);
            }
        }
        IReadOnlyList<bool> stored = valid.Count == 0 ? [] : await store.CommitOffsetsAsync(group, valid, ct);
        for (int i = 0, next = 0; i < outcomes.Length; i++)
        {
            if (outcomes[i] == BrokerErrorCode.None && !stored[next++])
            {
                outcomes[i] = BrokerErrorCode.UnknownTopic;
            }
        }
        return outcomes;
    }

    /// <summary>See <see cref="IBroker.FetchOffsetsAsync"/>.</summary>
    public Task<IReadOnlyList<GroupOffset>> FetchAsync(string group, CancellationToken ct)
    {
        ThrowIfInvalid(group);
        return store.FetchOffsetsAsync(group, ct);
    }

    private BrokerErrorCode Check(GroupOffset offset)
    {
        if (catalog.Find(offset.Partition.Topic) is null)
        {
            return BrokerErrorCode.UnknownTopic;
        }
        if (catalog.Find(offset.Partition) is null)
        {
            return BrokerErrorCode.UnknownPartition;
        }
        return offset.Offset < 0 || offset.Metadata?.Length > MetadataLengthMax ? BrokerErrorCode.InvalidRequest : BrokerErrorCode.None;
    }

    private static void ThrowIfInvalid(string group)
    {
        if (string.IsNullOrEmpty(group) || group.Length > TopicName.LengthMax)
        {
            throw new BrokerException(BrokerErrorCode.InvalidRequest, $"A group name has 1 to {TopicName.LengthMax} characters.");
        }
    }
}
