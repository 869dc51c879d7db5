using Google.Protobuf;
using StreamHouse.Broker;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;
using StreamHouse.Rpc.V1;

namespace StreamHouse.Server.Grpc.Admin;

/// <summary>The broker's descriptions as messages.</summary>
internal static class AdminMessages
{
    public static Topic Of(TopicDescription topic)
    {
        Topic message = new()
        {
            Id = ByteString.CopyFrom(topic.Id.Value.ToByteArray(bigEndian: true)),
            Name = topic.Name,
            Partitions = topic.Partitions,
            Durability = topic.Durability switch
            {
                Durability.Local => TopicDurability.Local,
                Durability.Object => TopicDurability.Object,
                _ => throw new InvalidOperationException($"{topic.Durability} is not a durability."),
            },
            CreatedMs = topic.CreatedAt.ToUnixTimeMilliseconds(),
        };
        foreach ((string name, string value) in topic.Config.Overrides)
        {
            message.Configs.Add(name, value);
        }
        return message;
    }

    public static PartitionState Of(PartitionStatus partition, string leader) => new()
    {
        Partition = partition.Partition.Partition,
        LeaderEpoch = partition.LeaderEpoch,
        LogStartOffset = partition.LogStartOffset,
        TieredEndOffset = partition.TieredEndOffset,
        HighWatermark = partition.HighWatermark,
        LogEndOffset = partition.LogEndOffset,
        Leader = partition.Online ? leader : "",
    };

    public static Segment Of(SegmentRow row) => new()
    {
        Partition = row.Partition.Partition,
        BaseOffset = row.BaseOffset,
        EndOffset = row.EndOffset,
        Epoch = row.Epoch,
        ObjectKey = row.Key,
        Position = row.Position,
        Length = row.Length,
        Records = row.Records,
        MaxTimestampMs = row.MaxTimestamp,
    };

    /// <exception cref="BrokerException"><see cref="BrokerErrorCode.InvalidRequest"/> for what this server does not have.</exception>
    public static Durability? DurabilityOf(TopicDurability durability) => durability switch
    {
        TopicDurability.Default => null,
        TopicDurability.Local => Durability.Local,
        TopicDurability.Object => Durability.Object,
        _ => throw new BrokerException(BrokerErrorCode.InvalidRequest, $"Durability {durability} is not supported; use local or object."),
    };
}
