using StreamHouse.Broker.Buffers;
using StreamHouse.Records;

namespace StreamHouse.Broker.NodeLogs;

/// <summary>
/// Walks the frames of a log in order and tells, where they end, whether it is a tail that was never acknowledged or damage to what was.
/// </summary>
internal sealed class LogScanner : IDisposable
{
    private const int WindowBytes = 1 << 20;

    private readonly LogFileSet _set;
    private readonly BufferPool _pool;
    private SharedBuffer _window;
    private int _windowFile = -1;
    private long _windowOffset;
    private int _windowBytes;
    private int _file;
    private long _offset = LogLayout.FirstFrameOffset;

    public LogScanner(LogFileSet set, BufferPool pool)
    {
        _set = set;
        _pool = pool;
        _window = pool.Rent(WindowBytes);
        SkipVoidFiles();
        if (_file < set.Files.Count)
        {
            End = Proven = set.Files[_file].Header.Start + LogLayout.FirstFrameOffset;
        }
    }

    /// <summary>The frame <see cref="NextAsync"/> found.</summary>
    public LogFrameHeader Frame { get; private set; }

    /// <summary>The file it is in.</summary>
    public LogFileOnDisk File { get; private set; } = null!;

    /// <summary>Its records; valid until the next call.</summary>
    public ReadOnlyMemory<byte> Body { get; private set; }

    /// <summary>Position after the last good frame.</summary>
    public long End { get; private set; }

    /// <summary>Everything below this position had been synced: a later frame says so.</summary>
    public long Proven { get; private set; }

    /// <summary>Number of files, from the first, up to and including the last that holds frames.</summary>
    public int FilesWithFrames { get; private set; }

    /// <summary>How the log ended; null while frames follow.</summary>
    public NodeLogVerdict? Verdict { get; private set; }

    /// <summary>What was found at <see cref="End"/>, for a person: names file and offset.</summary>
    public string Explanation { get; private set; } = "";

    /// <summary>Moves to the next frame; false at the end, when <see cref="Verdict"/> is set.</summary>
    public async ValueTask<bool> NextAsync(CancellationToken ct)
    {
        while (Verdict is null)
        {
            if (_file >= _set.Files.Count)
            {
                return Stop(NodeLogVerdict.Intact, "The log has no frames.");
            }
            LogFileOnDisk file = _set.Files[_file];
            if (file.Header.Start + _offset >= file.Limit)
            {
                await EnterNextFileAsync(ct);
                continue;
            }
            if (await TryReadFrameAsync(file, ct))
            {
                return true;
            }
            if (Verdict is not null)
            {
                return false;
            }
            if (file.IsCut)
            {
                return Stop(
                    NodeLogVerdict.Corrupt,
                    $"{At(file)} holds no valid frame, but a later recovery found the log intact up to position {file.Limit}.");
            }
            if (_offset == LogLayout.FirstFrameOffset && file.Header.Cut < file.Header.Start)
            {
                return Stop(NodeLogVerdict.Corrupt, $"{At(file)} holds no valid frame, but a recovery wrote and synced one there.");
            }
            if (await FindFrameAsync(_file, _offset + LogLayout.BlockBytes, ct) is string later)
            {
                return Stop(NodeLogVerdict.Corrupt, $"{At(file)} holds no valid frame, but {later} was written after it had been synced.");
            }
            await EnterNextFileAsync(ct);
        }
        return false;
    }

    public void Dispose() => _window.Release();

    private async ValueTask<bool> TryReadFrameAsync(LogFileOnDisk file, CancellationToken ct)
    {
        long position = file.Header.Start + _offset;
        ReadOnlyMemory<byte> block = await ReadAsync(_file, _offset, LogLayout.BlockBytes, ct);
        if (!LogFrameHeader.TryRead(block.Span, file.Header.FileId, position, out LogFrameHeader frame)
            || frame.BodyBytes > file.Limit - position - LogLayout.FrameHeaderBytes)
        {
            return false;
        }
        ReadOnlyMemory<byte> bytes = await ReadAsync(_file, _offset, LogLayout.FrameHeaderBytes + frame.BodyBytes, ct);
        if (bytes.Length < LogLayout.FrameHeaderBytes + frame.BodyBytes
            || Crc32C.Append(0, bytes.Span[LogLayout.FrameHeaderBytes..]) != frame.BodyCrc)
        {
            return false;
        }
        if (FilesWithFrames > 0 && frame.DurablePosition > End)
        {
            // A frame is missing between the two although it had been synced.
            return Stop(
                NodeLogVerdict.Corrupt,
                $"{At(file)} says that the log was synced up to position {frame.DurablePosition}, but it was found intact only up to {End}.");
        }
        Frame = frame;
        File = file;
        Body = bytes[LogLayout.FrameHeaderBytes..];
        FilesWithFrames = _file + 1;
        Proven = Math.Max(Proven, frame.DurablePosition);
        End = position + frame.FrameBytes;
        _offset += frame.FrameBytes;
        return true;
    }

