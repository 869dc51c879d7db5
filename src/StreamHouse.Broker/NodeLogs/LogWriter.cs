using System.Runtime.InteropServices;
using StreamHouse.Broker.Diagnostics;

namespace StreamHouse.Broker.NodeLogs;

/// <summary>The one writer: runs on the device's thread while there is work, and not at all otherwise.</summary>
internal sealed class LogWriter : IAsyncDisposable
{
    private const int HintsMax = 64 * 1024;

    private readonly ILogDevice _device;
    private readonly NodeLogOptions _options;
    private readonly LogSpace _space;
    private readonly Dictionary<long, long> _lastIndexes;
    private readonly TimeProvider _clock;
    private readonly BrokerMetrics _metrics;
    private readonly FrameBuilder _frame;
    private readonly CancellationTokenSource _stopping = new();

    private readonly Lock _gate = new();
    private readonly Dictionary<long, long> _hints = [];
    private List<NodeLogEntry> _waiting = [];
    private bool _running;
    private bool _watching;
    private bool _closing;
    private long _frames;
    private Exception? _failure;
    private TaskCompletionSource? _quiet;

    // Used by the running loop only.
    private List<NodeLogEntry> _taken = [];
    private int _built;
    private int _done;
    private long _durable;
    private bool _unproven;

    public LogWriter(
        ILogDevice device, NodeLogOptions options, LogSpace space, Dictionary<long, long> lastIndexes, TimeProvider clock, BrokerMetrics metrics)
    {
        _device = device;
        _options = options;
        _space = space;
        _lastIndexes = lastIndexes;
        _clock = clock;
        _metrics = metrics;
        _frame = new FrameBuilder(device, options.FrameBytesMax);
        _durable = space.Active.Header.Start + space.Active.Used;
    }

    /// <summary>The next file has become the active one.</summary>
    public event Action? RolledOver;

    /// <summary>Promises were kept that stood in the way of an append.</summary>
    public event Action? SpaceChanged;

    /// <summary>The log is poisoned.</summary>
    public event Action<Exception>? Failed;

    /// <summary>Nothing is admitted any more.</summary>
    public bool IsClosed => IsClosing || Volatile.Read(ref _failure) is not null;

    /// <summary>Batches that wait.</summary>
    public int Queued
    {
        get
        {
            lock (_gate)
            {
                return _waiting.Count;
            }
        }
    }

    public void Append(NodeLogEntry entry)
    {
        entry.Batch.Owner.Retain();
        lock (_gate)
        {
            _waiting.Add(entry);
            if (_running)
            {
                return;
            }
            _running = true;
        }
        _ = RunAsync(prove: false);
    }

    /// <summary>Remembers that a group is tiered up to an offset, to be noted in a frame that has room for it.</summary>
    public void Hint(long group, long endOffset)
    {
        lock (_gate)
        {
            if (_hints.Count < HintsMax)
            {
                _hints[group] = endOffset;
            }
        }
    }

    /// <summary>Fails everything that waits and will come, a write under way excepted. The first cause counts.</summary>
    public void Poison(Exception cause)
    {
        lock (_gate)
        {
            if (_failure is not null)
            {
                return;
            }
            _failure = cause;
        }
        if (!IsClosing)
        {
            _stopping.Cancel();
        }
        Failed?.Invoke(cause);
    }

    /// <summary>Stops admissions, writes what waits, and proves it with a last frame.</summary>
    public async ValueTask DisposeAsync()
    {
        Volatile.Write(ref _closing, true);
        _stopping.Cancel();
        bool proved = false;
        while (true)
        {
            Task quiet;
            lock (_gate)
            {
                bool prove = _unproven && !proved && _failure is null;
                if (!_running && !prove)
                {
                    break;
                }
                _quiet ??= new TaskCompletionSource();
                quiet = _quiet.Task;
                if (!_running)
                {
                    proved = _running = true;
                    _ = RunAsync(prove);
                }
            }
            await quiet;
        }
        _stopping.Dispose();
    }

    private bool IsClosing => Volatile.Read(ref _closing);

    private async Task RunAsync(bool prove)
    {
        try
        {
            await _device.EnterAsync();
            if (prove)
            {
                await ProveAsync();
            }
        }
        catch (Exception e)
        {
            Poison(e);
        }
        while (Take())
        {
            try
            {
                await WriteTakenAsync();
            }
            catch (Exception e)
            {
                Poison(e);
            }
            FailTaken();
        }
    }

