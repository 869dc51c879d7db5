using System.Buffers.Binary;
using System.Text;

namespace StreamHouse.Broker.Groups;

/// <summary>
/// Reads the one form in which consumers of every language put their subscriptions and assignments: <c>version i16 | count i32 | topics</c>, each
/// topic a length i16 and UTF-8, in assignments followed by its partitions (count i32, each i32); then what later versions add.
/// </summary>
public static class ConsumerProtocol
{
    /// <summary>The kind of groups whose members use this form.</summary>
    public const string ProtocolType = "consumer";

    private const int VersionBytes = sizeof(short);

    /// <summary>Reads the topics a member subscribes to.</summary>
    /// <returns>Null when the bytes are not such a subscription.</returns>
    public static List<string>? ReadSubscription(ReadOnlySpan<byte> metadata)
    {
        List<string> topics = [];
        if (!TryReadCount(ref metadata, skip: VersionBytes, out int count))
        {
            return null;
        }
        for (int i = 0; i < count; i++)
        {
            if (ReadText(ref metadata) is not { } topic)
            {
                return null;
            }
            topics.Add(topic);
        }
        return topics;
    }

    /// <summary>Reads the partitions a member was given.</summary>
    /// <returns>Null when the bytes are not such an assignment.</returns>
    public static List<(string Topic, List<int> Partitions)>? ReadAssignment(ReadOnlySpan<byte> assignment)
    {
        List<(string, List<int>)> topics = [];
        if (!TryReadCount(ref assignment, skip: VersionBytes, out int count))
        {
            return null;
        }
        for (int i = 0; i < count; i++)
        {
            if (ReadText(ref assignment) is not { } topic || !TryReadCount(ref assignment, skip: 0, out int partitionCount)
                || partitionCount > assignment.Length / sizeof(int))
            {
                return null;
            }
            List<int> partitions = new(partitionCount);
            for (int p = 0; p < partitionCount; p++)
            {
                partitions.Add(BinaryPrimitives.ReadInt32BigEndian(assignment[(p * sizeof(int))..]));
            }
            assignment = assignment[(partitionCount * sizeof(int))..];
            topics.Add((topic, partitions));
        }
        return topics;
    }

    /// <summary>The topics that members subscribe to; null when a subscription cannot be read.</summary>
    internal static HashSet<string>? TopicsOf(IReadOnlyList<Member> members, string protocolType)
    {
        HashSet<string> topics = new(StringComparer.Ordinal);
        foreach (Member member in members)
        {
            foreach (GroupProtocol protocol in member.Protocols)
            {
                if (protocolType != ProtocolType || ReadSubscription(protocol.Metadata.Span) is not { } subscribed)
                {
                    return null;
                }
                topics.UnionWith(subscribed);
            }
        }
        return topics;
    }

    private static bool TryReadCount(ref ReadOnlySpan<byte> bytes, int skip, out int count)
    {
        count = 0;
        if (bytes.Length < skip + sizeof(int))
        {
            return false;
        }
        count = BinaryPrimitives.ReadInt32BigEndian(bytes[skip..]);
        bytes = bytes[(skip + sizeof(int))..];
        return count >= 0;
    }

    private static string? ReadText(ref ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < sizeof(short) || BinaryPrimitives.ReadInt16BigEndian(bytes) is var length && (length < 0 || bytes.Length - sizeof(short) < length))
        {
            return null;
        }
        string text = Encoding.UTF8.GetString(bytes.Slice(sizeof(short), length));
        bytes = bytes[(sizeof(short) + length)..];
        return text;
    }
}
