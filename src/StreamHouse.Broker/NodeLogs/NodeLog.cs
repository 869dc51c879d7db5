using Microsoft.Extensions.Logging;
using StreamHouse.Broker.Buffers;
using StreamHouse.Broker.Diagnostics;

namespace StreamHouse.Broker.NodeLogs;

/// <summary>
/// The process's write-ahead log, for all partitions. One writer takes everything that waits, writes it as one frame, syncs once, completes all of
/// it in order and takes what arrived meanwhile; with nothing waiting it stops, without a timer. Any failure to write poisons the log for good.
/// </summary>
public sealed class NodeLog : IAsyncDisposable
{
    private readonly NodeLogOptions _options;
    private readonly LogSpace _space;
    private readonly LogFileStore _store;
    private readonly LogHousekeeper _housekeeper;
    private readonly LogWriter _writer;
    private readonly TaskCompletionSource<Exception> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _disposed;

    private NodeLog(ILogDevice device, NodeLogOptions options, RecoveredLog recovered, TimeProvider clock, BrokerMetrics metrics, ILogger logger)
    {
        _options = options;
        _store = recovered.Store;
        Id = recovered.Identity.NodeLogId;
        _space = new LogSpace(recovered.Files);
        _housekeeper = new LogHousekeeper(device, options, _space, _store, clock, metrics, logger);
        _writer = new LogWriter(device, options, _space, recovered.LastIndexes, clock, metrics);
        _writer.RolledOver += _housekeeper.Wake;
        _writer.Failed += cause => Fail(cause, logger);
        _housekeeper.Failed += _writer.Poison;
        _housekeeper.SpaceChanged += () => SpaceChanged?.Invoke();
        _writer.SpaceChanged += () => SpaceChanged?.Invoke();
        _housekeeper.Wake();
    }

    /// <summary>An append that was answered with <see cref="NodeLogAdmission.Wait"/> or <see cref="NodeLogAdmission.NoSpace"/> may now get another answer. Handlers must be short.</summary>
    public event Action? SpaceChanged;

    /// <summary>The log's identity, kept in all its files.</summary>
    public Guid Id { get; }

    /// <summary>Completes with the cause when the log has failed. The process must then exit: what was not acknowledged may or may not be on disk.</summary>
    public Task<Exception> Failed => _failed.Task;

    /// <summary>Bytes of the files that hold data or are ready for it.</summary>
    public long BytesInUse => _space.Bytes;

    /// <summary>Files of <see cref="BytesInUse"/>.</summary>
    public int FilesInUse => _space.Files;

    /// <summary>Largest batch that can be appended, in bytes.</summary>
    public int BatchBytesMax => _options.BatchBytesMax;

    /// <summary>Whether only tiering can make space: no further file is allowed, or the disk has room for none.</summary>
    public bool NeedsTiering => _space.Full || _space.IsAtLimit(_options.FilesMax);

    /// <summary>Batches that wait for the writer.</summary>
    public int QueuedBatches => _writer.Queued;

    /// <summary>Reads which log and cluster a folder's files belong to, without changing anything; null when there are none.</summary>
    /// <exception cref="BrokerException"><see cref="BrokerErrorCode.DataDamaged"/>: a header is damaged, of another version or log, or a file is missing.</exception>
    public static async Task<NodeLogIdentity?> ReadIdentityAsync(ILogDevice device, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(device);
        await using LogFileSet set = await LogFileSet.OpenAsync(device, ct);
        return set.Files.Count == 0 ? null : new NodeLogIdentity(set.Files[0].Header.NodeLogId, set.Files[0].Header.ClusterId);
    }

    /// <summary>Recovers the log in a folder, or starts one, and opens it for appends.</summary>
    /// <param name="device">The folder.</param>
    /// <param name="options">Limits.</param>
    /// <param name="recoveredBytesMax">Bytes of batches that may be held in memory; more refuses the start.</param>
    /// <param name="clusterId">The cluster in the metadata; the files must agree.</param>
    /// <param name="groups">Every group the metadata knows, those of deleted topics included.</param>
    /// <param name="pool">Where recovered batches are kept.</param>
    /// <param name="random">Source of ids.</param>
    /// <param name="clock">Used for the idle sync and for retries when the disk is full.</param>
    /// <param name="metrics">Receives syncs and reserved files.</param>
    /// <param name="logger">Receives what an operator must know.</param>
    /// <exception cref="BrokerException"><see cref="BrokerErrorCode.DataDamaged"/>: the log is damaged or does not fit the metadata; nothing was changed.</exception>
    /// <exception cref="BrokerException"><see cref="BrokerErrorCode.InvalidConfig"/>: a limit is lower than what the last run left needs.</exception>
    /// <exception cref="LogDeviceFullException">No space for a first file.</exception>
    public static async Task<NodeLogRecovery> OpenAsync(
        ILogDevice device,
        NodeLogOptions options,
        long recoveredBytesMax,
        Guid clusterId,
        IReadOnlyDictionary<long, KnownGroup> groups,
        BufferPool pool,
        IRandomSource random,
        TimeProvider clock,
        BrokerMetrics metrics,
        ILogger logger,
        CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        RecoveredLog recovered = await new LogRecoverer(device, options, recoveredBytesMax, clusterId, groups, pool, random, logger).RunAsync(ct);
        HashSet<long> met = [.. recovered.LastIndexes.Keys];
        return new NodeLogRecovery(new NodeLog(device, options, recovered, clock, metrics, logger), recovered.Groups, met);
    }

    /// <summary>
    /// Sets space aside for a batch, before it is sequenced: from then on its append cannot run out of space. Never blocks.
    /// </summary>
    /// <param name="batchBytes">Size of the batch, at most <see cref="NodeLogOptions.BatchBytesMax"/>.</param>
    /// <returns>Only after <see cref="NodeLogAdmission.Admitted"/> <see cref="Append"/> may, and must, follow with a batch of that size.</returns>
    public NodeLogAdmission Admit(int batchBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(batchBytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(batchBytes, _options.BatchBytesMax);
        return _writer.IsClosed ? NodeLogAdmission.Closed : _space.Admit(batchBytes);
    }

    /// <summary>Hands a batch to the writer. Never blocks; order of calls is order in the log and of completion.</summary>
    public void Append(NodeLogEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        _writer.Append(entry);
    }

    /// <summary>
    /// The manifest has a group's offsets below <paramref name="endOffset"/>, committed and synced: files that hold nothing else are written over.
    /// </summary>
    /// <param name="endOffset"><see cref="long.MaxValue"/> when the topic is deleted: batches still to come are dropped too.</param>
    public void MarkTiered(long group, long endOffset)
    {
        if (_space.MarkTiered(group, endOffset))
        {
            _housekeeper.Wake();
        }
        _writer.Hint(group, endOffset);
    }

    /// <summary>Writes what waits, syncs the empty frame that proves it, and closes the files.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }
        _disposed = true;
        await _writer.DisposeAsync();
        await _housekeeper.DisposeAsync();
        await _store.CloseAsync();
        foreach (LogFileInUse file in _space.All())
        {
            await file.File.DisposeAsync();
        }
    }

    private void Fail(Exception cause, ILogger logger)
    {
        if (_failed.TrySetResult(cause))
        {
            Log.Poisoned(logger, cause);
            SpaceChanged?.Invoke();
        }
    }
}
