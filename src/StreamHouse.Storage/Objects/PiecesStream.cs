namespace StreamHouse.Storage.Objects;

/// <summary>A seekable view of a range of an object's pieces, so that a request can be sent again without a copy.</summary>
internal sealed class PiecesStream : Stream
{
    private readonly IReadOnlyList<ReadOnlyMemory<byte>> _pieces;
    private readonly long _start;
    private int _piece;
    private long _pieceStart;
    private long _position;

    /// <param name="pieces">The whole object.</param>
    /// <param name="start">First byte of the range.</param>
    /// <param name="length">Bytes of the range.</param>
    public PiecesStream(IReadOnlyList<ReadOnlyMemory<byte>> pieces, long start, long length)
    {
        _pieces = pieces;
        _start = start;
        Length = length;
    }

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length { get; }

    public override long Position
    {
        get => _position;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            _position = value;
        }
    }

    public override int Read(Span<byte> buffer)
    {
        int done = 0;
        int wanted = (int)Math.Clamp(Length - _position, 0, buffer.Length);
        while (done < wanted)
        {
            ReadOnlySpan<byte> piece = Rest(_start + _position).Span;
            int count = Math.Min(piece.Length, wanted - done);
            piece[..count].CopyTo(buffer[done..]);
            done += count;
            _position += count;
        }
        return done;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.FromResult(Read(buffer.Span));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        Task.FromResult(Read(buffer.AsSpan(offset, count)));

    public override long Seek(long offset, SeekOrigin origin) => Position = origin switch
    {
        SeekOrigin.Begin => offset,
        SeekOrigin.Current => _position + offset,
        _ => Length + offset,
    };

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    // What is left of the piece that holds a position; remembers the piece, because reads go forward.
    private ReadOnlyMemory<byte> Rest(long position)
    {
        if (position < _pieceStart)
        {
            _piece = 0;
            _pieceStart = 0;
        }
        while (position >= _pieceStart + _pieces[_piece].Length)
        {
            _pieceStart += _pieces[_piece].Length;
            _piece++;
        }
        return _pieces[_piece][(int)(position - _pieceStart)..];
    }
}
