namespace StreamHouse.Cli.Producing;

/// <summary>Cuts a stream into lines without decoding them. A line is valid until the next one is asked for.</summary>
/// <param name="input">Read from where it is.</param>
/// <param name="lineBytesMax">A longer line is refused.</param>
internal sealed class LineReader(Stream input, int lineBytesMax = LineReader.DefaultLineBytesMax)
{
    /// <summary>The largest record the server could be told to accept.</summary>
    public const int DefaultLineBytesMax = 32 * 1024 * 1024;

    private byte[] _buffer = new byte[64 * 1024];
    private int _start;
    private int _end;
    private int _searched;
    private bool _isAtEnd;

    /// <summary>The line without its end, which is \n or \r\n.</summary>
    public ReadOnlyMemory<byte> Current { get; private set; }

    /// <summary>Number of <see cref="Current"/>, from 1.</summary>
    public long LineNumber { get; private set; }

    /// <summary>Reads the next line; false at the end. A last line needs no end.</summary>
    /// <exception cref="InvalidDataException">A line is too long.</exception>
    public async ValueTask<bool> ReadAsync(CancellationToken ct)
    {
        while (true)
        {
            int found = _buffer.AsSpan(_searched, _end - _searched).IndexOf((byte)'\n');
            if (found >= 0)
            {
                int lineEnd = _searched + found;
                Take(lineEnd, lineEnd + 1);
                return true;
            }
            _searched = _end;
            if (_isAtEnd)
            {
                if (_start == _end)
                {
                    return false;
                }
                Take(_end, _end);
                return true;
            }
            await FillAsync(ct);
        }
    }

    private void Take(int lineEnd, int next)
    {
        int contentEnd = lineEnd > _start && next > lineEnd && _buffer[lineEnd - 1] == (byte)'\r' ? lineEnd - 1 : lineEnd;
        Current = _buffer.AsMemory(_start, contentEnd - _start);
        _start = next;
        _searched = next;
        LineNumber++;
    }

    private async ValueTask FillAsync(CancellationToken ct)
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _searched -= _start;
            _start = 0;
        }
        if (_end == _buffer.Length)
        {
            if (_end >= lineBytesMax)
            {
                throw new InvalidDataException($"Line {LineNumber + 1} is longer than {lineBytesMax} bytes.");
            }
            Array.Resize(ref _buffer, Math.Min(_buffer.Length * 2, lineBytesMax));
        }

        // A terminal's read cannot be cancelled, but left alone.
        int read = await input.ReadAsync(_buffer.AsMemory(_end), CancellationToken.None).AsTask().WaitAsync(ct);
        _isAtEnd = read == 0;
        _end += read;
    }
}
