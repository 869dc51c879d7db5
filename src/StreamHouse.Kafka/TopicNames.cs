using System.Text;

namespace StreamHouse.Kafka;

/// <summary>Topic names of requests that come again and again.</summary>
internal static class TopicNames
{
    /// <summary>The name as a string: <paramref name="previous"/> when it is the same, which costs no allocation.</summary>
    public static string Reuse(string? previous, ReadOnlySpan<byte> utf8) =>
        previous is not null && Ascii.Equals(utf8, previous) ? previous : Encoding.UTF8.GetString(utf8);
}
