using System.Globalization;
using StreamHouse.Broker;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Server.Kafka.Configs;

/// <summary>This server's settings under the names that Kafka's tools ask for. None can be changed while it runs.</summary>
internal sealed class BrokerSettings(BrokerOptions broker, KafkaOptions kafka)
{
    // The release whose protocol is nearest to what is served; tools derive from it what they may use.
    private const string ProtocolVersion = "3.7-IV4";

    /// <summary>All of them, in name order.</summary>
    public IReadOnlyList<SettingInfo> All { get; } = [.. List(broker, kafka).OrderBy(s => s.Name, StringComparer.Ordinal)];

    private static IEnumerable<SettingInfo> List(BrokerOptions broker, KafkaOptions kafka)
    {
        foreach ((string name, string value) in TopicConfig.Default.Effective().Concat(TopicSetting.All.Where(s => s.Only is not null).Select(s => KeyValuePair.Create(s.Name, s.Only!))))
        {
            if (TopicSetting.Find(name) is { BrokerName: { } brokerName } setting)
            {
                yield return Of(brokerName, setting.Type, value, "Default of topics. " + setting.Documentation);
            }
        }
        yield return Of("advertised.listeners", SettingType.String, kafka.AdvertisedListeners, "Addresses that clients are told (Kafka:AdvertisedListeners).", SettingSource.BrokerFile);
        yield return Of("auto.create.topics.enable", SettingType.Boolean, kafka.AutoCreateTopics ? "true" : "false", "Whether topics are created on first use (Kafka:AutoCreateTopics).");
        yield return Of("broker.id", SettingType.Int, Text(kafka.NodeId), "Number of this server (Kafka:NodeId).", SettingSource.BrokerFile);
        yield return Of("connections.max.idle.ms", SettingType.Long, Ms(kafka.IdleTimeout), "Time without requests after which a connection is closed (Kafka:IdleTimeout).");
        yield return Of("default.replication.factor", SettingType.Int, "1", "The object store replicates, and each partition has one broker.");
        yield return Of("delete.topic.enable", SettingType.Boolean, "true", "Whether topics can be deleted.");
        yield return Of("group.initial.rebalance.delay.ms", SettingType.Int, Ms(broker.Groups.InitialRebalanceDelay), "How long a new group waits for members (Groups:InitialRebalanceDelay).");
        yield return Of("group.max.session.timeout.ms", SettingType.Int, Ms(broker.Groups.SessionTimeoutMax), "Longest session timeout (Groups:SessionTimeoutMax).");
        yield return Of("group.max.size", SettingType.Int, Text(broker.Groups.MembersMax), "Members of one group at most (Groups:MembersMax).");
        yield return Of("group.min.session.timeout.ms", SettingType.Int, Ms(broker.Groups.SessionTimeoutMin), "Shortest session timeout (Groups:SessionTimeoutMin).");
        yield return Of("inter.broker.protocol.version", SettingType.String, ProtocolVersion, "The release of Kafka whose protocol is nearest to what is served.");
        yield return Of("log.message.format.version", SettingType.String, ProtocolVersion, "Record batches have format 2.");
        yield return Of("log.retention.hours", SettingType.Int, Text(TopicConfig.Default.RetentionMs / 3_600_000), "Default of topics; log.retention.ms in hours.");
        yield return Of("node.id", SettingType.Int, Text(kafka.NodeId), "Number of this server (Kafka:NodeId).", SettingSource.BrokerFile);
        yield return Of("num.partitions", SettingType.Int, Text(broker.Topics.PartitionsDefault), "Partitions of a topic created without a number (Topics:PartitionsDefault).");
        yield return Of("offset.metadata.max.bytes", SettingType.Int, Text(broker.Groups.OffsetMetadataLengthMax), "Longest text with a committed offset (Groups:OffsetMetadataLengthMax).");
        yield return Of("offsets.retention.check.interval.ms", SettingType.Long, Ms(broker.Groups.OffsetsCheckInterval), "How often expired offsets are looked for (Groups:OffsetsCheckInterval).");
        yield return Of("offsets.retention.minutes", SettingType.Int, Text((long)broker.Groups.OffsetsRetention.TotalMinutes), "How long offsets of groups without members are kept (Groups:OffsetsRetention).");
        yield return Of("offsets.topic.replication.factor", SettingType.Short, "1", "Offsets are kept in the metadata store.");
        yield return Of("socket.request.max.bytes", SettingType.Int, Text(kafka.RequestBytesMax), "Largest request (Kafka:RequestBytesMax).");
    }

    private static SettingInfo Of(string name, SettingType type, string value, string documentation, SettingSource source = SettingSource.Default) =>
        new(name, value, type, source, ReadOnly: true, documentation, [new SettingSynonym(name, value, source)]);

    private static string Ms(TimeSpan time) => Text((long)time.TotalMilliseconds);

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
