using Microsoft.Win32.SafeHandles;
using StreamHouse.Storage.Files;

namespace StreamHouse.Storage.Objects;

/// <summary>
/// A new file, written from its beginning to its end in steps of one buffer, past the page cache where the file system allows it: filling pages
/// of the cache costs several times what copying into a buffer that is used again does, and a node log on the same disk syncs between two
/// steps, not behind the whole object. Blocking, and for one caller.
/// </summary>
internal sealed class ObjectFile : IDisposable
{
    private readonly SafeFileHandle _file;
    private readonly Memory<byte> _step;
    private readonly DirectFile? _direct;
    private long _written;
    private int _used;

    /// <param name="path">A file of that name must not exist.</param>
    /// <param name="bytes">What will be written in all: reserved, so that a full disk is met early.</param>
    /// <param name="step">The buffer, from <see cref="AlignedMemory"/>; its length is a multiple of the alignment.</param>
    public ObjectFile(string path, long bytes, Memory<byte> step)
    {
        // The lock that comes with FileShare.None tells other processes that the file is in use.
        _file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.None);
        _step = step;
        try
        {
            FolderCalls.Reserve(_file, bytes);
        }
        catch
        {
            _file.Dispose();
            throw;
        }
        _direct = bytes >= AlignedMemory.AlignmentBytes ? new DirectFile(path) : null;
    }

    /// <summary>Adds bytes at the end. Cancelled between two steps.</summary>
    public void Append(ReadOnlySpan<byte> bytes, CancellationToken ct)
    {
        while (!bytes.IsEmpty)
        {
            int taken = Math.Min(bytes.Length, _step.Length - _used);
            bytes[..taken].CopyTo(_step.Span[_used..]);
            bytes = bytes[taken..];
            _used += taken;
            if (_used == _step.Length)
            {
                ct.ThrowIfCancellationRequested();
                WriteStep();
            }
        }
    }

    /// <summary>Writes the rest and makes everything durable.</summary>
    public void Finish()
    {
        WriteStep();
        FolderCalls.Sync(_file);
    }

    /// <summary>Closes the file.</summary>
    public void Dispose()
    {
        _direct?.Dispose();
        _file.Dispose();
    }

    private void WriteStep()
    {
        int direct = AlignedMemory.RoundDown(_used);
        if (direct > 0 && !TryWriteDirect(direct))
        {
            direct = 0;
        }
        if (direct < _used)
        {
            RandomAccess.Write(_file, _step.Span[direct.._used], _written + direct);
            FolderCalls.WriteBack(_file, _written + direct, _used - direct);
        }
        _written += _used;
        _used = 0;
    }

    private unsafe bool TryWriteDirect(int bytes)
    {
        int error = 0;
        bool written;
        fixed (byte* data = _step.Span)
        {
            written = _direct is not null && _direct.TryWrite(data, bytes, _written, out error);
        }
        return error == 0 ? written : throw FolderCalls.Failed("pwrite", error);
    }
}
