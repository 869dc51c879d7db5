using Microsoft.Win32.SafeHandles;
using StreamHouse.Broker.NodeLogs;
using StreamHouse.Storage.Files;

namespace StreamHouse.Storage.NodeLogs;

/// <summary>A file of a <see cref="FolderLogDevice"/>. One write at a time.</summary>
internal sealed class FolderLogFile : AwaitedOperation, ILogFile
{
    private readonly FolderLogDevice _device;
    private readonly DeviceThread _thread;
    private readonly SafeFileHandle _handle;
    private readonly int _descriptor;
    private string _path;
    private DirectFile? _direct;
    private bool _closed;
    private long _position;
    private ReadOnlyMemory<byte> _data;

    public FolderLogFile(FolderLogDevice device, DeviceThread thread, string path, int descriptor)
        : base(thread)
    {
        _device = device;
        _thread = thread;
        _path = path;
        _descriptor = descriptor;
        _handle = new SafeFileHandle(descriptor, ownsHandle: true);
        Length = RandomAccess.GetLength(_handle);
    }

    /// <inheritdoc/>
    public long Length { get; }

    /// <inheritdoc/>
    public ValueTask<int> ReadAsync(long position, Memory<byte> destination, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        return new ValueTask<int>(_thread.RunAsync(() => Read(position, destination.Span)));
    }

    /// <inheritdoc/>
    public ValueTask WriteDurablyAsync(long position, ReadOnlyMemory<byte> data, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        if (position % AlignedMemory.AlignmentBytes != 0 || data.Length % AlignedMemory.AlignmentBytes != 0 || position + data.Length > Length)
        {
            throw new ArgumentException($"A write of {data.Length} bytes at {position} is not aligned, or outside the {Length} bytes of {_path}.");
        }
        if (_thread.CanRunInPlace)
        {
            try
            {
                Write(position, data);
                return default;
            }
            catch (Exception e)
            {
                return ValueTask.FromException(e);
            }
        }
        _position = position;
        _data = data;
        return Task;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_closed)
        {
            _device.Forget(this);
            await _thread.RunAsync(() =>
            {
                Close();
                return true;
            });
        }
    }

    /// <summary>Closes the file. Only on the device's thread, or after its end.</summary>
    public void Close()
    {
        if (_closed)
        {
            return;
        }
        _closed = true;
        _direct?.Dispose();
        _handle.Dispose();
    }

    public void Renamed(string from, string to)
    {
        if (_path == from)
        {
            _path = to;
        }
    }

    protected override void Execute() => Write(_position, _data);

    protected override void Recycle() => _data = default;

    private int Read(long position, Span<byte> destination)
    {
        int read = 0;
        while (read < destination.Length)
        {
            int bytes = RandomAccess.Read(_handle, destination[read..], position + read);
            if (bytes == 0)
            {
                break;
            }
            read += bytes;
        }
        return read;
    }

    private unsafe void Write(long position, ReadOnlyMemory<byte> data)
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        using System.Buffers.MemoryHandle pin = data.Pin();
        byte* bytes = (byte*)pin.Pointer;
        _direct ??= new DirectFile(_path);
        if ((nuint)bytes % AlignedMemory.AlignmentBytes != 0 || !_direct.TryWrite(bytes, data.Length, position, out int error))
        {
            error = NativeFile.Write(_descriptor, bytes, data.Length, position);
        }
        if (error != 0)
        {
            throw NativeFile.Failure($"Cannot write {data.Length} bytes at {position} of {_path}", error);
        }
        NativeFile.SyncData(_descriptor, _path);
    }
}
