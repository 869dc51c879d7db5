using StreamHouse.Broker;
using StreamHouse.Broker.Diagnostics;
using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Topics;
using StreamHouse.Rpc.Consuming;
using StreamHouse.Rpc.Errors;
using StreamHouse.Rpc.V1;
using StreamHouse.Server.Grpc.Runtime;
using FetchRequest = StreamHouse.Broker.Partitions.FetchRequest;
using ReadConsistency = StreamHouse.Broker.Partitions.ReadConsistency;

namespace StreamHouse.Server.Grpc.Consuming;

/// <summary>
/// One open Subscribe: reads all followed partitions in one fetch that waits for data, sends what it got, and goes on from there. A client
/// that does not read holds the stream up by HTTP/2 flow control; nothing is read ahead for it.
/// </summary>
internal sealed class Subscription(
    IBroker broker, BrokerMetrics metrics, TimeProvider clock, TopicDescription topic, int bytesMax, TimeSpan heartbeat,
    RpcResponses<OutgoingDelivery> responses)
{
    private const int FlushBytes = 256 * 1024;

    private readonly List<FetchPartition> _followed = [];
    private bool _followsAll;
    private int _partitionsKnown;

    /// <summary>Serves the stream until the client cancels or no partition is left.</summary>
    public async Task RunAsync(SubscribeRequest request, CancellationToken ct)
    {
        await FindStartsAsync(request, ct);
        while (true)
        {
            long began = clock.GetTimestamp();
            using FetchResult result = await broker.FetchAsync(new FetchRequest([.. _followed], BytesMin: 1, bytesMax, heartbeat), ct);
            bool sent = await SendAsync(result, began);
            if (_followed.Count == 0)
            {
                // Each partition's error has been sent; the last one tells why the stream ends.
                throw ConsumerService.ErrorOf(result.Partitions.Last(p => p.Error != BrokerErrorCode.None), topic.Name).ToException();
            }
            if (!sent)
            {
                responses.Enqueue(OutgoingDelivery.OfHeartbeat());
                FollowNewPartitions();
            }
            await responses.FlushAsync();
            ct.ThrowIfCancellationRequested();
        }
    }

    private async ValueTask<bool> SendAsync(FetchResult result, long began)
    {
        bool sent = false;
        for (int i = result.Partitions.Count - 1; i >= 0; i--)
        {
            PartitionFetch fetched = result.Partitions[i];
            if (fetched.Error != BrokerErrorCode.None)
            {
                responses.Enqueue(new OutgoingDelivery(
                    fetched.Partition.Partition, 0, 0, _followed[i].Offset, 0, [], Error: ConsumerService.ErrorOf(fetched, topic.Name)));
                metrics.FetchAnswered(FrontEnd.Grpc, fetched.Error, clock.GetElapsedTime(began));
                _followed.RemoveAt(i);
                sent = true;
            }
            else if (fetched.Bytes > 0)
            {
                long next = FetchedSlices.NextOffset(fetched, _followed[i].Offset);
                responses.Enqueue(new OutgoingDelivery(
                    fetched.Partition.Partition, fetched.HighWatermark, fetched.LogStartOffset, next, fetched.LeaderEpoch,
                    new FetchedSlices(fetched.Slices)));
                _followed[i] = _followed[i] with { Offset = next };
                sent = true;
            }
            if (responses.PendingBytes > FlushBytes)
            {
                await responses.FlushAsync();
            }
        }
        if (sent && _followed.Count > 1)
        {
            // Whoever came first comes last next time, so that a busy partition cannot starve the others.
            FetchPartition first = _followed[0];
            _followed.RemoveAt(0);
            _followed.Add(first);
        }
        metrics.FetchAnswered(FrontEnd.Grpc, BrokerErrorCode.None, clock.GetElapsedTime(began));
        return sent;
    }

    private async Task FindStartsAsync(SubscribeRequest request, CancellationToken ct)
    {
        _followsAll = request.Partitions.Count == 0;
        _partitionsKnown = topic.Partitions;
        if (_followsAll)
        {
            for (int partition = 0; partition < topic.Partitions; partition++)
            {
                await FollowAsync(partition, request.Start, ct);
            }
            return;
        }
        HashSet<int> seen = [];
        foreach (PartitionStart start in request.Partitions)
        {
            if (!seen.Add(start.Partition))
            {
                throw new BrokerException(BrokerErrorCode.InvalidRequest, $"Partition {start.Partition} is named twice.");
            }
            await FollowAsync(start.Partition, start.Start ?? request.Start, ct);
        }
    }

    private async Task FollowAsync(int partition, StartPosition? start, CancellationToken ct)
    {
        TopicPartition id = new(topic.Id, partition);
        long offset = start?.Kind switch
        {
            null or StartPosition.Types.Kind.Offset => start?.Offset ?? 0,
            StartPosition.Types.Kind.Earliest => (await broker.FindOffsetAsync(id, OffsetQuery.Earliest, 0, ReadConsistency.Strong, ct)).Offset,
            StartPosition.Types.Kind.Latest => (await broker.FindOffsetAsync(id, OffsetQuery.Latest, 0, ReadConsistency.Strong, ct)).Offset,
            StartPosition.Types.Kind.Timestamp => await FindByTimeAsync(id, start.TimestampMs, ct),
            _ => throw new BrokerException(BrokerErrorCode.InvalidRequest, $"start has the kind {(int)start.Kind}, which this server does not know."),
        };
        _followed.Add(new FetchPartition(id, offset, bytesMax));
    }

    private async Task<long> FindByTimeAsync(TopicPartition partition, long timestampMs, CancellationToken ct)
    {
        // The end is asked for first: what is appended between the two questions is then not skipped.
        long end = (await broker.FindOffsetAsync(partition, OffsetQuery.Latest, 0, ReadConsistency.Strong, ct)).Offset;
        long found = (await broker.FindOffsetAsync(partition, OffsetQuery.ByTimestamp, timestampMs, ReadConsistency.Strong, ct)).Offset;
        return found >= 0 ? found : end;
    }

    private void FollowNewPartitions()
    {
        if (_followsAll && broker.FindTopic(topic.Id) is { } now)
        {
            for (; _partitionsKnown < now.Partitions; _partitionsKnown++)
            {
                _followed.Add(new FetchPartition(new TopicPartition(topic.Id, _partitionsKnown), 0, bytesMax));
            }
        }
    }
}
