namespace StreamHouse.Records;

/// <summary>One record, where it lies in its batch (or in the reader's buffer when the batch is compressed).</summary>
public ref struct Record
{
    private readonly ReadOnlySpan<byte> _payload;
    private int _bodyAt;
    private int _keyAt;
    private int _keyLength;
    private int _valueAt;
    private int _valueLength;
    private int _headersAt;
    private int _headerCount;
    private int _end;

    internal Record(ReadOnlySpan<byte> payload) => _payload = payload;

    /// <summary>Its offset in the partition.</summary>
    public long Offset { readonly get; private set; }

    /// <summary>Its timestamp in Unix milliseconds: the producer's, or the append time where the topic says so.</summary>
    public long Timestamp { readonly get; private set; }

    /// <summary>Whether the key is null.</summary>
    public readonly bool IsKeyNull => _keyLength < 0;

    /// <summary>Whether the value is null, a tombstone on a compacted topic.</summary>
    public readonly bool IsValueNull => _valueLength < 0;

    /// <summary>The key, which may be null.</summary>
    public readonly OptionalBytes Key => _keyLength < 0 ? default : new OptionalBytes(_payload.Slice(_keyAt, _keyLength));

    /// <summary>The value, which may be null.</summary>
    public readonly OptionalBytes Value => _valueLength < 0 ? default : new OptionalBytes(_payload.Slice(_valueAt, _valueLength));

    /// <summary>Number of headers.</summary>
    public readonly int HeaderCount => _headerCount;

    /// <summary>The headers, in their order.</summary>
    public readonly RecordHeaderReader Headers => new(_payload[_headersAt.._end], _headerCount);

    /// <summary>Bytes of the record without its length prefix.</summary>
    public readonly int BodyBytes => _end - _bodyAt;

    /// <summary>
    /// Reads the record at <paramref name="at"/> of the payload and moves it; <see langword="false"/> when it is malformed. A reader keeps one
    /// record and reads into it: only the numbers change from record to record.
    /// </summary>
    internal bool TryReadNext(ref int at, long baseOffset, long baseTimestamp)
    {
        ReadOnlySpan<byte> bytes = _payload;
        int i = at;
        if (!Varint.TryRead(bytes, ref i, out int length) || (uint)length > (uint)(bytes.Length - i) || length == 0)
        {
            return false;
        }

        bytes = bytes[..(i + length)];
        _bodyAt = i;
        i++; // the record's own attributes: no bit has a meaning yet
        if (!Varint.TryRead(bytes, ref i, out long timestampDelta)
            || !Varint.TryRead(bytes, ref i, out int offsetDelta)
            || !Varint.TryRead(bytes, ref i, out int keyLength))
        {
            return false;
        }

        int keyAt = i;
        if (!TrySkip(bytes, ref i, keyLength) || !Varint.TryRead(bytes, ref i, out int valueLength))
        {
            return false;
        }

        int valueAt = i;
        if (!TrySkip(bytes, ref i, valueLength)
            || !Varint.TryRead(bytes, ref i, out int headerCount)
            || headerCount < 0
            || (headerCount == 0 ? i != bytes.Length : !RecordHeaderReader.IsValid(bytes[i..], headerCount)))
        {
            return false;
        }

        Offset = unchecked(baseOffset + offsetDelta);
        Timestamp = unchecked(baseTimestamp + timestampDelta);
        _keyAt = keyAt;
        _keyLength = keyLength;
        _valueAt = valueAt;
        _valueLength = valueLength;
        _headersAt = i;
        _headerCount = headerCount;
        _end = bytes.Length;
        at = bytes.Length;
        return true;
    }

    internal void SetAppendTime(long timestamp) => Timestamp = timestamp;

    private static bool TrySkip(ReadOnlySpan<byte> bytes, ref int at, int length)
    {
        if (length > bytes.Length - at || length < -1)
        {
            return false;
        }

        at += Math.Max(length, 0);
        return true;
    }
}
