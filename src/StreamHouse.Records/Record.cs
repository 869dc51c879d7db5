namespace StreamHouse.Records;

/// <summary>One record, where it lies in its batch (or in the reader's buffer when the batch is compressed).</summary>
public readonly ref struct Record
{
    private readonly ReadOnlySpan<byte> _body;
    private readonly int _keyAt;
    private readonly int _keyLength;
    private readonly int _valueAt;
    private readonly int _valueLength;
    private readonly int _headersAt;
    private readonly int _headerCount;

    internal Record(
        ReadOnlySpan<byte> body, long offset, long timestamp, int keyAt, int keyLength, int valueAt, int valueLength, int headersAt, int headerCount)
    {
        _body = body;
        Offset = offset;
        Timestamp = timestamp;
        _keyAt = keyAt;
        _keyLength = keyLength;
        _valueAt = valueAt;
        _valueLength = valueLength;
        _headersAt = headersAt;
        _headerCount = headerCount;
    }

    /// <summary>Its offset in the partition.</summary>
    public long Offset { get; }

    /// <summary>Its timestamp in Unix milliseconds: the producer's, or the append time where the topic says so.</summary>
    public long Timestamp { get; }

    /// <summary>Whether the key is null.</summary>
    public bool IsKeyNull => _keyLength < 0;

    /// <summary>Whether the value is null, a tombstone on a compacted topic.</summary>
    public bool IsValueNull => _valueLength < 0;

    /// <summary>The key, which may be null.</summary>
    public OptionalBytes Key => _keyLength < 0 ? default : new OptionalBytes(_body.Slice(_keyAt, _keyLength));

    /// <summary>The value, which may be null.</summary>
    public OptionalBytes Value => _valueLength < 0 ? default : new OptionalBytes(_body.Slice(_valueAt, _valueLength));

    /// <summary>Number of headers.</summary>
    public int HeaderCount => _headerCount;

    /// <summary>The headers, in their order.</summary>
    public RecordHeaderReader Headers => new(_body[_headersAt..], _headerCount);

    /// <summary>Bytes of the record without its length prefix.</summary>
    public int BodyBytes => _body.Length;
}
