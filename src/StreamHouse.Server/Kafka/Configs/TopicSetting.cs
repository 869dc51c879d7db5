namespace StreamHouse.Server.Kafka.Configs;

/// <summary>A setting of topics that Kafka's tools know.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">What kind of value.</param>
/// <param name="BrokerName">The setting of brokers that has the default, or null.</param>
/// <param name="Only">The only value there is here, for settings of things that this server does otherwise; null when topics may choose.</param>
/// <param name="Documentation">What it means, for a person.</param>
internal sealed record TopicSetting(string Name, SettingType Type, string? BrokerName, string? Only, string Documentation)
{
    private const string Never = "9223372036854775807";
    private const string Otherwise = "Fixed: storage here is not laid out in this way.";
    private const string NoCompaction = "Fixed: topics are not compacted.";
    private const string OneReplica = "Fixed: the object store replicates, and each partition has one broker.";

    /// <summary>All of them, in name order.</summary>
    public static IReadOnlyList<TopicSetting> All { get; } =
    [
        new("cleanup.policy", SettingType.List, "log.cleanup.policy", null, "What becomes of old data. Only delete."),
        new("compression.type", SettingType.String, "compression.type", null, "Kept for tools, without effect: batches stay compressed as they came."),
        new("delete.retention.ms", SettingType.Long, "log.cleaner.delete.retention.ms", null, "Kept for tools, without effect: topics are not compacted."),
        new("file.delete.delay.ms", SettingType.Long, "log.segment.delete.delay.ms", "60000", Otherwise),
        new("flush.messages", SettingType.Long, "log.flush.interval.messages", null, "Kept for tools, without effect: records are synced before they are acknowledged."),
        new("flush.ms", SettingType.Long, "log.flush.interval.ms", null, "Kept for tools, without effect: records are synced before they are acknowledged."),
        new("follower.replication.throttled.replicas", SettingType.List, null, "", OneReplica),
        new("index.interval.bytes", SettingType.Int, "log.index.interval.bytes", "4096", Otherwise),
        new("leader.replication.throttled.replicas", SettingType.List, null, "", OneReplica),
        new("max.compaction.lag.ms", SettingType.Long, "log.cleaner.max.compaction.lag.ms", Never, NoCompaction),
        new("max.message.bytes", SettingType.Int, "message.max.bytes", null, "Largest record batch accepted, in bytes."),
        new("message.downconversion.enable", SettingType.Boolean, "log.message.downconversion.enable", "false", "Fixed: batches are never converted to older formats."),
        new("message.format.version", SettingType.String, null, null, "Kept for tools, without effect: there is one format, version 2."),
        new("message.timestamp.after.max.ms", SettingType.Long, "log.message.timestamp.after.max.ms", Never, "Fixed: any timestamp is accepted."),
        new("message.timestamp.before.max.ms", SettingType.Long, "log.message.timestamp.before.max.ms", Never, "Fixed: any timestamp is accepted."),
        new("message.timestamp.type", SettingType.String, "log.message.timestamp.type", null, "CreateTime keeps producers' timestamps, LogAppendTime stamps batches on arrival."),
        new("min.cleanable.dirty.ratio", SettingType.Double, "log.cleaner.min.cleanable.ratio", "0.5", NoCompaction),
        new("min.compaction.lag.ms", SettingType.Long, "log.cleaner.min.compaction.lag.ms", "0", NoCompaction),
        new("min.insync.replicas", SettingType.Int, "min.insync.replicas", "1", OneReplica),
        new("preallocate", SettingType.Boolean, "log.preallocate", "false", Otherwise),
        new("retention.bytes", SettingType.Long, "log.retention.bytes", null, "Size of a partition above which its oldest data may be deleted; -1 for no limit."),
        new("retention.ms", SettingType.Long, "log.retention.ms", null, "Age above which data may be deleted, in ms; -1 keeps it for ever."),
        new("segment.bytes", SettingType.Int, "log.segment.bytes", "1073741824", Otherwise),
        new("segment.index.bytes", SettingType.Int, "log.index.size.max.bytes", "10485760", Otherwise),
        new("segment.jitter.ms", SettingType.Long, "log.roll.jitter.ms", "0", Otherwise),
        new("segment.ms", SettingType.Long, "log.roll.ms", "604800000", Otherwise),
        new(TopicSettings.DurabilityName, SettingType.String, null, null, "What acks=all means: local (synced on the server's disk) or object (stored as an object). Chosen when the topic is created."),
        new("unclean.leader.election.enable", SettingType.Boolean, "unclean.leader.election.enable", "false", OneReplica),
    ];

    /// <summary>Finds a setting; null for one that Kafka's tools do not know either.</summary>
    public static TopicSetting? Find(string name) => All.FirstOrDefault(s => s.Name == name);
}
