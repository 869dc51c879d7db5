using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace StreamHouse.Kafka;

/// <summary>
/// Reads the protocol's types from a frame, front to back. Every read is checked against the bytes that remain, and a count is checked before
/// anything is allocated for it: a frame cannot make its reader allocate more than a small multiple of its own size.
/// </summary>
public ref struct KafkaReader
{
    private readonly ReadOnlySpan<byte> _frame;
    private int _position;

    /// <summary>Starts at the front.</summary>
    /// <param name="frame">A frame without its length prefix, or a part of one.</param>
    public KafkaReader(ReadOnlySpan<byte> frame) => _frame = frame;

    /// <summary>Bytes read so far.</summary>
    public readonly int Position => _position;

    /// <summary>Bytes left.</summary>
    public readonly int Remaining => _frame.Length - _position;

    /// <summary>Reads one byte, signed.</summary>
    public sbyte ReadInt8() => (sbyte)Take(sizeof(byte))[0];

    /// <summary>Reads a flag: any byte other than 0 is true.</summary>
    public bool ReadBool() => Take(sizeof(byte))[0] != 0;

    /// <summary>Reads two bytes, big-endian.</summary>
    public short ReadInt16() => BinaryPrimitives.ReadInt16BigEndian(Take(sizeof(short)));

    /// <summary>Reads two bytes, big-endian, unsigned.</summary>
    public ushort ReadUInt16() => BinaryPrimitives.ReadUInt16BigEndian(Take(sizeof(ushort)));

    /// <summary>Reads four bytes, big-endian.</summary>
    public int ReadInt32() => BinaryPrimitives.ReadInt32BigEndian(Take(sizeof(int)));

    /// <summary>Reads eight bytes, big-endian.</summary>
    public long ReadInt64() => BinaryPrimitives.ReadInt64BigEndian(Take(sizeof(long)));

    /// <summary>Reads an error code.</summary>
    public KafkaErrorCode ReadErrorCode() => (KafkaErrorCode)ReadInt16();

    /// <summary>Reads an id of 16 bytes in the order in which it is printed.</summary>
    public Guid ReadUuid() => new(Take(16), bigEndian: true);

    /// <summary>Reads an unsigned variable-length integer of at most five bytes.</summary>
    public uint ReadUnsignedVarint()
    {
        uint value = 0;
        for (int shift = 0; shift < 32; shift += 7)
        {
            byte next = Take(sizeof(byte))[0];
            value |= (uint)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return shift == 28 && next > 0x0F ? throw new KafkaFormatException("A variable-length integer has more than 32 bits.") : value;
            }
        }

        throw new KafkaFormatException("A variable-length integer is longer than five bytes.");
    }

    /// <summary>Reads a string's UTF-8 bytes where they lie.</summary>
    /// <param name="flexible">Whether the version has compact lengths.</param>
    public ReadOnlySpan<byte> ReadStringBytes(bool flexible) => Take(NotNull(ReadStringLength(flexible)));

    /// <summary>Reads a string's UTF-8 bytes where they lie.</summary>
    /// <param name="flexible">Whether the version has compact lengths.</param>
    /// <param name="isNull">Whether there is no string.</param>
    public ReadOnlySpan<byte> ReadNullableStringBytes(bool flexible, out bool isNull)
    {
        int length = ReadStringLength(flexible);
        isNull = length < 0;
        return isNull ? default : Take(length);
    }

    /// <summary>Reads a string; bytes that are not UTF-8 become U+FFFD, as in Kafka.</summary>
    /// <param name="flexible">Whether the version has compact lengths.</param>
    public string ReadString(bool flexible) => Encoding.UTF8.GetString(ReadStringBytes(flexible));

    /// <summary>Reads a string or null.</summary>
    /// <param name="flexible">Whether the version has compact lengths.</param>
    public string? ReadNullableString(bool flexible)
    {
        ReadOnlySpan<byte> bytes = ReadNullableStringBytes(flexible, out bool isNull);
        return isNull ? null : Encoding.UTF8.GetString(bytes);
    }

    /// <summary>Reads bytes where they lie.</summary>
    /// <param name="flexible">Whether the version has compact lengths.</param>
    public ReadOnlySpan<byte> ReadBytesSlice(bool flexible) => Take(NotNull(ReadBytesLength(flexible)));

    /// <summary>Reads bytes where they lie.</summary>
    /// <param name="flexible">Whether the version has compact lengths.</param>
    /// <param name="isNull">Whether there are none, not even an empty sequence.</param>
    public ReadOnlySpan<byte> ReadNullableBytesSlice(bool flexible, out bool isNull)
    {
        int length = ReadBytesLength(flexible);
        isNull = length < 0;
        return isNull ? default : Take(length);
    }

    /// <summary>Reads bytes into an array of their own.</summary>
    /// <param name="flexible">Whether the version has compact lengths.</param>
    public byte[] ReadBytes(bool flexible) => ReadBytesSlice(flexible).ToArray();

    /// <summary>Reads bytes, or null, into an array of their own.</summary>
    /// <param name="flexible">Whether the version has compact lengths.</param>
    public byte[]? ReadNullableBytes(bool flexible)
    {
        ReadOnlySpan<byte> bytes = ReadNullableBytesSlice(flexible, out bool isNull);
        return isNull ? null : bytes.ToArray();
    }

    /// <summary>Reads the number of elements of an array that must not be null.</summary>
    /// <param name="flexible">Whether the version has compact lengths.</param>
    /// <param name="elementBytesMin">The least number of bytes that an element takes; a count for which too few bytes remain is refused.</param>
    public int ReadCount(bool flexible, int elementBytesMin) => NotNull(ReadNullableCount(flexible, elementBytesMin));

    /// <summary>Reads the number of elements of an array; -1 for null.</summary>
    /// <param name="flexible">Whether the version has compact lengths.</param>
    /// <param name="elementBytesMin">The least number of bytes that an element takes; a count for which too few bytes remain is refused.</param>
    public int ReadNullableCount(bool flexible, int elementBytesMin)
    {
        int count = flexible ? ReadCompactLength() : CheckedLength(ReadInt32());
        return count <= Remaining / elementBytesMin
            ? count
            : throw new KafkaFormatException($"An array of {count} elements cannot fit into the {Remaining} bytes that remain.");
    }

    /// <summary>Steps over tagged fields that the reader does not know.</summary>
    public void SkipTaggedFields()
    {
        for (uint left = ReadUnsignedVarint(); left > 0; left--)
        {
            ReadTaggedField(out _);
        }
    }

    /// <summary>Reads one tagged field.</summary>
    /// <param name="tag">Which.</param>
    /// <returns>A reader over the field's value alone.</returns>
    public KafkaReader ReadTaggedField(out uint tag)
    {
        tag = ReadUnsignedVarint();
        uint size = ReadUnsignedVarint();
        return size <= (uint)Remaining ? new KafkaReader(Take((int)size)) : throw Truncated((int)Math.Min(size, int.MaxValue));
    }

    /// <summary>Steps over bytes and returns them where they lie.</summary>
    /// <param name="bytes">How many.</param>
    /// <exception cref="KafkaFormatException">Fewer remain.</exception>
    public ReadOnlySpan<byte> Take(int bytes)
    {
        if ((uint)bytes > (uint)Remaining)
        {
            throw Truncated(bytes);
        }

        ReadOnlySpan<byte> taken = _frame.Slice(_position, bytes);
        _position += bytes;
        return taken;
    }

    private int ReadStringLength(bool flexible) => flexible ? ReadCompactLength() : CheckedLength(ReadInt16());

    private int ReadBytesLength(bool flexible) => flexible ? ReadCompactLength() : CheckedLength(ReadInt32());

    // Compact lengths are one more than the length, so that 0 can stand for null.
    private int ReadCompactLength()
    {
        uint length = ReadUnsignedVarint();
        return length <= int.MaxValue ? (int)length - 1 : throw new KafkaFormatException("A length has more than 31 bits.");
    }

    private static int CheckedLength(int length) =>
        length >= -1 ? length : throw new KafkaFormatException($"A length is {length}.");

    private static int NotNull(int length) =>
        length >= 0 ? length : throw new KafkaFormatException("A field that must have a value is null.");

    [DoesNotReturn]
    private readonly KafkaFormatException Truncated(int bytes) =>
        throw new KafkaFormatException($"{bytes} bytes are needed at position {_position}, and {Remaining} remain.");
}
