using StreamHouse.Broker;
using StreamHouse.Broker.Buffers;
using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Simulation.Actors;

/// <summary>What a front end does between the wire and the engine.</summary>
internal static class Requests
{
    /// <summary>Copies the batch off the wire and appends it.</summary>
    public static Task<AppendResult> AppendAsync(LocalBroker broker, TopicPartition partition, byte[] batch, Acks acks)
    {
        SharedBuffer buffer = broker.Buffers.Rent(batch.Length);
        try
        {
            batch.CopyTo(buffer.Span);
            return broker.Append(new AppendRequest(partition, new BufferSlice(buffer, 0, batch.Length), acks));
        }
        finally
        {
            buffer.Release();
        }
    }

    /// <summary>Reads one partition, and copies what was found onto the wire.</summary>
    public static async Task<Fetched> FetchAsync(
        LocalBroker broker, TopicPartition partition, long offset, int bytesMax, TimeSpan wait, long leaderEpoch = -1,
        ReadConsistency consistency = ReadConsistency.Strong)
    {
        FetchRequest request = new([new FetchPartition(partition, offset, bytesMax, (int)leaderEpoch)], 1, bytesMax, wait) { Consistency = consistency };
        using FetchResult result = await broker.FetchAsync(request, CancellationToken.None);
        PartitionFetch fetch = result.Partitions[0];
        byte[] bytes = new byte[fetch.Bytes];
        int at = 0;
        foreach (BufferSlice slice in fetch.Slices)
        {
            slice.Span.CopyTo(bytes.AsSpan(at));
            at += slice.Length;
        }
        return new Fetched(fetch.Error, fetch.Message, fetch.HighWatermark, fetch.LogStartOffset, fetch.LogEndOffset, fetch.LeaderEpoch, bytes);
    }
}

/// <summary>A fetch's answer as it goes over the wire.</summary>
internal sealed record Fetched(
    BrokerErrorCode Error, string? Message, long HighWatermark, long LogStart, long LogEnd, long LeaderEpoch, byte[] Batches);
