using System.Threading.Channels;
using StreamHouse.Client.Transport;

namespace StreamHouse.Client.Consumers;

/// <summary>What was read ahead, of all topics of a consumer, bounded by bytes.</summary>
internal sealed class PrefetchQueue(long bytesMax)
{
    private readonly Channel<Prefetched> _queue = Channel.CreateUnbounded<Prefetched>(new() { SingleReader = true });
    private readonly Lock _gate = new();
    private readonly List<TaskCompletionSource> _waiting = [];
    private long _bytes;

    /// <summary>Bytes read ahead.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    public ChannelReader<Prefetched> Reader => _queue.Reader;

    public void Add(Prefetched item)
    {
        Interlocked.Add(ref _bytes, item.Bytes);
        _queue.Writer.TryWrite(item);
    }

    /// <summary>Gives the room of an item back.</summary>
    public void Release(Prefetched item)
    {
        Interlocked.Add(ref _bytes, -item.Bytes);
        lock (_gate)
        {
            if (_bytes >= bytesMax)
            {
                return;
            }
            foreach (TaskCompletionSource waiting in _waiting)
            {
                waiting.TrySetResult();
            }
            _waiting.Clear();
        }
    }

    /// <summary>Waits until there is room for more.</summary>
    public async ValueTask RoomAsync(CancellationToken ct)
    {
        while (Bytes >= bytesMax)
        {
            TaskCompletionSource room = new(TaskCreationOptions.RunContinuationsAsynchronously);
            lock (_gate)
            {
                if (_bytes < bytesMax)
                {
                    return;
                }
                _waiting.Add(room);
            }
            await Waits.UntilAsync(room.Task, ct);
        }
    }

    /// <summary>No more will come.</summary>
    public void Complete()
    {
        _queue.Writer.TryComplete();
        while (_queue.Reader.TryRead(out Prefetched? item))
        {
            item.Delivery?.Dispose();
        }
    }
}

/// <summary>A message read ahead, or a failure to tell the user.</summary>
/// <param name="Cursors">Of the topic; null for a failure of the membership.</param>
/// <param name="Cursor">The partition; null for a failure of the whole topic.</param>
/// <param name="Version">The cursor's version when it was read.</param>
/// <param name="From">First offset wanted of it.</param>
/// <param name="Delivery">The message, or null.</param>
/// <param name="Error">The failure, or null.</param>
internal sealed record Prefetched(
    PartitionCursors? Cursors, PartitionCursor? Cursor, int Version, long From, Delivery? Delivery, StreamHouseException? Error)
{
    public int Bytes => Delivery?.Batches.Length ?? 0;
}
