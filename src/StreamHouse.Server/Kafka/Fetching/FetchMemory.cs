using StreamHouse.Broker.Partitions;

namespace StreamHouse.Server.Kafka.Fetching;

/// <summary>
/// Memory of the records in answers that are being read, or that clients have not taken yet. The nearer the limit, the less a fetch may read; at it
/// fetches queue for room, and one that finds none as long as its client waits is answered without records.
/// </summary>
internal sealed class FetchMemory(KafkaOptions options, TimeProvider clock) : IFetchBudget
{
    // A fetch sets this part of the room aside at most, and stops when it holds as much, so that others find some too.
    private const int Share = 8;

    // The largest batch that topics have by default: a first batch is read even when it is larger than the client's limits.
    private const int BatchBytes = (1 << 20) + 12;

    // A client that does not wait for data gets a place in the queue too, or it would never have a turn.
    private static readonly TimeSpan WaitMin = TimeSpan.FromMilliseconds(100);

    private readonly Lock _gate = new();
    private readonly LinkedList<Claim> _waiting = [];
    private readonly int _reservedMin = (int)Math.Min(options.FetchesBytesMax, BatchBytes);
    private long _held;

    /// <summary>Bytes held or set aside.</summary>
    public long Held => Volatile.Read(ref _held);

    /// <inheritdoc/>
    public ValueTask<int> ReserveAsync(int bytesMax, TimeSpan wait, CancellationToken ct)
    {
        LinkedListNode<Claim> claim;
        lock (_gate)
        {
            if (_waiting.Count == 0 && HasRoom)
            {
                return ValueTask.FromResult(Grant(bytesMax));
            }
            claim = _waiting.AddLast(new Claim(bytesMax));
        }
        return WaitAsync(claim, wait < WaitMin ? WaitMin : wait, ct);
    }

    /// <inheritdoc/>
    public void Release(long bytes)
    {
        lock (_gate)
        {
            _held -= bytes;
            while (_waiting.First is { } first && HasRoom)
            {
                _waiting.RemoveFirst();
                first.Value.Granted.SetResult(Grant(first.Value.BytesMax));
            }
        }
    }

    // One may always read.
    private bool HasRoom => _held <= 0 || _held + _reservedMin <= options.FetchesBytesMax;

    private int Grant(int bytesMax)
    {
        long share = Math.Min(bytesMax, (options.FetchesBytesMax - _held) / Share);
        int granted = (int)Math.Max(_reservedMin, Math.Min(share, options.FetchBytesMax));
        _held += granted;
        return granted;
    }

    private async ValueTask<int> WaitAsync(LinkedListNode<Claim> claim, TimeSpan wait, CancellationToken ct)
    {
        try
        {
            return await claim.Value.Granted.Task.WaitAsync(wait, clock, ct);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            lock (_gate)
            {
                if (claim.List is not null)
                {
                    _waiting.Remove(claim);
                    ct.ThrowIfCancellationRequested();
                    return 0;
                }
            }
            // It was granted at the same moment.
            return await claim.Value.Granted.Task;
        }
    }

    private sealed class Claim(int bytesMax)
    {
        public int BytesMax => bytesMax;

        public TaskCompletionSource<int> Granted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
