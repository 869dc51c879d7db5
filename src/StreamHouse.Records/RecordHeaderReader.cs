using System.Text;

namespace StreamHouse.Records;

/// <summary>Enumerates the headers of one record, in their order, without allocating.</summary>
public ref struct RecordHeaderReader
{
    private readonly ReadOnlySpan<byte> _bytes;
    private readonly int _count;
    private int _read;
    private int _at;
    private int _keyAt;
    private int _keyLength;
    private int _valueLength;

    internal RecordHeaderReader(ReadOnlySpan<byte> bytes, int count)
    {
        _bytes = bytes;
        _count = count;
    }

    /// <summary>Number of headers.</summary>
    public readonly int Count => _count;

    /// <summary>The current header.</summary>
    public readonly RecordHeaderView Current => new(
        _bytes.Slice(_keyAt, _keyLength), _valueLength < 0 ? default : new OptionalBytes(_bytes.Slice(_at - _valueLength, _valueLength)));

    /// <summary>For <c>foreach</c>.</summary>
    public readonly RecordHeaderReader GetEnumerator() => this;

    /// <summary>Steps to the next header; <see langword="false"/> after the last.</summary>
    public bool MoveNext() => _read < _count && TryReadOne();

    // Run once over every record as it is read, so that enumerating headers cannot meet bad bytes.
    internal static bool IsValid(ReadOnlySpan<byte> bytes, int count)
    {
        var reader = new RecordHeaderReader(bytes, count);
        while (reader._read < count)
        {
            if (!reader.TryReadOne())
            {
                return false;
            }
        }

        return reader._at == bytes.Length;
    }

    private bool TryReadOne()
    {
        _read++;
        return Varint.TryRead(_bytes, ref _at, out _keyLength) && TrySkip(_keyLength, 0, out _keyAt)
            && Varint.TryRead(_bytes, ref _at, out _valueLength) && TrySkip(_valueLength, -1, out _);
    }

    private bool TrySkip(int length, int lengthMin, out int start)
    {
        start = _at;
        if (length < lengthMin || length > _bytes.Length - _at)
        {
            return false;
        }

        _at += Math.Max(length, 0);
        return true;
    }
}

/// <summary>One header, where it lies in its batch.</summary>
public readonly ref struct RecordHeaderView
{
    internal RecordHeaderView(ReadOnlySpan<byte> key, OptionalBytes value)
    {
        Key = key;
        Value = value;
    }

    /// <summary>Its name, UTF-8 by convention.</summary>
    public ReadOnlySpan<byte> Key { get; }

    /// <summary>Its value, which may be null.</summary>
    public OptionalBytes Value { get; }

    /// <summary>Its name as text; bytes that are not UTF-8 become U+FFFD.</summary>
    public string KeyText => Encoding.UTF8.GetString(Key);

    /// <summary>A copy that outlives the batch.</summary>
    public RecordHeader ToHeader() => new(KeyText, Value.IsNull ? null : (ReadOnlyMemory<byte>?)Value.ToArray());
}
