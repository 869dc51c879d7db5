using System.Buffers;
using System.Numerics;
using System.Text;

namespace StreamHouse.Rpc.Wire;

/// <summary>Writes protobuf fields in the order they are given, leaving out defaults as proto3 does.</summary>
internal ref struct ProtoWriter(IBufferWriter<byte> output)
{
    private const int ScalarBytesMax = 15; // a tag of up to 5 bytes and a varint of up to 10

    public static int VarintBytes(ulong value) => ((63 - BitOperations.LeadingZeroCount(value | 1)) / 7) + 1;

    /// <summary>Length of a scalar field, 0 when it is left out. Field numbers below 16 only: their tags take one byte.</summary>
    public static int ScalarBytes(ulong value) => value == 0 ? 0 : 1 + VarintBytes(value);

    /// <summary>Length of a length-delimited field that is present.</summary>
    public static int DelimitedBytes(int length) => 1 + VarintBytes((ulong)length) + length;

    /// <summary>Length of a string field, 0 when it is left out.</summary>
    public static int TextBytes(string text) => text.Length == 0 ? 0 : DelimitedBytes(Encoding.UTF8.GetByteCount(text));

    public readonly void Scalar(int field, long value) => Scalar(field, (ulong)value);

    public readonly void Scalar(int field, ulong value)
    {
        if (value != 0)
        {
            Present(field, value);
        }
    }

    /// <summary>A scalar with explicit presence: written even when it is zero.</summary>
    public readonly void Present(int field, ulong value)
    {
        Span<byte> span = output.GetSpan(ScalarBytesMax);
        span[0] = (byte)(field << 3);
        output.Advance(1 + Varint(span[1..], value));
    }

    public readonly void Text(int field, string text)
    {
        if (text.Length == 0)
        {
            return;
        }
        int length = Encoding.UTF8.GetByteCount(text);
        Delimiter(field, length);
        Encoding.UTF8.GetBytes(text, output.GetSpan(length));
        output.Advance(length);
    }

    public readonly void Bytes(int field, ReadOnlySpan<byte> bytes)
    {
        Delimiter(field, bytes.Length);
        output.Write(bytes);
    }

    /// <summary>The tag and length of a field whose bytes the caller writes.</summary>
    public readonly void Delimiter(int field, int length)
    {
        Span<byte> span = output.GetSpan(ScalarBytesMax);
        span[0] = (byte)((field << 3) | 2);
        output.Advance(1 + Varint(span[1..], (ulong)length));
    }

    private static int Varint(Span<byte> span, ulong value)
    {
        int at = 0;
        while (value >= 0x80)
        {
            span[at++] = (byte)(value | 0x80);
            value >>= 7;
        }
        span[at++] = (byte)value;
        return at;
    }
}
