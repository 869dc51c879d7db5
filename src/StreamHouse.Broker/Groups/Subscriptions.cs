using System.Buffers.Binary;
using System.Text;

namespace StreamHouse.Broker.Groups;

/// <summary>Reads what consumers subscribe to, in the one form that consumers of every language share; only to protect committed offsets.</summary>
internal static class Subscriptions
{
    private const string ConsumerProtocol = "consumer";
    private const int VersionBytes = 2;

    /// <summary>All topics; null when a subscription cannot be read.</summary>
    public static HashSet<string>? TopicsOf(IReadOnlyList<Member> members, string protocolType)
    {
        HashSet<string> topics = new(StringComparer.Ordinal);
        foreach (Member member in members)
        {
            foreach (GroupProtocol protocol in member.Protocols)
            {
                if (protocolType != ConsumerProtocol || !TryAdd(protocol.Metadata.Span, topics))
                {
                    return null;
                }
            }
        }
        return topics;
    }

    // version i16 | topics: count i32, each length i16 and UTF-8 | what later versions add
    private static bool TryAdd(ReadOnlySpan<byte> metadata, HashSet<string> topics)
    {
        if (metadata.Length < VersionBytes + sizeof(int))
        {
            return false;
        }
        int count = BinaryPrimitives.ReadInt32BigEndian(metadata[VersionBytes..]);
        ReadOnlySpan<byte> rest = metadata[(VersionBytes + sizeof(int))..];
        for (int i = 0; i < count; i++)
        {
            if (rest.Length < sizeof(short) || BinaryPrimitives.ReadInt16BigEndian(rest) is var length && (length < 0 || rest.Length - sizeof(short) < length))
            {
                return false;
            }
            topics.Add(Encoding.UTF8.GetString(rest.Slice(sizeof(short), length)));
            rest = rest[(sizeof(short) + length)..];
        }
        return count >= 0;
    }
}
