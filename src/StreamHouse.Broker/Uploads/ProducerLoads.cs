using Microsoft.Extensions.Logging;
using StreamHouse.Broker.Async;
using StreamHouse.Broker.Partitions;

namespace StreamHouse.Broker.Uploads;

/// <summary>
/// Loads the producer state of partitions that are to be uploaded for the first time since the start: several at once, each tried until it
/// succeeds, and none of them in the way of partitions that are ready.
/// </summary>
/// <param name="onLoaded">Told of each partition that was loaded after its upload had gone on without it.</param>
/// <param name="onEnded">Told whenever <see cref="Count"/> has become smaller.</param>
/// <param name="onFault">Told of an error that nobody foresaw.</param>
/// <param name="retryDelay">Pause after a failure.</param>
/// <param name="clock">Time.</param>
/// <param name="logger">Where to log.</param>
internal sealed class ProducerLoads(
    Action<PartitionWriter> onLoaded, Action onEnded, Action<Exception> onFault, TimeSpan retryDelay, TimeProvider clock, ILogger logger)
{
    private const int AtOnceMax = 32;

    private readonly Lock _lock = new();
    private readonly HashSet<PartitionWriter> _loading = [];
    private readonly AsyncGate _places = new(AtOnceMax);

    /// <summary>Partitions whose state is being loaded.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _loading.Count;
            }
        }
    }

    /// <summary>
    /// Starts to load what is not being loaded yet, and returns when that is loaded, but after <paramref name="waitMax"/> at the latest.
    /// </summary>
    public async Task RunAsync(IReadOnlyList<PartitionWriter> partitions, TimeSpan waitMax, CancellationToken stopped)
    {
        Round round = new(clock);
        foreach (PartitionWriter partition in partitions)
        {
            bool isNew;
            lock (_lock)
            {
                isNew = _loading.Add(partition);
            }
            if (isNew)
            {
                round.Begin();
                _ = LoadAsync(partition, round, stopped);
            }
        }
        await round.WaitAsync(waitMax);
    }

    private async Task LoadAsync(PartitionWriter partition, Round round, CancellationToken stopped)
    {
        bool loaded = false;
        try
        {
            while (!await TryLoadAsync(partition, stopped))
            {
                await Task.Delay(retryDelay, clock, stopped);
            }
            loaded = true;
        }
        catch (Exception) when (stopped.IsCancellationRequested)
        {
            UploadLog.StoppedWithDataLeft(logger, partition.Topic, partition.Partition.Partition);
        }
        catch (Exception e)
        {
            onFault(e);
        }
        if (!round.End() && loaded)
        {
            onLoaded(partition);
        }
        lock (_lock)
        {
            _loading.Remove(partition);
        }
        onEnded();
    }

    private async Task<bool> TryLoadAsync(PartitionWriter partition, CancellationToken stopped)
    {
        await _places.EnterAsync();
        try
        {
            stopped.ThrowIfCancellationRequested();
            await partition.EnsureProducersLoadedAsync(stopped);
            return partition.CanSeal;
        }
        catch (BrokerException e)
        {
            UploadLog.ProducerStateUnreadable(logger, partition.Topic, partition.Partition.Partition, e.Message);
            return false;
        }
        finally
        {
            _places.Leave();
        }
    }

    /// <summary>The loads that one upload waits for.</summary>
    private sealed class Round(TimeProvider clock)
    {
        private readonly Lock _lock = new();
        private readonly AsyncSignal _allEnded = new(clock);
        private int _left;
        private bool _isOver;

        public void Begin()
        {
            lock (_lock)
            {
                _left++;
            }
        }

        /// <summary>One load has ended.</summary>
        /// <returns>Whether the upload still waited for it.</returns>
        public bool End()
        {
            lock (_lock)
            {
                _left--;
                if (_left == 0 && !_isOver)
                {
                    _allEnded.Set();
                }
                return !_isOver;
            }
        }

        public async Task WaitAsync(TimeSpan waitMax)
        {
            bool wait;
            lock (_lock)
            {
                wait = _left > 0;
            }
            if (wait)
            {
                await _allEnded.WaitAsync(waitMax);
            }
            lock (_lock)
            {
                _isOver = true;
            }
        }
    }
}
