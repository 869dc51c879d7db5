using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace StreamHouse.Records;

/// <summary>Bytes that may be missing: a record tells a null key or value from an empty one. <see langword="default"/> is null.</summary>
public readonly ref struct OptionalBytes
{
    private readonly ref byte _start;
    private readonly int _lengthPlusOne;

    /// <summary>Bytes that are there, if only none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public OptionalBytes(ReadOnlySpan<byte> bytes)
    {
        _start = ref MemoryMarshal.GetReference(bytes);

        // Spans end below int.MaxValue; a longer one would turn negative here and be refused by the first length check.
        _lengthPlusOne = bytes.Length + 1;
    }

    /// <summary>No bytes at all, which is not the same as empty.</summary>
    public static OptionalBytes Null => default;

    /// <summary>Whether there are no bytes at all.</summary>
    public bool IsNull => _lengthPlusOne == 0;

    /// <summary>The bytes; empty when null.</summary>
    public ReadOnlySpan<byte> Span => _lengthPlusOne > 1 ? MemoryMarshal.CreateReadOnlySpan(ref _start, _lengthPlusOne - 1) : default;

    /// <summary>Number of bytes; -1 when null, as the format writes it.</summary>
    public int LengthOrMinusOne => _lengthPlusOne - 1;

    /// <summary>Bytes that are there, if only none.</summary>
    public static implicit operator OptionalBytes(ReadOnlySpan<byte> bytes) => new(bytes);

    /// <summary>Bytes that are there, if only none.</summary>
    public static implicit operator OptionalBytes(ReadOnlyMemory<byte> bytes) => new(bytes.Span);

    /// <summary>The bytes, or null.</summary>
    public static implicit operator OptionalBytes(ReadOnlyMemory<byte>? bytes) => bytes is { } some ? new(some.Span) : default;

    /// <summary>The bytes, or null.</summary>
    public static implicit operator OptionalBytes(byte[]? bytes) => bytes is null ? default : new(bytes);

    /// <summary>A copy of the bytes, or null.</summary>
    public byte[]? ToArray() => IsNull ? null : Span.ToArray();
}
