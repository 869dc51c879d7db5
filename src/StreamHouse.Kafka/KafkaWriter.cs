using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace StreamHouse.Kafka;

/// <summary>Writes the protocol's types to a <see cref="KafkaBuffer"/>. Holds no state of its own: nothing has to be flushed.</summary>
public readonly ref struct KafkaWriter
{
    private readonly KafkaBuffer _buffer;

    /// <summary>Writes behind what <paramref name="buffer"/> holds.</summary>
    /// <param name="buffer">Where to; stays the caller's.</param>
    public KafkaWriter(KafkaBuffer buffer) => _buffer = buffer;

    /// <summary>Bytes in the buffer.</summary>
    public int Position => _buffer.Length;

    /// <summary>Writes one byte.</summary>
    public void WriteInt8(sbyte value) => _buffer.Take(sizeof(sbyte))[0] = (byte)value;

    /// <summary>Writes 1 or 0.</summary>
    public void WriteBool(bool value) => _buffer.Take(sizeof(byte))[0] = value ? (byte)1 : (byte)0;

    /// <summary>Writes two bytes, big-endian.</summary>
    public void WriteInt16(short value) => BinaryPrimitives.WriteInt16BigEndian(_buffer.Take(sizeof(short)), value);

    /// <summary>Writes two bytes, big-endian.</summary>
    public void WriteUInt16(ushort value) => BinaryPrimitives.WriteUInt16BigEndian(_buffer.Take(sizeof(ushort)), value);

    /// <summary>Writes four bytes, big-endian.</summary>
    public void WriteInt32(int value) => BinaryPrimitives.WriteInt32BigEndian(_buffer.Take(sizeof(int)), value);

    /// <summary>Writes eight bytes, big-endian.</summary>
    public void WriteInt64(long value) => BinaryPrimitives.WriteInt64BigEndian(_buffer.Take(sizeof(long)), value);

    /// <summary>Writes an error code.</summary>
    public void WriteErrorCode(KafkaErrorCode value)
    {
        WriteInt16((short)value);
        if (value != KafkaErrorCode.None)
        {
            _buffer.ErrorWritten?.Invoke(value);
        }
    }

    /// <summary>Writes 16 bytes in the order in which the id is printed.</summary>
    public void WriteUuid(Guid value) => value.TryWriteBytes(_buffer.Take(16), bigEndian: true, out _);

    /// <summary>Writes an unsigned variable-length integer.</summary>
    public void WriteUnsignedVarint(uint value)
    {
        while (value >= 0x80)
        {
            WriteInt8((sbyte)(value | 0x80));
            value >>= 7;
        }

        WriteInt8((sbyte)value);
    }

    /// <summary>Writes a string or null.</summary>
    /// <param name="value">The string.</param>
    /// <param name="flexible">Whether the version has compact lengths.</param>
    /// <exception cref="ArgumentOutOfRangeException">The version is not flexible and the string takes more than 32,767 bytes.</exception>
    public void WriteNullableString(string? value, bool flexible)
    {
        if (value is null)
        {
            WriteStringLength(-1, flexible);
            return;
        }

        int bytes = Encoding.UTF8.GetByteCount(value);
        WriteStringLength(bytes, flexible);
        Encoding.UTF8.GetBytes(value, _buffer.Take(bytes));
    }

    /// <summary>Writes a string; null as the empty one.</summary>
    /// <param name="value">The string.</param>
    /// <param name="flexible">Whether the version has compact lengths.</param>
    /// <exception cref="ArgumentOutOfRangeException">The version is not flexible and the string takes more than 32,767 bytes.</exception>
    public void WriteString(string? value, bool flexible) => WriteNullableString(value ?? "", flexible);

    /// <summary>Writes a string that is UTF-8 already.</summary>
    /// <param name="utf8">Its bytes.</param>
    /// <param name="flexible">Whether the version has compact lengths.</param>
    /// <exception cref="ArgumentOutOfRangeException">The version is not flexible and there are more than 32,767 bytes.</exception>
    public void WriteString(ReadOnlySpan<byte> utf8, bool flexible)
    {
        WriteStringLength(utf8.Length, flexible);
        WriteRaw(utf8);
    }

    /// <summary>Writes bytes or null.</summary>
    /// <param name="value">The bytes.</param>
    /// <param name="flexible">Whether the version has compact lengths.</param>
    public void WriteNullableBytes(byte[]? value, bool flexible)
    {
        WriteCount(value?.Length ?? -1, flexible);
        WriteRaw(value);
    }

    /// <summary>Writes bytes.</summary>
    /// <param name="value">The bytes.</param>
    /// <param name="flexible">Whether the version has compact lengths.</param>
    public void WriteBytes(ReadOnlySpan<byte> value, bool flexible)
    {
        WriteCount(value.Length, flexible);
        WriteRaw(value);
    }

    /// <summary>Writes the length of an array or of bytes that the caller writes next.</summary>
    /// <param name="count">Elements or bytes; -1 for null.</param>
    /// <param name="flexible">Whether the version has compact lengths.</param>
    public void WriteCount(int count, bool flexible)
    {
        if (flexible)
        {
            WriteUnsignedVarint((uint)(count + 1));
        }
        else
        {
            WriteInt32(count);
        }
    }

    /// <summary>Writes that no tagged field follows.</summary>
    public void WriteNoTaggedFields() => WriteInt8(0);

    /// <summary>Begins a tagged field, whose value the caller writes next.</summary>
    /// <param name="tag">Which.</param>
    /// <returns>For <see cref="EndTaggedField"/>.</returns>
    public int BeginTaggedField(uint tag)
    {
        WriteUnsignedVarint(tag);
        WriteInt8(0);
        return _buffer.Length;
    }

    /// <summary>Ends a tagged field: its size goes in front of it.</summary>
    /// <param name="start">From <see cref="BeginTaggedField"/>.</param>
    public void EndTaggedField(int start)
    {
        int size = _buffer.Length - start;
        int sizeBytes = UnsignedVarintBytes((uint)size);
        if (sizeBytes > 1)
        {
            _buffer.Take(sizeBytes - 1);
            _buffer.WrittenSpan.Slice(start, size).CopyTo(_buffer.WrittenSpan[(start + sizeBytes - 1)..]);
        }

        Span<byte> at = _buffer.WrittenSpan[(start - 1)..];
        uint left = (uint)size;
        for (int i = 0; i < sizeBytes - 1; i++, left >>= 7)
        {
            at[i] = (byte)(left | 0x80);
        }

        at[sizeBytes - 1] = (byte)left;
    }

    /// <summary>Writes bytes as they are.</summary>
    public void WriteRaw(ReadOnlySpan<byte> bytes) => bytes.CopyTo(_buffer.Take(bytes.Length));

    /// <summary>Writes over four bytes that were written before.</summary>
    /// <param name="position">Where they are; from <see cref="Position"/>.</param>
    /// <param name="value">The new value.</param>
    public void PatchInt32(int position, int value) => BinaryPrimitives.WriteInt32BigEndian(_buffer.WrittenSpan[position..], value);

    /// <summary>Bytes that <see cref="WriteUnsignedVarint"/> takes: 1 to 5.</summary>
    internal static int UnsignedVarintBytes(uint value) => (38 - BitOperations.LeadingZeroCount(value | 1)) / 7;

    private void WriteStringLength(int bytes, bool flexible)
    {
        if (flexible)
        {
            WriteUnsignedVarint((uint)(bytes + 1));
            return;
        }

        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, short.MaxValue);
        WriteInt16((short)bytes);
    }
}
