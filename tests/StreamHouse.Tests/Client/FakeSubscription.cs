using StreamHouse.Client;
using StreamHouse.Client.Transport;
using StreamHouse.Records;
using StreamHouse.Rpc.V1;

namespace StreamHouse.Tests.Client;

/// <summary>A subscription to a <see cref="FakeCluster"/>.</summary>
internal sealed class FakeSubscription : IDeliveryStream
{
    private readonly FakeCluster _cluster;
    private readonly string _topic;
    private readonly SortedDictionary<int, long> _next = [];
    private TaskCompletionSource _woken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private StreamHouseException? _error;
    private bool _isDisposed;

    public FakeSubscription(FakeCluster cluster, SubscribeRequest request)
    {
        _cluster = cluster;
        _topic = request.Topic;
        foreach (PartitionStart start in request.Partitions)
        {
            start.Start.Kind.ShouldBe(StartPosition.Types.Kind.Offset);
            _next.Add(start.Partition, start.Start.Offset);
        }
    }

    public void Break(StreamHouseException error)
    {
        _error = error;
        Wake();
    }

    public void Wake() => _woken.TrySetResult();

    public async ValueTask<Delivery?> ReadAsync(CancellationToken ct)
    {
        while (true)
        {
            _isDisposed.ShouldBeFalse();
            ct.ThrowIfCancellationRequested();
            if (_error is { } error)
            {
                throw error;
            }
            if (!_cluster.Topics.ContainsKey(_topic))
            {
                throw new StreamHouseException(StreamHouseErrorCode.UnknownTopic, $"There is no topic {_topic}.");
            }
            if (Next() is { } delivery)
            {
                return delivery;
            }
            _woken = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            using (ct.UnsafeRegister(static (state, token) => ((TaskCompletionSource)state!).TrySetCanceled(token), _woken))
            {
                await _woken.Task;
            }
        }
    }

    public ValueTask DisposeAsync()
    {
        _isDisposed = true;
        _cluster.Closed(this);
        return default;
    }

    private Delivery? Next()
    {
        foreach ((int number, long from) in _next.ToList())
        {
            FakePartition partition = _cluster.Partition(_topic, number);
            if (from < partition.Start || from > partition.End)
            {
                _next.Remove(number);
                return new Delivery(null)
                {
                    Partition = number,
                    Error = new StreamHouseException(StreamHouseErrorCode.OffsetOutOfRange, $"Offset {from} is out of range."),
                };
            }
            List<(long BaseOffset, byte[] Bytes)> batches =
                [.. partition.Batches.Where(batch => new RecordBatchView(batch.Bytes).NextOffset > from).Take(_cluster.BatchesPerMessage)];
            if (batches.Count > 0)
            {
                long next = new RecordBatchView(batches[^1].Bytes).NextOffset;
                _next[number] = next;
                return new Delivery(null)
                {
                    Partition = number,
                    HighWatermark = partition.End,
                    NextOffset = next,
                    Batches = batches.SelectMany(batch => batch.Bytes).ToArray(),
                };
            }
        }
        return null;
    }
}