    /// <summary>Goes on in the next file if the log does; otherwise sets the verdict.</summary>
    private async ValueTask EnterNextFileAsync(CancellationToken ct)
    {
        LogFileOnDisk left = _set.Files[_file];
        long leftOffset = _offset;
        int next = _file + 1;
        while (next < _set.Files.Count && _set.Files[next].IsVoid)
        {
            next++;
        }
        if (next < _set.Files.Count
            && LogFrameHeader.TryRead(
                (await ReadAsync(next, LogLayout.FirstFrameOffset, LogLayout.BlockBytes, ct)).Span,
                _set.Files[next].Header.FileId,
                _set.Files[next].Header.Start + LogLayout.FirstFrameOffset,
                out LogFrameHeader first))
        {
            if (first.DurablePosition > End)
            {
                Stop(
                    NodeLogVerdict.Corrupt,
                    $"{left.Name} at offset {leftOffset} (position {End}) holds no valid frame, but the first frame of {_set.Files[next].Name} was written when the log was synced up to position {first.DurablePosition}.");
                return;
            }
            _file = next;
            _offset = LogLayout.FirstFrameOffset;
            return;
        }
        for (int i = next; i < _set.Files.Count; i++)
        {
            if (_set.Files[i].Header is { } header && header.Cut < header.Start)
            {
                Stop(NodeLogVerdict.Corrupt, $"{_set.Files[i].Name} at offset {LogLayout.FirstFrameOffset} holds no valid frame, but a recovery wrote and synced one there.");
                return;
            }
            if (await FindFrameAsync(i, LogLayout.FirstFrameOffset, ct) is string later)
            {
                Stop(NodeLogVerdict.Corrupt, $"{left.Name} at offset {leftOffset} (position {End}) holds no valid frame, but {later} was written after it had been synced.");
                return;
            }
        }
        await StopAtTailAsync(left, leftOffset, ct);
    }

    private async ValueTask StopAtTailAsync(LogFileOnDisk file, long offset, CancellationToken ct)
    {
        ReadOnlyMemory<byte> block = offset < file.Header.Length ? await ReadAsync(_file, offset, LogLayout.BlockBytes, ct) : default;
        bool torn = LogFrameHeader.TryRead(block.Span, file.Header.FileId, file.Header.Start + offset, out _);
        Stop(
            torn ? NodeLogVerdict.Torn : NodeLogVerdict.Intact,
            torn
                ? $"{file.Name} at offset {offset} holds the beginning of a frame that was never synced."
                : $"The log ends in {file.Name} at offset {offset}.");
    }

    /// <summary>Looks for a frame's header on any block from <paramref name="offset"/> to the end of the file; describes the first.</summary>
    private async ValueTask<string?> FindFrameAsync(int index, long offset, CancellationToken ct)
    {
        LogFileOnDisk file = _set.Files[index];
        for (; file.Header.Start + offset < file.Limit; offset += LogLayout.BlockBytes)
        {
            ReadOnlyMemory<byte> block = await ReadAsync(index, offset, LogLayout.BlockBytes, ct);
            if (LogFrameHeader.TryRead(block.Span, file.Header.FileId, file.Header.Start + offset, out _))
            {
                return $"a frame at offset {offset} of {file.Name}";
            }
        }
        return null;
    }

    private async ValueTask<ReadOnlyMemory<byte>> ReadAsync(int index, long offset, int bytes, CancellationToken ct)
    {
        if (index != _windowFile || offset < _windowOffset || offset + bytes > _windowOffset + _windowBytes)
        {
            if (bytes > _window.Capacity)
            {
                _window.Release();
                _window = _pool.Rent(bytes);
            }
            _windowFile = -1;
            _windowBytes = await _set.Files[index].File.ReadAsync(offset, _window.Memory, ct);
            _windowOffset = offset;
            _windowFile = index;
        }
        int from = (int)(offset - _windowOffset);
        return _window.Memory.Slice(from, Math.Min(bytes, _windowBytes - from));
    }

    private void SkipVoidFiles()
    {
        while (_file < _set.Files.Count && _set.Files[_file].IsVoid)
        {
            _file++;
        }
    }

    private bool Stop(NodeLogVerdict verdict, string explanation)
    {
        Verdict = verdict;
        Explanation = explanation;
        return false;
    }

    private string At(LogFileOnDisk file) => $"{file.Name} at offset {_offset} (position {file.Header.Start + _offset})";
}