    /// <summary>Takes everything that waits. When that is nothing, the loop ends.</summary>
    private bool Take()
    {
        _taken.Clear();
        _done = _built = 0;
        TaskCompletionSource? quiet;
        bool watch;
        lock (_gate)
        {
            if (_waiting.Count > 0)
            {
                (_taken, _waiting) = (_waiting, _taken);
                return true;
            }
            _running = false;
            quiet = _quiet;
            _quiet = null;
            watch = _unproven && !_watching && !_closing && _failure is null;
            _watching |= watch;
        }
        if (watch)
        {
            _ = ProveWhenIdleAsync();
        }
        quiet?.SetResult();
        return false;
    }

    private async Task WriteTakenAsync()
    {
        while (_done < _taken.Count && Volatile.Read(ref _failure) is null)
        {
            if (LogLayout.FrameBytesAlone(_taken[_done].Batch.Length) > _space.Active.Room)
            {
                RollOver();
            }
            Build();
            LogFileInUse file = _space.Active;
            int offset = file.Used;
            int batches = _built - _done;
            bool refused = _space.Use(_frame.FrameBytes, _taken, _done, batches);
            if (_options.Break == EngineBreak.AcknowledgeBeforeSync)
            {
                CompleteBuilt();
            }
            await WriteAsync(file, offset, batches);
            _unproven = true;
            CompleteBuilt();
            if (refused)
            {
                SpaceChanged?.Invoke();
            }
        }
    }

    private void CompleteBuilt()
    {
        while (_done < _built)
        {
            _taken[_done++].OnDurable();
        }
    }

    private void RollOver()
    {
        if (!_space.TryRollOver())
        {
            throw new InvalidOperationException("The node log has no file for batches it had admitted.");
        }
        RolledOver?.Invoke();
    }

    /// <summary>Copies as many batches as fit into the frame. From here on their buffers are not needed.</summary>
    private void Build()
    {
        int room = _space.Active.Room;
        _frame.Start(_taken[_built].Batch.Length);
        while (_built < _taken.Count && _frame.Fits(_taken[_built].Batch.Length, room))
        {
            NodeLogEntry entry = _taken[_built++];
            ref long lastIndex = ref CollectionsMarshal.GetValueRefOrAddDefault(_lastIndexes, entry.Group, out _);
            _frame.AddEntry(entry.Group, entry.Epoch, ++lastIndex, entry.BaseOffset, entry.Count, entry.Batch.Span);
            entry.Batch.Owner.Release();
        }
        AddHints();
    }

    private void AddHints()
    {
        lock (_gate)
        {
            foreach ((long group, long endOffset) in _hints)
            {
                if (!_frame.TryAddTrimHint(group, endOffset))
                {
                    return;
                }
                _hints.Remove(group);
            }
        }
    }

    private async ValueTask WriteAsync(LogFileInUse file, int offset, int batches)
    {
        ReadOnlyMemory<byte> frame = _frame.Finish(file.Header.FileId, file.Header.Start + offset, _durable);
        Interlocked.Increment(ref _frames);
        long started = _clock.GetTimestamp();
        await file.File.WriteDurablyAsync(offset, frame, CancellationToken.None);
        _durable = file.Header.Start + offset + frame.Length;
        _metrics.NodeLogSynced(_clock.GetElapsedTime(started), frame.Length, batches);
    }

    /// <summary>Writes an empty frame: its durable position proves everything before it.</summary>
    private async ValueTask ProveAsync()
    {
        if (_failure is null && _space.TryUseBlock(out int offset))
        {
            _frame.Start(-1);
            AddHints();
            await WriteAsync(_space.Active, offset, batches: 0);
            _unproven = false;
        }
    }

    /// <summary>Waits until there has been no work for a while, then proves what was written. One delay at a time, however many bursts there are.</summary>
    private async Task ProveWhenIdleAsync()
    {
        long frames;
        do
        {
            frames = Interlocked.Read(ref _frames);
            try
            {
                await Task.Delay(_options.IdleSyncDelay, _clock, _stopping.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
        while (!TryStartProof(frames));
        await RunAsync(prove: true);
    }

    private bool TryStartProof(long frames)
    {
        lock (_gate)
        {
            if (_running || _closing || _failure is not null || frames != Interlocked.Read(ref _frames))
            {
                return false;
            }
            _watching = false;
            _running = true;
            return true;
        }
    }

    private void FailTaken()
    {
        while (_done < _taken.Count)
        {
            NodeLogEntry entry = _taken[_done];
            if (_done++ >= _built)
            {
                entry.Batch.Owner.Release();
            }
            try
            {
                entry.OnFailed(_failure!);
            }
            catch (Exception e)
            {
                Poison(e);
            }
        }
    }
}
