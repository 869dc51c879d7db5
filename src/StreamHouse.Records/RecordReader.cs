using System.Diagnostics.CodeAnalysis;

namespace StreamHouse.Records;

/// <summary>
/// Enumerates the records of one batch without allocating. It never reads outside the payload, whatever that holds. <c>foreach</c> throws on
/// malformed records; <see cref="Read"/> stops and says why in <see cref="Error"/>, which the caller must look at.
/// </summary>
public ref struct RecordReader
{
    private readonly ReadOnlySpan<byte> _payload;
    private readonly long _baseOffset;
    private readonly long _baseTimestamp;
    private readonly long _appendTime;
    private readonly bool _isAppendTime;
    private readonly int _count;
    private int _read;
    private int _at;
    private Record _current;

    /// <summary>Reads the decompressed <paramref name="payload"/> of the batch whose header <paramref name="batch"/> shows.</summary>
    public RecordReader(scoped in RecordBatchView batch, ReadOnlySpan<byte> payload)
    {
        _payload = payload;
        _baseOffset = batch.BaseOffset;
        _baseTimestamp = batch.BaseTimestamp;
        _appendTime = batch.MaxTimestamp;
        _isAppendTime = batch.IsLogAppendTime;
        _count = batch.RecordCount;
    }

    /// <summary>Number of records by the header.</summary>
    public readonly int Count => _count;

    /// <summary>Bytes of the payload, decompressed.</summary>
    public readonly int PayloadBytes => _payload.Length;

    /// <summary>Why <see cref="Read"/> stopped: <see cref="RecordBatchError.None"/> after the last record.</summary>
    public RecordBatchError Error { get; private set; }

    /// <summary>The record that the last <see cref="Read"/> or <see cref="MoveNext"/> found; its spans live as long as the payload.</summary>
    [UnscopedRef]
    public readonly ref readonly Record Current => ref _current;

    /// <summary>For <c>foreach</c>.</summary>
    public readonly RecordReader GetEnumerator() => this;

    /// <summary>Steps to the next record; <see langword="false"/> after the last and at a malformed one.</summary>
    public bool Read()
    {
        if (_read >= _count || Error != RecordBatchError.None)
        {
            return End();
        }

        _read++;
        return TryReadRecord() || Fail(_at >= _payload.Length ? RecordBatchError.BadRecordCount : RecordBatchError.MalformedRecord);
    }

    /// <summary>Steps to the next record; <see langword="false"/> after the last.</summary>
    /// <exception cref="RecordFormatException">A record is malformed, or the record count lies.</exception>
    public bool MoveNext()
    {
        bool moved = Read();
        RecordFormatException.ThrowIf(Error);
        return moved;
    }

    private bool TryReadRecord()
    {
        int at = _at;
        if (!Varint.TryRead(_payload, ref at, out int length) || (uint)length > (uint)(_payload.Length - at))
        {
            return false;
        }

        ReadOnlySpan<byte> body = _payload.Slice(at, length);
        int next = at + length;
        at = 1; // the record's own attributes: no bit has a meaning yet
        if (!Varint.TryRead(body, ref at, out long timestampDelta)
            || !Varint.TryRead(body, ref at, out int offsetDelta)
            || !Varint.TryRead(body, ref at, out int keyLength)
            || !TrySkip(body, ref at, keyLength, out int keyAt)
            || !Varint.TryRead(body, ref at, out int valueLength)
            || !TrySkip(body, ref at, valueLength, out int valueAt)
            || !Varint.TryRead(body, ref at, out int headerCount)
            || headerCount < 0
            || (headerCount == 0 ? at != body.Length : !RecordHeaderReader.IsValid(body[at..], headerCount)))
        {
            return false;
        }

        long timestamp = _isAppendTime ? _appendTime : unchecked(_baseTimestamp + timestampDelta);
        _current = new Record(body, unchecked(_baseOffset + offsetDelta), timestamp, keyAt, keyLength, valueAt, valueLength, at, headerCount);
        _at = next;
        return true;
    }

    private static bool TrySkip(ReadOnlySpan<byte> body, ref int at, int length, out int start)
    {
        start = at;
        if (length > body.Length - at || length < -1)
        {
            return false;
        }

        at += Math.Max(length, 0);
        return true;
    }

    // Bytes left over mean that the count is too small.
    private bool End() => Error == RecordBatchError.None && _at != _payload.Length && Fail(RecordBatchError.BadRecordCount);

    private bool Fail(RecordBatchError error)
    {
        Error = error;
        return false;
    }
}
