using StreamHouse.Records;

namespace StreamHouse.Broker.NodeLogs;

/// <summary>Lays out one frame in a buffer: records first, then the header in front of them.</summary>
internal sealed class FrameBuilder
{
    // What is copied at a time is in the processor's nearest cache when its checksum is taken.
    private const int CopyBytes = 16 * 1024;

    private readonly ILogDevice _device;
    private readonly Memory<byte> _usual;
    private Memory<byte> _buffer;
    private int _used;
    private uint _crc;

    public FrameBuilder(ILogDevice device, int frameBytesMax)
    {
        _device = device;
        _usual = device.AllocateBuffer(frameBytesMax);
        _buffer = _usual;
    }

    /// <summary>The frame's size so far, padding included.</summary>
    public int FrameBytes => LogLayout.Align(_used);

    /// <summary>Begins a frame whose first batch is that large; -1 when it has none.</summary>
    public void Start(int firstBatchBytes)
    {
        _used = LogLayout.FrameHeaderBytes;
        _crc = 0;
        int needed = LogLayout.FrameBytesAlone(Math.Max(firstBatchBytes, 0));
        _buffer = needed <= _usual.Length ? _usual : _device.AllocateBuffer(needed);
    }

    /// <summary>Whether a batch fits into the buffer and into <paramref name="room"/> bytes of the file.</summary>
    public bool Fits(int batchBytes, long room)
    {
        long bytes = (long)_used + LogLayout.EntryOverheadBytes + batchBytes;
        return bytes <= _buffer.Length && bytes <= room;
    }

    public void AddEntry(long group, long epoch, long index, long baseOffset, int count, ReadOnlySpan<byte> batch)
    {
        Span<byte> output = _buffer.Span[_used..];
        Added(output[..LogRecord.WriteEntryHead(output, group, epoch, index, baseOffset, count, batch.Length)]);
        while (!batch.IsEmpty)
        {
            Span<byte> copied = _buffer.Span.Slice(_used, Math.Min(batch.Length, CopyBytes));
            batch[..copied.Length].CopyTo(copied);
            Added(copied);
            batch = batch[copied.Length..];
        }
    }

    /// <summary>Adds a hint if the padding has room for it: hints never make a frame larger.</summary>
    public bool TryAddTrimHint(long group, long endOffset)
    {
        if (LogLayout.Align(_used + LogLayout.TrimHintBytes) > Math.Max(FrameBytes, LogLayout.BlockBytes))
        {
            return false;
        }
        Span<byte> output = _buffer.Span[_used..];
        Added(output[..LogRecord.WriteTrimHint(output, group, endOffset)]);
        return true;
    }

    /// <summary>Completes the frame.</summary>
    public ReadOnlyMemory<byte> Finish(ulong fileId, long position, long durablePosition)
    {
        var header = new LogFrameHeader(fileId, position, durablePosition, _used - LogLayout.FrameHeaderBytes, _crc);
        Memory<byte> frame = _buffer[..header.FrameBytes];
        header.Write(frame.Span);
        frame.Span[_used..].Clear();
        _buffer = _usual;
        return frame;
    }

    private void Added(ReadOnlySpan<byte> record)
    {
        _crc = Crc32C.Append(_crc, record);
        _used += record.Length;
    }
}
