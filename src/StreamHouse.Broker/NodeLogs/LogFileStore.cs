namespace StreamHouse.Broker.NodeLogs;

/// <summary>
/// Makes log files and takes them away. A file is prepared under a spare name and gets its log name when its header is synced, and loses that name
/// before anything else happens to it: whatever is named as a log file is one. Not safe for concurrent use.
/// </summary>
internal sealed class LogFileStore(ILogDevice device, NodeLogOptions options, NodeLogIdentity identity, IRandomSource random)
{
    private readonly Stack<(string Name, ILogFile File)> _spares = new();
    private readonly Memory<byte> _block = device.AllocateBuffer(LogLayout.BlockBytes);

    /// <summary>A file can be had although the disk is full.</summary>
    public bool HasSpare => _spares.Count > 0;

    /// <summary>Takes over a file that holds nothing, or removes it if it is of no use.</summary>
    public async ValueTask AddSpareAsync(string name, ILogFile file, CancellationToken ct)
    {
        if (file.Length == options.FileBytes && _spares.Count < options.SpareFilesMax)
        {
            _spares.Push((name, file));
            return;
        }
        await file.DisposeAsync();
        await device.DeleteAsync(name, ct);
    }

    /// <summary>Obtains a file and writes its header, still under a spare name.</summary>
    /// <exception cref="LogDeviceFullException">No space.</exception>
    public async ValueTask<PreparedFile> PrepareAsync(long sequence, long start, long cut, CancellationToken ct)
    {
        Span<byte> fileId = stackalloc byte[8];
        random.Fill(fileId);
        var header = new LogFileHeader(
            identity.NodeLogId, identity.ClusterId, sequence, BitConverter.ToUInt64(fileId), start, cut, options.FileBytes);
        header.Write(_block.Span);
        bool isNew = !_spares.TryPop(out (string Name, ILogFile File) spare);
        if (isNew)
        {
            string name = LogLayout.SpareName(header.FileId);
            spare = (name, await device.CreateAsync(name, options.FileBytes, ct));
        }
        try
        {
            await spare.File.WriteDurablyAsync(0, _block, ct);
        }
        catch (LogDeviceFullException)
        {
            // Some file systems run out of space although it was reserved. Nothing was promised in this file yet.
            await spare.File.DisposeAsync();
            await device.DeleteAsync(spare.Name, ct);
            throw;
        }
        return new PreparedFile(spare.Name, spare.File, header, isNew);
    }

    /// <summary>Makes a prepared file part of the log.</summary>
    public async ValueTask<LogFileInUse> PublishAsync(PreparedFile prepared, int used, CancellationToken ct)
    {
        string name = LogLayout.LogName(prepared.Header.Sequence);
        await device.RenameAsync(prepared.Name, name, ct);
        return new LogFileInUse(name, prepared.File, prepared.Header, used);
    }

    /// <summary>Takes a file out of the log, to be written over.</summary>
    public async ValueTask RetireAsync(string name, LogFileHeader header, ILogFile file, CancellationToken ct)
    {
        string spareName = LogLayout.SpareName(header.FileId);
        await device.RenameAsync(name, spareName, ct);
        await AddSpareAsync(spareName, file, ct);
    }

    /// <summary>Closes the spare files.</summary>
    public async ValueTask CloseAsync()
    {
        while (_spares.TryPop(out (string Name, ILogFile File) spare))
        {
            await spare.File.DisposeAsync();
        }
    }
}

/// <summary>A file with its header written that does not count yet.</summary>
/// <param name="IsNew">The disk had room for it; false when it was written over.</param>
internal readonly record struct PreparedFile(string Name, ILogFile File, LogFileHeader Header, bool IsNew);
