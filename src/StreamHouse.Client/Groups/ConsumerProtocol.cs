using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace StreamHouse.Client.Groups;

/// <summary>
/// Subscriptions and assignments in the form of Kafka's consumer protocol, versions 0 to 3, so that members of one group may be of different clients.
/// A newer version only adds fields at the end, which older clients leave unread.
/// </summary>
internal static class ConsumerProtocol
{
    public const string ProtocolType = "consumer";

    private const short SubscriptionVersion = 3;

    // Every version of an assignment has the same fields.
    private const short AssignmentVersion = 0;

    public static string NameOf(AssignmentStrategy strategy) => strategy switch
    {
        AssignmentStrategy.CooperativeSticky => "cooperative-sticky",
        AssignmentStrategy.Range => "range",
        AssignmentStrategy.RoundRobin => "roundrobin",
        _ => throw new ArgumentOutOfRangeException(nameof(strategy), strategy, null),
    };

    /// <summary>Encodes a subscription for one strategy.</summary>
    public static byte[] Write(Subscription subscription, AssignmentStrategy strategy)
    {
        ArrayBufferWriter<byte> output = new();
        WriteInt16(output, SubscriptionVersion);
        WriteInt32(output, subscription.Topics.Count);
        foreach (string topic in subscription.Topics)
        {
            WriteText(output, topic);
        }
        if (strategy == AssignmentStrategy.CooperativeSticky)
        {
            // Clients of version 1 have no field for the generation; Java's look for it here.
            WriteInt32(output, sizeof(int));
            WriteInt32(output, subscription.Generation);
        }
        else
        {
            WriteInt32(output, -1);
        }
        WritePartitions(output, subscription.Owned);
        WriteInt32(output, subscription.Generation);

        // No rack.
        WriteInt16(output, -1);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Encodes an assignment.</summary>
    public static byte[] Write(IEnumerable<TopicPartition> assignment)
    {
        ArrayBufferWriter<byte> output = new();
        WriteInt16(output, AssignmentVersion);
        WritePartitions(output, assignment);
        WriteInt32(output, -1);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Decodes a subscription of any version.</summary>
    /// <returns>Null when the bytes are none.</returns>
    public static Subscription? ReadSubscription(ReadOnlySpan<byte> bytes)
    {
        ProtocolReader reader = new(bytes);
        short version = reader.Int16();
        int count = reader.Count(sizeof(short));
        List<string> topics = new(count);
        for (int i = 0; i < count && !reader.IsBroken; i++)
        {
            topics.Add(reader.Text());
        }
        ReadOnlySpan<byte> userData = reader.Bytes();
        List<TopicPartition> owned = [];
        int generation = userData.Length == sizeof(int) ? BinaryPrimitives.ReadInt32BigEndian(userData) : -1;
        if (version >= 1)
        {
            reader.Partitions(owned);
        }
        if (version >= 2)
        {
            generation = reader.Int32();
        }
        return reader.IsBroken || version < 0 ? null : new Subscription(topics, owned, generation);
    }

    /// <summary>Decodes an assignment of any version; no bytes at all are an empty one.</summary>
    /// <returns>Null when the bytes are none.</returns>
    public static List<TopicPartition>? ReadAssignment(ReadOnlySpan<byte> bytes)
    {
        List<TopicPartition> assigned = [];
        if (bytes.IsEmpty)
        {
            return assigned;
        }
        ProtocolReader reader = new(bytes);
        short version = reader.Int16();
        reader.Partitions(assigned);
        return reader.IsBroken || version < 0 ? null : assigned;
    }

    private static void WritePartitions(ArrayBufferWriter<byte> output, IEnumerable<TopicPartition> partitions)
    {
        List<IGrouping<string, TopicPartition>> topics = [.. partitions.Order().GroupBy(partition => partition.Topic)];
        WriteInt32(output, topics.Count);
        foreach (IGrouping<string, TopicPartition> topic in topics)
        {
            WriteText(output, topic.Key);
            WriteInt32(output, topic.Count());
            foreach (TopicPartition partition in topic)
            {
                WriteInt32(output, partition.Partition);
            }
        }
    }

    private static void WriteInt16(ArrayBufferWriter<byte> output, short value)
    {
        BinaryPrimitives.WriteInt16BigEndian(output.GetSpan(sizeof(short)), value);
        output.Advance(sizeof(short));
    }

    private static void WriteInt32(ArrayBufferWriter<byte> output, int value)
    {
        BinaryPrimitives.WriteInt32BigEndian(output.GetSpan(sizeof(int)), value);
        output.Advance(sizeof(int));
    }

    private static void WriteText(ArrayBufferWriter<byte> output, string text)
    {
        WriteInt16(output, checked((short)Encoding.UTF8.GetByteCount(text)));
        Encoding.UTF8.GetBytes(text, output);
    }
}
