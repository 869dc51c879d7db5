using System.Diagnostics.CodeAnalysis;

namespace StreamHouse.Records;

/// <summary>
/// Enumerates the records of one batch without allocating. It never reads outside the payload, whatever that holds. <c>foreach</c> throws on
/// malformed records; <see cref="Read"/> stops and says why in <see cref="Error"/>, which the caller must look at.
/// </summary>
public ref struct RecordReader
{
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
        PayloadBytes = payload.Length;
        _current = new Record(payload);
        _baseOffset = batch.BaseOffset;
        _baseTimestamp = batch.BaseTimestamp;
        _appendTime = batch.MaxTimestamp;
        _isAppendTime = batch.IsLogAppendTime;
        _count = batch.RecordCount;
    }

    /// <summary>Number of records by the header.</summary>
    public readonly int Count => _count;

    /// <summary>Bytes of the payload, decompressed.</summary>
    public int PayloadBytes { get; }

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
        if (!_current.TryReadNext(ref _at, _baseOffset, _baseTimestamp))
        {
            return Fail(_at >= PayloadBytes ? RecordBatchError.BadRecordCount : RecordBatchError.MalformedRecord);
        }

        if (_isAppendTime)
        {
            _current.SetAppendTime(_appendTime);
        }

        return true;
    }

    /// <summary>Steps to the next record; <see langword="false"/> after the last.</summary>
    /// <exception cref="RecordFormatException">A record is malformed, or the record count lies.</exception>
    public bool MoveNext()
    {
        bool moved = Read();
        RecordFormatException.ThrowIf(Error);
        return moved;
    }

    // Bytes left over mean that the count is too small.
    private bool End() => Error == RecordBatchError.None && _at != PayloadBytes && Fail(RecordBatchError.BadRecordCount);

    private bool Fail(RecordBatchError error)
    {
        Error = error;
        return false;
    }
}
