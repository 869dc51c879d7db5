using Microsoft.Extensions.Logging;
using StreamHouse.Broker.Async;
using StreamHouse.Broker.Partitions;

namespace StreamHouse.Broker.Uploads;

/// <summary>
/// Turns the tails of all led partitions of one durability into objects, one object with a slice per partition at a time. Several uploads
/// may be in flight; they commit in the order they began in. Nothing is dropped: an upload is tried until it is committed or fenced.
/// </summary>
internal sealed class SegmentUploader : IAsyncDisposable
{
    /// <summary>Longest time an upload waits for partitions whose producer state is being loaded; those that take longer come later.</summary>
    private static readonly TimeSpan LoadWaitMax = TimeSpan.FromMilliseconds(250);

    private readonly UploadOptions _options;
    private readonly UploadQueue _queue;
    private readonly ProducerLoads _loads;
    private readonly AsyncSignal _wake;
    private readonly AsyncGate _inFlightPlaces;
    private readonly SliceUpload _upload;
    private readonly Action<Exception> _onFault;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopped = new();
    private Task _lastCommit = Task.CompletedTask;
    private Task _loop = Task.CompletedTask;
    private int _inFlight;
    private bool _draining;

    /// <param name="options">When to upload.</param>
    /// <param name="upload">Does one upload.</param>
    /// <param name="onFault">Told of an error that nobody foresaw: then nothing is uploaded any more, and the process should end.</param>
    /// <param name="clock">Time.</param>
    /// <param name="logger">Where to log.</param>
    public SegmentUploader(UploadOptions options, SliceUpload upload, Action<Exception> onFault, TimeProvider clock, ILogger logger)
    {
        _onFault = onFault;
        _options = options;
        _upload = upload;
        _logger = logger;
        _queue = new UploadQueue(options, clock);
        _wake = new AsyncSignal(clock);
        _inFlightPlaces = new AsyncGate(options.InFlightMax);
        _loads = new ProducerLoads(OnLoaded, _wake.Set, OnUnforeseen, options.RetryDelayMax, clock, logger);
    }

    /// <summary>Uploads that have begun and are not committed yet.</summary>
    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>Starts the loop.</summary>
    public void Start() => _loop = ReportingFaultsAsync(RunAsync());

    /// <summary>A partition has bytes to upload.</summary>
    public void NoteReady(PartitionWriter partition, int bytes)
    {
        if (_queue.Add(partition, bytes))
        {
            _wake.Set();
        }
    }

    /// <summary>Begins an upload of all there is, as soon as one may begin.</summary>
    public void Flush()
    {
        _queue.Flush();
        _wake.Set();
    }

    /// <summary>Ends the loop: at once, or (<paramref name="drain"/>) when everything is committed or <paramref name="ct"/> ends.</summary>
    public async Task StopAsync(bool drain, CancellationToken ct)
    {
        _draining = true;
        if (drain)
        {
            Flush();
            await using CancellationTokenRegistration _ = ct.UnsafeRegister(static s => ((CancellationTokenSource)s!).Cancel(), _stopped);
            await _loop;
            await _lastCommit;
        }
        _stopped.Cancel();
        _wake.Set();
        await _loop;
        await _lastCommit;
        _stopped.Dispose();
    }

    /// <summary>Ends the loop at once.</summary>
    public async ValueTask DisposeAsync() => await StopAsync(drain: false, CancellationToken.None);

    private async Task ReportingFaultsAsync(Task work)
    {
        try
        {
            await work;
        }
        catch (Exception e)
        {
            OnUnforeseen(e);
        }
    }

    private void OnUnforeseen(Exception e)
    {
        UploadLog.Faulted(_logger, e);
        _onFault(e);
        _stopped.Cancel();
    }

    private async Task RunAsync()
    {
        while (!_stopped.IsCancellationRequested && !(_draining && _queue.IsEmpty && _loads.Count == 0))
        {
            TimeSpan wait = _queue.UntilDue(idle: InFlight == 0);
            if (wait != TimeSpan.Zero)
            {
                await _wake.WaitAsync(wait);
                continue;
            }
            await _inFlightPlaces.EnterAsync();
            List<SealedSlice> slices = await SealAsync(_queue.Take());
            if (slices.Count == 0)
            {
                _inFlightPlaces.Leave();
                continue;
            }
            Interlocked.Increment(ref _inFlight);
            _lastCommit = ReportingFaultsAsync(UploadAsync(slices, _lastCommit));
        }
    }

    private async Task<List<SealedSlice>> SealAsync(IReadOnlyList<PartitionWriter> ready)
    {
        List<PartitionWriter>? unloaded = null;
        foreach (PartitionWriter partition in ready)
        {
            if (!partition.CanSeal)
            {
                (unloaded ??= []).Add(partition);
            }
        }
        if (unloaded is not null)
        {
            await _loads.RunAsync(unloaded, LoadWaitMax, _stopped.Token);
        }
        List<SealedSlice> slices = new(ready.Count);
        foreach (PartitionWriter partition in ready)
        {
            // What is not loaded yet is noted again once it is.
            if (partition.Seal() is { } slice)
            {
                slices.Add(slice);
            }
        }
        return slices;
    }

    private void OnLoaded(PartitionWriter partition)
    {
        NoteReady(partition, 0);
        Flush();
    }

    private async Task UploadAsync(List<SealedSlice> slices, Task previous)
    {
        try
        {
            await _upload.RunAsync(slices, previous, _options, _stopped.Token);
        }
        finally
        {
            foreach (SealedSlice slice in slices)
            {
                slice.Release();
            }
            Interlocked.Decrement(ref _inFlight);
            _inFlightPlaces.Leave();
            _wake.Set();
        }
    }
}
