using System.Collections.Immutable;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.NodeLogs;
using StreamHouse.Broker.Topics;
using StreamHouse.Broker.Uploads;

namespace StreamHouse.Broker.Partitions;

/// <summary>Opens and closes the writers of led partitions and connects them with the node log and the uploaders.</summary>
internal sealed class LedPartitions(PartitionServices services, SegmentUploader localUploads, SegmentUploader objectUploads, bool shared)
{
    private int _count;

    /// <summary>Open partitions.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>The node log that holds their tails.</summary>
    public Guid NodeLogId => services.NodeLog.Id;

    /// <summary>Largest batch it takes, in bytes.</summary>
    public int NodeLogBatchBytesMax => services.NodeLog.BatchBytesMax;

    /// <summary>Opens the partitions of a topic that are leased and not open yet.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="leases">Leases held, new ones at least.</param>
    /// <param name="present">Partitions open already, by number.</param>
    /// <param name="recovered">What the node log holds, by group.</param>
    public LedTopic Open(
        TopicDescription topic, IReadOnlyList<Lease> leases, IReadOnlyList<PartitionWriter> present,
        IReadOnlyDictionary<long, IReadOnlyList<RecoveredBatch>>? recovered = null)
    {
        PartitionWriter[] writers = new PartitionWriter[topic.Partitions];
        for (int i = 0; i < present.Count; i++)
        {
            writers[i] = present[i];
        }
        foreach (Lease lease in leases)
        {
            int number = lease.Partition.Partition;
            if (number < writers.Length && writers[number] is null)
            {
                writers[number] = OpenOne(topic, lease, recovered?.GetValueOrDefault(lease.GroupId) ?? []);
            }
        }
        for (int i = 0; shared && i < writers.Length; i++)
        {
            writers[i] ??= OpenNotLed(topic, i);
        }
        if (Array.IndexOf(writers, null) is var missing and >= 0)
        {
            throw new BrokerException(
                BrokerErrorCode.NotLeader, $"The lease of {topic.Name}/{missing} is held by another process. Is another server using this metadata?");
        }
        Interlocked.Add(ref _count, writers.Length - present.Count);
        return new LedTopic(topic, ImmutableArray.Create(writers));
    }

    /// <summary>Ends the partitions of a deleted topic.</summary>
    public void CloseDeleted(ImmutableArray<PartitionWriter> partitions)
    {
        foreach (PartitionWriter partition in partitions)
        {
            partition.Close(BrokerErrorCode.UnknownTopic, $"Topic '{partition.Topic}' has been deleted.");
            if (partition.Durability == Durability.Local)
            {
                services.NodeLog.MarkTiered(partition.Group, long.MaxValue);
            }
            Interlocked.Decrement(ref _count);
        }
        services.Memory.WakeWaiters();
    }

    /// <summary>Opens a partition whose lease was just taken.</summary>
    public PartitionWriter OpenTaken(TopicDescription topic, Lease lease) => OpenOne(topic, lease, []);

    // Stands for a partition that another process leads.
    private PartitionWriter OpenNotLed(TopicDescription topic, int number)
    {
        Lease none = new(new TopicPartition(topic.Id, number), 0, 0, null, null, 0, 0, TopicDeleted: false);
        PartitionWriter partition = OpenOne(topic, none, []);
        partition.Close(BrokerErrorCode.NotLeader, "Another process leads this partition.");
        return partition;
    }

    private PartitionWriter OpenOne(TopicDescription topic, Lease lease, IReadOnlyList<RecoveredBatch> recovered)
    {
        SegmentUploader uploader = topic.Durability == Durability.Local ? localUploads : objectUploads;
        PartitionWriter partition = new(topic, lease, recovered, services) { ReadyForUpload = uploader.NoteReady };
        if (recovered.Count > 0)
        {
            uploader.NoteReady(partition, (int)Math.Min(int.MaxValue, partition.Describe().TailBytes));
        }
        return partition;
    }
}
