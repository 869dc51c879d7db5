using System.Text;

namespace StreamHouse.IntegrationTests.Kafka;

/// <summary>A record as it is given to a client to write, and as a client has read it.</summary>
/// <param name="Key">Its key, or null.</param>
/// <param name="Value">Its value, or null.</param>
/// <param name="Headers">Its headers, in order.</param>
/// <param name="TimestampMs">Milliseconds since 1970; null to leave it to the client.</param>
internal sealed record InteropRecord(byte[]? Key, byte[]? Value, IReadOnlyList<(string Name, byte[]? Value)> Headers, long? TimestampMs)
{
    private const long Epoch = 1_700_000_000_000;

    /// <summary>One of each kind: nulls and empties in all places, headers, all bytes, what compresses well and what does not.</summary>
    public static IReadOnlyList<InteropRecord> Samples { get; } = MakeSamples();

    /// <summary>All of it in a line, to compare.</summary>
    public string Describe() => $"key {Text(Key)} value {Text(Value)} headers {string.Join(',', Headers.Select(h => $"{h.Name}={Text(h.Value)}"))}";

    /// <summary>Bytes in hexadecimal, long ones shortened with a checksum.</summary>
    public static string Text(byte[]? bytes) => bytes switch
    {
        null => "null",
        { Length: <= 300 } => $"[{Convert.ToHexString(bytes)}]",
        _ => $"[{bytes.Length} bytes, {Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(bytes))}]",
    };

    private static List<InteropRecord> MakeSamples()
    {
        byte[] all = [.. Enumerable.Range(0, 256).Select(i => (byte)i)];
        byte[] random = new byte[20_000];
        new Random(7).NextBytes(random);
        (byte[]? Key, byte[]? Value, (string, byte[]?)[] Headers)[] samples =
        [
            (Utf8("k"), Utf8("plain"), []),
            (null, Utf8("no key"), []),
            ([], Utf8("empty key"), []),
            (Utf8("tombstone"), null, []),
            (Utf8("empty value"), [], []),
            ([], [], []),
            (null, [], []),
            (null, null, []),
            (Utf8("one header"), Utf8("v"), [("trace", Utf8("abc"))]),
            (Utf8("headers"), Utf8("v"), [("a", Utf8("1")), ("a", Utf8("2")), ("b", []), ("größe", Utf8("é, =\t'\""))]),
            (Utf8("null header"), Utf8("v"), [("z", null), ("y", Utf8("last"))]),
            (Utf8("bytes in header"), Utf8("v"), [("all", all)]),
            (all, [.. all, .. all], []),
            (Utf8("compressible"), Utf8(string.Concat(Enumerable.Repeat("stream house ", 3000))), [("h", Utf8("x"))]),
            (Utf8("random"), random, []),
        ];
        return [.. samples.Select((s, i) => new InteropRecord(s.Key, s.Value, s.Headers, Epoch + i))];
    }

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}

/// <summary>What a client has read: where, when, and the rest in words that can be compared.</summary>
internal sealed record ReadRecord(long Offset, long TimestampMs, string Description);
