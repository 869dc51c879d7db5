namespace StreamHouse.Cli.Shell;

/// <summary>Nobody reads the output any more: the command ends quietly.</summary>
internal sealed class OutputClosedException(Exception inner) : IOException("Nobody reads the output any more.", inner);

/// <summary>Standard output, telling a reader that has gone (<c>| head -1</c>) from other failures.</summary>
internal sealed class GuardedOutput(Stream inner) : Stream
{
    private const int BrokenPipe = 32; // EPIPE

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        try
        {
            inner.Write(buffer);
        }
        catch (IOException e) when ((e.HResult & 0xFFFF) == BrokenPipe || e.HResult == BrokenPipe)
        {
            throw new OutputClosedException(e);
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush() => inner.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
