namespace StreamHouse.Kafka.Produce;

/// <summary>
/// A produce request taken apart where it lies: records are named by their place in the frame. Made to be used again; once its arrays have grown and
/// its topics are known, reading allocates nothing. For one thread at a time.
/// </summary>
public sealed class ProduceRequestView
{
    private ReusedArray<ProduceTopicView> _topics;
    private ReusedArray<ProducePartitionView> _partitions;

    /// <summary>The producer's transactional id, or null.</summary>
    public string? TransactionalId { get; private set; }

    /// <summary>0 no answer, 1 the leader has it, -1 it is durable; anything else is the client's mistake.</summary>
    public short Acks { get; private set; }

    /// <summary>How long the broker may take, in ms.</summary>
    public int TimeoutMs { get; private set; }

    /// <summary>The topics in the order of the request; a name may come twice.</summary>
    public ReadOnlySpan<ProduceTopicView> Topics => _topics.Span;

    /// <summary>The partitions of all topics in the order of the request.</summary>
    public ReadOnlySpan<ProducePartitionView> Partitions => _partitions.Span;

    /// <summary>The partitions of one topic.</summary>
    /// <param name="topic">From <see cref="Topics"/>.</param>
    public ReadOnlySpan<ProducePartitionView> PartitionsOf(in ProduceTopicView topic) =>
        _partitions.Span.Slice(topic.FirstPartition, topic.PartitionCount);

    /// <summary>Reads a request; what was read before is gone.</summary>
    /// <param name="reader">Stands at the body; behind it afterwards.</param>
    /// <param name="version">Version of the request.</param>
    /// <exception cref="KafkaFormatException">The bytes are not a request. The view holds nothing of use then.</exception>
    public void Read(ref KafkaReader reader, short version)
    {
        MessageVersion.CheckRead(ApiKey.Produce, version, 0, 11);
        bool flexible = version >= 9;
        _topics.Clear();
        _partitions.Clear();
        TransactionalId = version >= 3 ? reader.ReadNullableString(flexible) : null;
        Acks = reader.ReadInt16();
        TimeoutMs = reader.ReadInt32();
        int topics = reader.ReadCount(flexible, elementBytesMin: flexible ? 3 : 6);
        for (int i = 0; i < topics; i++)
        {
            ReadTopic(ref reader, flexible);
        }

        if (flexible)
        {
            reader.SkipTaggedFields();
        }
    }

    private void ReadTopic(ref KafkaReader reader, bool flexible)
    {
        ReadOnlySpan<byte> name = reader.ReadStringBytes(flexible);
        int partitions = reader.ReadCount(flexible, elementBytesMin: flexible ? 6 : 8);
        ref ProduceTopicView topic = ref _topics.Next();
        topic = new ProduceTopicView(TopicNames.Reuse(topic.Name, name), _partitions.Count, partitions);
        for (int i = 0; i < partitions; i++)
        {
            int index = reader.ReadInt32();
            ReadOnlySpan<byte> records = reader.ReadNullableBytesSlice(flexible, out bool isNull);
            _partitions.Next() = new ProducePartitionView(index, reader.Position - records.Length, isNull ? -1 : records.Length);
            if (flexible)
            {
                reader.SkipTaggedFields();
            }
        }

        if (flexible)
        {
            reader.SkipTaggedFields();
        }
    }
}
