using System.Text;
using StreamHouse.Rpc.Grpc;

namespace StreamHouse.Rpc.Wire;

/// <summary>
/// Turns the UTF-8 of names that come again and again into strings without making a new one each time. Bounded: a slot holds the name
/// seen last. Safe for concurrent use, since entries never change.
/// </summary>
internal sealed class TextCache
{
    private const int Slots = 256;
    private const int CachedBytesMax = 256;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private readonly Entry?[] _entries = new Entry?[Slots];

    public string Get(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length is 0 or > CachedBytesMax)
        {
            return Decode(utf8);
        }
        HashCode hash = default;
        hash.AddBytes(utf8);
        ref Entry? slot = ref _entries[(uint)hash.ToHashCode() % Slots];
        if (slot is { } entry && utf8.SequenceEqual(entry.Utf8))
        {
            return entry.Text;
        }
        string text = Decode(utf8);
        slot = new Entry(utf8.ToArray(), text);
        return text;
    }

    private static string Decode(ReadOnlySpan<byte> utf8)
    {
        try
        {
            return Strict.GetString(utf8);
        }
        catch (DecoderFallbackException e)
        {
            throw new MalformedMessageException("A text is not valid UTF-8.", e);
        }
    }

    private sealed record Entry(byte[] Utf8, string Text);
}
