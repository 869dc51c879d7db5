namespace StreamHouse.Kafka.Fetch;

/// <summary>
/// A fetch request in flat arrays. It refers to nothing of the frame, so the frame's buffer can go while the fetch waits. Made to be used again; once
/// its arrays have grown and its topics are known, reading allocates nothing. For one thread at a time.
/// </summary>
public sealed class FetchRequestView
{
    private ReusedArray<FetchTopicView> _topics;
    private ReusedArray<FetchPartitionView> _partitions;
    private ReusedArray<FetchTopicView> _forgottenTopics;
    private ReusedArray<int> _forgottenPartitions;

    /// <summary>A follower's id; -1 for a consumer.</summary>
    public int ReplicaId { get; private set; }

    /// <summary>How long to wait for <see cref="MinBytes"/>, in ms.</summary>
    public int MaxWaitMs { get; private set; }

    /// <summary>Bytes worth answering with.</summary>
    public int MinBytes { get; private set; }

    /// <summary>Limit of the answer; the first batch is returned even above it.</summary>
    public int MaxBytes { get; private set; }

    /// <summary>Whether to read only records of committed transactions.</summary>
    public bool IsReadCommitted { get; private set; }

    /// <summary>The fetch session; 0 for none.</summary>
    public int SessionId { get; private set; }

    /// <summary>Number of this fetch in its session; 0 begins one, -1 is outside of any or ends it.</summary>
    public int SessionEpoch { get; private set; }

    /// <summary>Where the consumer stands, or empty.</summary>
    public string RackId { get; private set; } = "";

    /// <summary>What to read, in the order of the request; in a session what is new or changed.</summary>
    public ReadOnlySpan<FetchTopicView> Topics => _topics.Span;

    /// <summary>The partitions of all topics in the order of the request.</summary>
    public ReadOnlySpan<FetchPartitionView> Partitions => _partitions.Span;

    /// <summary>What leaves the session.</summary>
    public ReadOnlySpan<FetchTopicView> ForgottenTopics => _forgottenTopics.Span;

    /// <summary>The partitions of all forgotten topics.</summary>
    public ReadOnlySpan<int> ForgottenPartitions => _forgottenPartitions.Span;

    /// <summary>The partitions of one topic.</summary>
    /// <param name="topic">From <see cref="Topics"/>.</param>
    public ReadOnlySpan<FetchPartitionView> PartitionsOf(in FetchTopicView topic) => _partitions.Span.Slice(topic.FirstPartition, topic.PartitionCount);

    /// <summary>The partitions of one forgotten topic.</summary>
    /// <param name="topic">From <see cref="ForgottenTopics"/>.</param>
    public ReadOnlySpan<int> ForgottenPartitionsOf(in FetchTopicView topic) =>
        _forgottenPartitions.Span.Slice(topic.FirstPartition, topic.PartitionCount);

    /// <summary>Reads a request; what was read before is gone.</summary>
    /// <param name="reader">Stands at the body; behind it afterwards.</param>
    /// <param name="version">Version of the request.</param>
    /// <exception cref="KafkaFormatException">The bytes are not a request. The view holds nothing of use then.</exception>
    public void Read(ref KafkaReader reader, short version)
    {
        MessageVersion.CheckRead(ApiKey.Fetch, version, 4, 17);
        bool flexible = version >= 12;
        _topics.Clear();
        _partitions.Clear();
        _forgottenTopics.Clear();
        _forgottenPartitions.Clear();
        ReplicaId = version <= 14 ? reader.ReadInt32() : -1;
        MaxWaitMs = reader.ReadInt32();
        MinBytes = reader.ReadInt32();
        MaxBytes = reader.ReadInt32();
        IsReadCommitted = reader.ReadInt8() == 1;
        SessionId = version >= 7 ? reader.ReadInt32() : 0;
        SessionEpoch = version >= 7 ? reader.ReadInt32() : -1;
        ReadTopics(ref reader, version, flexible);
        if (version >= 7)
        {
            ReadForgottenTopics(ref reader, version, flexible);
        }

        RackId = version >= 11 ? TopicNames.Reuse(RackId, reader.ReadStringBytes(flexible)) : "";
        if (flexible)
        {
            ReadTags(ref reader, version);
        }
    }

    private void ReadTopics(ref KafkaReader reader, short version, bool flexible)
    {
        int topics = reader.ReadCount(flexible, elementBytesMin: flexible ? 3 : 6);
        for (int i = 0; i < topics; i++)
        {
            int partitions = ReadTopic(ref reader, version, flexible, ref _topics, _partitions.Count, PartitionBytesMin(version));
            for (int j = 0; j < partitions; j++)
            {
                _partitions.Next() = ReadPartition(ref reader, version);
            }

            if (flexible)
            {
                reader.SkipTaggedFields();
            }
        }
    }

    private void ReadForgottenTopics(ref KafkaReader reader, short version, bool flexible)
    {
        int topics = reader.ReadCount(flexible, elementBytesMin: flexible ? 3 : 6);
        for (int i = 0; i < topics; i++)
        {
            int partitions = ReadTopic(ref reader, version, flexible, ref _forgottenTopics, _forgottenPartitions.Count, sizeof(int));
            for (int j = 0; j < partitions; j++)
            {
                _forgottenPartitions.Next() = reader.ReadInt32();
            }

            if (flexible)
            {
                reader.SkipTaggedFields();
            }
        }
    }

    private static int ReadTopic(
        ref KafkaReader reader, short version, bool flexible, ref ReusedArray<FetchTopicView> topics, int firstPartition, int partitionBytesMin)
    {
        ReadOnlySpan<byte> name = version <= 12 ? reader.ReadStringBytes(flexible) : default;
        Guid id = version >= 13 ? reader.ReadUuid() : default;
        int partitions = reader.ReadCount(flexible, partitionBytesMin);
        ref FetchTopicView topic = ref topics.Next();
        topic = new FetchTopicView(TopicNames.Reuse(topic.Name, name), id, firstPartition, partitions);
        return partitions;
    }

    private static FetchPartitionView ReadPartition(ref KafkaReader reader, short version)
    {
        int index = reader.ReadInt32();
        int currentLeaderEpoch = version >= 9 ? reader.ReadInt32() : -1;
        long fetchOffset = reader.ReadInt64();
        int lastFetchedEpoch = version >= 12 ? reader.ReadInt32() : -1;
        if (version >= 5)
        {
            // A follower's log start: nothing a consumer says.
            reader.ReadInt64();
        }

        int maxBytes = reader.ReadInt32();
        if (version >= 12)
        {
            reader.SkipTaggedFields();
        }

        return new FetchPartitionView(index, currentLeaderEpoch, fetchOffset, lastFetchedEpoch, maxBytes);
    }

    private static int PartitionBytesMin(short version) => version switch
    {
        >= 12 => 33,
        >= 9 => 28,
        >= 5 => 24,
        _ => 16,
    };

    private void ReadTags(ref KafkaReader reader, short version)
    {
        for (uint left = reader.ReadUnsignedVarint(); left > 0; left--)
        {
            KafkaReader field = reader.ReadTaggedField(out uint tag);
            if (tag == 1 && version >= 15)
            {
                ReplicaId = field.ReadInt32();
            }
        }
    }
}
