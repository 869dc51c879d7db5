using Google.Protobuf;
using StreamHouse.Client.Producers;
using StreamHouse.Rpc.V1;

namespace StreamHouse.Client.Administration;

/// <summary>Between the messages and the client's own types.</summary>
internal static class Conversions
{
    public static TopicDurability ToDurability(RecordDurability? durability) => durability switch
    {
        null => TopicDurability.Default,
        RecordDurability.Local => TopicDurability.Local,
        RecordDurability.Quorum => TopicDurability.Quorum,
        RecordDurability.Object => TopicDurability.Object,
        _ => throw new ArgumentOutOfRangeException(nameof(durability), durability, "A topic is local, quorum or object."),
    };

    public static Rpc.V1.ReadConsistency ToConsistency(ReadConsistency consistency) => consistency switch
    {
        ReadConsistency.Strong => Rpc.V1.ReadConsistency.Strong,
        ReadConsistency.Linearizable => Rpc.V1.ReadConsistency.Linearizable,
        _ => throw new ArgumentOutOfRangeException(nameof(consistency), consistency, "Not a level of consistency."),
    };

    public static TopicInfo ToTopic(Topic topic) => new(
        ToGuid(topic.Id),
        topic.Name,
        topic.Partitions,
        topic.Durability switch
        {
            TopicDurability.Local => RecordDurability.Local,
            TopicDurability.Quorum => RecordDurability.Quorum,
            TopicDurability.Object => RecordDurability.Object,
            _ => RecordDurability.Eventual,
        },
        new Dictionary<string, string>(topic.Configs),
        DateTimeOffset.FromUnixTimeMilliseconds(topic.CreatedMs));

    public static TopicDetails ToDetails(GetTopicResponse answer)
    {
        List<PartitionInfo> partitions = new(answer.Partitions.Count);
        foreach (PartitionState state in answer.Partitions)
        {
            partitions.Add(new PartitionInfo(
                state.Partition, state.LeaderEpoch, state.LogStartOffset, state.TieredEndOffset, state.HighWatermark, state.LogEndOffset, state.Leader));
        }
        return new TopicDetails(ToTopic(answer.Topic), new Dictionary<string, string>(answer.EffectiveConfigs), partitions);
    }

    public static StreamHouse.Rpc.V1.GroupOffset ToMessage(GroupOffset offset) => new()
    {
        Topic = offset.Topic,
        Partition = offset.Partition,
        Offset = offset.Offset,
        LeaderEpoch = offset.LeaderEpoch,
        Metadata = offset.Metadata,
    };

    public static GroupOffset FromMessage(StreamHouse.Rpc.V1.GroupOffset offset) => new(offset.Topic, offset.Partition, offset.Offset)
    {
        LeaderEpoch = offset.LeaderEpoch,
        Metadata = offset.Metadata,
        CommittedMs = offset.CommittedMs,
    };

    public static SegmentInfo ToSegment(Segment segment) => new(
        segment.Partition, segment.BaseOffset, segment.EndOffset, segment.Epoch, segment.ObjectKey, segment.Position, segment.Length, segment.Records,
        segment.MaxTimestampMs);

    public static ServerStatus ToStatus(GetStatusResponse status)
    {
        List<ListenerInfo> listeners = new(status.Listeners.Count);
        foreach (Listener listener in status.Listeners)
        {
            listeners.Add(new ListenerInfo(listener.Protocol, listener.Address));
        }
        return new ServerStatus(
            ToGuid(status.ClusterId), status.Version, status.NodeId, TimeSpan.FromMilliseconds(status.UptimeMs), status.Mode, status.Topics,
            status.Partitions, status.NodeLogBytes, status.TailBytes, status.DataDir, status.ObjectStore, listeners);
    }

    public static void Copy(IReadOnlyDictionary<string, string> from, IDictionary<string, string> to)
    {
        foreach ((string key, string value) in from)
        {
            to.Add(key, value);
        }
    }

    private static Guid ToGuid(ByteString bytes) => bytes.Length == 16 ? new Guid(bytes.Span, bigEndian: true) : Guid.Empty;
}
