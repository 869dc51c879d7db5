namespace StreamHouse.Records;

/// <summary>
/// Walks batches that lie back to back, as in a produce request, a fetch response or a segment slice. It checks framing (length and magic)
/// and nothing else. <c>foreach</c> throws on bad bytes; <see cref="Read"/> stops and says why in <see cref="Error"/>.
/// </summary>
public ref struct RecordBatchWalker
{
    private readonly ReadOnlySpan<byte> _bytes;
    private int _currentAt;
    private int _nextAt;

    /// <summary>Walks <paramref name="batches"/>; no bytes are no batches.</summary>
    public RecordBatchWalker(ReadOnlySpan<byte> batches) => _bytes = batches;

    /// <summary>Why <see cref="Read"/> stopped: <see cref="RecordBatchError.None"/> at the end of the last batch.</summary>
    public RecordBatchError Error { get; private set; }

    /// <summary>Position of the current batch.</summary>
    public readonly int Position => _currentAt;

    /// <summary>Position after the current batch, where the next one begins or, after an error, where the bad bytes begin.</summary>
    public readonly int NextPosition => _nextAt;

    /// <summary>The batch that the last <see cref="Read"/> or <see cref="MoveNext"/> found.</summary>
    public readonly RecordBatchView Current => new(_bytes[_currentAt.._nextAt]);

    /// <summary>Steps to the next batch; <see langword="false"/> at the end and at bytes that are no batch.</summary>
    public bool Read()
    {
        _currentAt = _nextAt;
        if (_nextAt == _bytes.Length || Error != RecordBatchError.None)
        {
            return false;
        }

        Error = RecordBatchValidator.CheckFraming(_bytes[_nextAt..], out int sizeBytes);
        _nextAt += sizeBytes;
        return Error == RecordBatchError.None;
    }

    /// <summary>Steps to the next batch; <see langword="false"/> at the end.</summary>
    /// <exception cref="RecordFormatException">The bytes are no batch, or a part of one.</exception>
    public bool MoveNext()
    {
        bool moved = Read();
        RecordFormatException.ThrowIf(Error);
        return moved;
    }

    /// <summary>For <c>foreach</c>.</summary>
    public readonly RecordBatchWalker GetEnumerator() => this;
}
