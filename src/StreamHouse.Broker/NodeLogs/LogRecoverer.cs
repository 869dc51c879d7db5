using Microsoft.Extensions.Logging;
using StreamHouse.Broker.Buffers;

namespace StreamHouse.Broker.NodeLogs;

/// <summary>
/// Opens a log: reads what is there, refuses damage, and starts a new file that holds, synced, whatever was not proven to be synced before.
/// </summary>
internal sealed class LogRecoverer(
    ILogDevice device, NodeLogOptions options, long recoveredBytesMax, Guid clusterId, IReadOnlyDictionary<long, KnownGroup> groups, BufferPool pool,
    IRandomSource random, ILogger logger)
{
    private readonly RecoveredEntries _recovered = new(groups, pool, recoveredBytesMax);

    /// <summary>Runs the recovery. Afterwards nothing on disk needs to be synced again.</summary>
    public async Task<RecoveredLog> RunAsync(CancellationToken ct)
    {
        LogFileSet set = await LogFileSet.OpenAsync(device, ct);
        try
        {
            if (set.Files.Count > 0 && set.Files[0].Header.ClusterId != clusterId)
            {
                throw new BrokerException(
                    BrokerErrorCode.DataDamaged,
                    $"The node log in this data directory ({set.Files[0].Name}) belongs to cluster {set.Files[0].Header.ClusterId}, "
                    + $"the metadata to cluster {clusterId}. One of them is from elsewhere.");
            }
            return await RecoverAsync(set, ct);
        }
        catch
        {
            _recovered.Release();
            await set.DisposeAsync();
            throw;
        }
    }

    private async Task<RecoveredLog> RecoverAsync(LogFileSet set, CancellationToken ct)
    {
        using var scanner = new LogScanner(set, pool);
        await ReadAsync(scanner, ct);
        var identity = new NodeLogIdentity(set.Files.Count > 0 ? set.Files[0].Header.NodeLogId : random.NextGuid(), clusterId);
        var store = new LogFileStore(device, options, identity, random);

        // Files after the last frame are empty. Taking them back first lets a server with a full disk start.
        int kept = set.Files.Count;
        while (kept > scanner.FilesWithFrames)
        {
            LogFileOnDisk empty = set.Files[--kept];
            await store.RetireAsync(empty.Name, empty.Header, empty.File, ct);
        }
        foreach (string name in set.SpareNames)
        {
            await store.AddSpareAsync(name, await device.OpenAsync(name, ct), ct);
        }

        // Little data is copied whole: restarts in a row must not leave a file each.
        bool copyAll = _recovered.Bytes <= options.FileBytes / 4;
        long copied = options.Break switch
        {
            EngineBreak.RecoverWithoutSync => scanner.End,
            EngineBreak.CutBelowDurable => scanner.Proven,
            _ => copyAll ? 0 : scanner.Proven,
        };
        long cut = options.Break == EngineBreak.CutBelowDurable ? Math.Max(0, copied - LogLayout.BlockBytes) : copied;
        LogFileHeader? last = set.Files.Count > 0 ? set.Files[^1].Header : null;
        long sequence = kept > 0 ? set.Files[kept - 1].Header.Sequence + 1 : last?.Sequence ?? 1;
        LogFileInUse active = await StartFileAsync(store, sequence, last?.End ?? 0, cut, copied, ct);

        var files = new List<LogFileInUse>(kept + 1);
        for (int i = 0; i < kept; i++)
        {
            LogFileOnDisk file = set.Files[i];
            files.Add(new LogFileInUse(file.Name, file.File, file.Header, (int)file.Header.Length));
        }
        files.Add(active);
        Pin(files, copied);
        if (scanner.Verdict == NodeLogVerdict.Torn)
        {
            Log.TornTail(logger, scanner.Explanation);
        }
        Log.Recovered(logger, identity.NodeLogId, _recovered.Entries.Count, _recovered.Bytes, files.Count);
        return new RecoveredLog(identity, store, files, _recovered.LastIndexes, _recovered.TakeByGroup());
    }

    private async Task ReadAsync(LogScanner scanner, CancellationToken ct)
    {
        while (await scanner.NextAsync(ct))
        {
            AddRecords(scanner);
        }
        NodeLogVerdict? damaged = options.Break switch
        {
            EngineBreak.TakeDamageForTornEnd => null,
            EngineBreak.TakeTornEndForDamage => NodeLogVerdict.Torn,
            _ => NodeLogVerdict.Corrupt,
        };
        if (scanner.Verdict >= damaged)
        {
            throw new BrokerException(
                BrokerErrorCode.DataDamaged,
                $"The node log is damaged where it had been synced, so acknowledged data may be lost: {scanner.Explanation}");
        }
    }

    private void AddRecords(LogScanner scanner)
    {
        ReadOnlySpan<byte> body = scanner.Body.Span;
        while (body.Length > 0)
        {
            if (!LogRecord.TryRead(ref body, out LogRecord record, out ReadOnlySpan<byte> batch))
            {
                throw new BrokerException(
                    BrokerErrorCode.DataDamaged,
                    $"Node-log file {scanner.File.Name}, frame at offset {scanner.Frame.Position - scanner.File.Header.Start}: its checksum is right "
                    + "but its records are malformed.");
            }
            _recovered.Add(record, batch, scanner.File, scanner.Frame.Position);
        }
    }

    /// <summary>
    /// Starts the file that is written from now on with what lies above the cut, which is where what is copied begins. What was only in the page
    /// cache must not be served, so it is synced here; the closing empty frame proves it, and only then the file counts.
    /// </summary>
    private async Task<LogFileInUse> StartFileAsync(LogFileStore store, long sequence, long start, long cut, long copied, CancellationToken ct)
    {
        PreparedFile prepared = await store.PrepareAsync(sequence, start, Math.Min(cut, start), ct);
        var builder = new FrameBuilder(device, options.FrameBytesMax);
        int used = LogLayout.FirstFrameOffset;
        long durable = Math.Min(cut, start);
        IReadOnlyList<RecoveredEntry> entries = _recovered.Entries;
        int i = 0;
        while (i < entries.Count && entries[i].Position < copied)
        {
            i++;
        }
        while (i < entries.Count)
        {
            builder.Start(entries[i].Batch.Batch.Length);
            if (!builder.Fits(entries[i].Batch.Batch.Length, prepared.Header.Length - LogLayout.BlockBytes - used))
            {
                throw new BrokerException(
                    BrokerErrorCode.InvalidConfig,
                    $"What the last run left does not fit into one node-log file of {prepared.Header.Length} bytes. "
                    + "Set NodeLog:FileBytes to what it was.");
            }
            while (i < entries.Count && builder.Fits(entries[i].Batch.Batch.Length, prepared.Header.Length - LogLayout.BlockBytes - used))
            {
                RecoveredEntry entry = entries[i++];
                builder.AddEntry(entry.Group, entry.Batch.Epoch, entry.Index, entry.Batch.BaseOffset, entry.Batch.Count, entry.Batch.Batch.Span);
            }
            (used, durable) = await WriteAsync(builder, prepared, used, durable, ct);
        }
        builder.Start(-1);
        (used, _) = await WriteAsync(builder, prepared, used, durable, ct);
        return await store.PublishAsync(prepared, used, ct);
    }

    private static async Task<(int Used, long Durable)> WriteAsync(
        FrameBuilder builder, PreparedFile file, int used, long durable, CancellationToken ct)
    {
        ReadOnlyMemory<byte> frame = builder.Finish(file.Header.FileId, file.Header.Start + used, durable);
        await file.File.WriteDurablyAsync(used, frame, ct);
        return (used + frame.Length, file.Header.Start + used + frame.Length);
    }

    private void Pin(List<LogFileInUse> files, long copied)
    {
        foreach (RecoveredEntry entry in _recovered.Entries)
        {
            LogFileInUse file = files[^1];
            if (entry.Position < copied)
            {
                file = files.Find(f => entry.Position < f.Header.End)!;
            }
            file.Pins[entry.Group] = entry.Batch.BaseOffset + entry.Batch.Count;
        }
    }
}

/// <summary>What <see cref="LogRecoverer"/> hands over.</summary>
internal sealed record RecoveredLog(
    NodeLogIdentity Identity,
    LogFileStore Store,
    List<LogFileInUse> Files,
    Dictionary<long, long> LastIndexes,
    IReadOnlyDictionary<long, IReadOnlyList<RecoveredBatch>> Groups);
