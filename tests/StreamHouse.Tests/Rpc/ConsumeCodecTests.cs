using Google.Protobuf;
using StreamHouse.Rpc.Consuming;
using StreamHouse.Rpc.V1;

namespace StreamHouse.Tests.Rpc;

/// <summary>The codecs written by hand say the same as Google.Protobuf, byte for byte, for generated messages.</summary>
public sealed class ConsumeCodecTests
{
    private const int Rounds = 2000;
    private readonly RandomMessages _random = new(20262);

    [Fact]
    public void Fetch_responses_are_written_and_read_as_protobuf_does()
    {
        IncomingFetchReader reader = new(CountingAllocator.Instance);
        for (int i = 0; i < Rounds; i++)
        {
            List<ReadOnlyMemory<byte>> slices = _random.Slices();
            OutgoingFetch message = new(_random.Number(), _random.Number(), _random.Number(), _random.Number(), slices, (ReadConsistency)_random.Next(2));
            byte[] batches = [.. slices.SelectMany(slice => slice.ToArray())];
            FetchResponse expected = new()
            {
                HighWatermark = message.HighWatermark,
                LogStartOffset = message.LogStartOffset,
                LogEndOffset = message.LogEndOffset,
                LeaderEpoch = message.LeaderEpoch,
                Consistency = message.Consistency,
                Batches = ByteString.CopyFrom(batches),
            };

            byte[] encoded = ProduceCodecTests.Encode(new OutgoingFetchWriter(), message);
            CountingAllocator.Owner owner = CountingAllocator.OwnerOf(encoded);
            using IncomingFetch read = reader.Read(encoded, owner);

            encoded.ShouldBe(expected.ToByteArray());
            (read.HighWatermark, read.LogStartOffset, read.LogEndOffset, read.LeaderEpoch, read.Consistency).ShouldBe(
                (message.HighWatermark, message.LogStartOffset, message.LogEndOffset, message.LeaderEpoch, message.Consistency));
            read.Batches.Span.SequenceEqual(batches).ShouldBeTrue();
            read.Dispose();
            owner.Disposals.ShouldBe(1);
            read.Batches.IsEmpty.ShouldBeTrue();
        }
    }

    [Fact]
    public void Deliveries_are_written_and_read_as_protobuf_does()
    {
        IncomingDeliveryReader reader = new(CountingAllocator.Instance);
        for (int i = 0; i < Rounds; i++)
        {
            List<ReadOnlyMemory<byte>> slices = _random.Slices();
            OutgoingDelivery message = new(
                (int)_random.Number(), _random.Number(), _random.Number(), _random.Number(), _random.Number(), slices,
                _random.Next(2) == 0, _random.Next(3) == 0 ? _random.ErrorDetail() : null);
            byte[] batches = [.. slices.SelectMany(slice => slice.ToArray())];
            SubscribeResponse expected = new()
            {
                Partition = message.Partition,
                Heartbeat = message.Heartbeat,
                HighWatermark = message.HighWatermark,
                LogStartOffset = message.LogStartOffset,
                NextOffset = message.NextOffset,
                LeaderEpoch = message.LeaderEpoch,
                Error = message.Error,
                Batches = ByteString.CopyFrom(batches),
            };

            byte[] encoded = ProduceCodecTests.Encode(new OutgoingDeliveryWriter(), message);
            using IncomingDelivery read = reader.Read(encoded, CountingAllocator.OwnerOf(encoded));

            encoded.ShouldBe(expected.ToByteArray());
            (read.Partition, read.Heartbeat, read.HighWatermark, read.LogStartOffset, read.NextOffset, read.LeaderEpoch).ShouldBe(
                (message.Partition, message.Heartbeat, message.HighWatermark, message.LogStartOffset, message.NextOffset, message.LeaderEpoch));
            read.Error.ShouldBe(message.Error);
            read.Batches.Span.SequenceEqual(batches).ShouldBeTrue();
        }
    }
}
