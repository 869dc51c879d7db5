using System.Buffers;
using Google.Protobuf;
using StreamHouse.Rpc.Grpc;
using StreamHouse.Rpc.Producing;
using StreamHouse.Rpc.V1;

namespace StreamHouse.Tests.Rpc;

/// <summary>The codecs written by hand say the same as Google.Protobuf, byte for byte, for generated messages.</summary>
public sealed class ProduceCodecTests
{
    private const int Rounds = 2000;
    private readonly RandomMessages _random = new(20261);

    [Fact]
    public void Requests_are_written_as_protobuf_writes_them()
    {
        for (int i = 0; i < Rounds; i++)
        {
            OutgoingProduce message = new(
                (ulong)_random.Number(), _random.Text(), (int)_random.Number(), (Acks)_random.Next(3), _random.Bytes());
            ProduceStreamRequest expected = new()
            {
                Correlation = message.Correlation,
                Request = new ProduceRequest
                {
                    Topic = message.Topic, Partition = message.Partition, Acks = message.Acks, Batch = ByteString.CopyFrom(message.Batch.Span),
                },
            };
            Encode(new OutgoingProduceWriter(), message).ShouldBe(expected.ToByteArray());
        }
    }

    [Fact]
    public void Requests_are_read_as_protobuf_reads_them()
    {
        for (int i = 0; i < Rounds; i++)
        {
            ProduceStreamRequest message = _random.ProduceStreamRequest();
            using CountingAllocator.Owner owner = CountingAllocator.OwnerOf(message.ToByteArray());

            using IncomingProduce read = IncomingProduceReader.OfStream(CountingAllocator.Instance).Read(owner.Memory, owner);

            ShouldEqual(read, message.Request ?? new ProduceRequest());
            read.Correlation.ShouldBe(message.Correlation);
            owner.Disposals.ShouldBe(read.HasBatch ? 0 : 1);
        }
    }

    [Fact]
    public void Unary_requests_are_read_as_protobuf_reads_them()
    {
        for (int i = 0; i < Rounds; i++)
        {
            ProduceRequest message = _random.ProduceRequest();
            using CountingAllocator.Owner owner = CountingAllocator.OwnerOf(message.ToByteArray());
            using IncomingProduce read = IncomingProduceReader.OfUnary(CountingAllocator.Instance).Read(owner.Memory, owner);
            ShouldEqual(read, message);
        }
    }

    [Fact]
    public void Unknown_fields_are_skipped_and_the_last_of_repeated_ones_wins()
    {
        byte[] early = new ProduceRequest { Topic = "early", Partition = 1, Batch = ByteString.CopyFromUtf8("lost") }.ToByteArray();
        byte[] late = new ProduceRequest { Partition = 2, Batch = ByteString.CopyFromUtf8("kept") }.ToByteArray();
        byte[] unknown = [0xA0, 0x06, 0x7F, 0xA2, 0x06, 0x02, 1, 2, 0xA5, 0x06, 1, 2, 3, 4, 0xA1, 0x06, 1, 2, 3, 4, 5, 6, 7, 8];
        byte[] message = [.. early, .. unknown, .. late];

        using IncomingProduce read = IncomingProduceReader.OfUnary(CountingAllocator.Instance).Read(message, CountingAllocator.OwnerOf(message));

        ShouldEqual(read, ProduceRequest.Parser.ParseFrom(message));
        read.Topic.ShouldBe("early");
        read.Batch.ToArray().ShouldBe("kept"u8.ToArray());
    }

    [Fact]
    public void The_owner_can_be_taken_once_and_then_outlives_the_request()
    {
        byte[] message = new ProduceRequest { Batch = ByteString.CopyFromUtf8("bytes") }.ToByteArray();
        CountingAllocator.Owner owner = CountingAllocator.OwnerOf(message);
        IncomingProduce read = IncomingProduceReader.OfUnary(CountingAllocator.Instance).Read(message, owner);

        read.TakeOwner().ShouldBe(owner);
        read.Dispose();

        owner.Disposals.ShouldBe(0);
        Should.Throw<ObjectDisposedException>(read.TakeOwner);
    }

    [Fact]
    public void Topic_ids_are_big_endian_and_have_sixteen_bytes()
    {
        Guid id = Guid.NewGuid();
        byte[] good = new ProduceRequest { TopicId = ByteString.CopyFrom(id.ToByteArray(bigEndian: true)) }.ToByteArray();
        byte[] bad = new ProduceRequest { TopicId = ByteString.CopyFrom(1, 2, 3) }.ToByteArray();
        IncomingProduceReader reader = IncomingProduceReader.OfUnary(CountingAllocator.Instance);

        reader.Read(good, CountingAllocator.OwnerOf(good)).TopicId.ShouldBe(id);
        Should.Throw<MalformedMessageException>(() => reader.Read(bad, CountingAllocator.OwnerOf(bad)));
    }

    [Fact]
    public void Replies_are_written_and_read_as_protobuf_does()
    {
        ProduceReplyMarshaller marshaller = new();
        for (int i = 0; i < Rounds; i++)
        {
            ErrorDetail? error = _random.Next(3) == 0 ? _random.ErrorDetail() : null;
            ProduceReply reply = error is null
                ? new((ulong)_random.Number(), _random.Number(), (int)_random.Number(), _random.Number(), (DurabilityReached)_random.Next(4))
                : new((ulong)_random.Number(), 0, 0, 0, 0, error);
            ProduceStreamResponse expected = new() { Correlation = reply.Correlation };
            if (error is null)
            {
                expected.Response = new ProduceResponse
                {
                    BaseOffset = reply.BaseOffset, RecordCount = reply.RecordCount, TimestampMs = reply.TimestampMs, Durability = reply.Durability,
                };
            }
            else
            {
                expected.Error = error;
            }

            byte[] encoded = Encode(marshaller, reply);

            encoded.ShouldBe(expected.ToByteArray());
            marshaller.Read(encoded, owner: null).ShouldBe(reply);
        }
    }

    internal static byte[] Encode<T>(IMessageWriter<T> writer, in T message)
    {
        ArrayBufferWriter<byte> output = new();
        writer.Write(message, output);
        output.WrittenCount.ShouldBe(writer.Measure(message));
        return output.WrittenSpan.ToArray();
    }

    private static void ShouldEqual(IncomingProduce read, ProduceRequest expected)
    {
        read.Topic.ShouldBe(expected.Topic);
        read.TopicId.ShouldBe(expected.TopicId.IsEmpty ? Guid.Empty : new Guid(expected.TopicId.Span, bigEndian: true));
        read.Partition.ShouldBe(expected.Partition);
        read.Acks.ShouldBe(expected.Acks);
        read.ProducerId.ShouldBe(expected.HasProducerId ? expected.ProducerId : null);
        read.ProducerEpoch.ShouldBe(expected.ProducerEpoch);
        read.BaseSequence.ShouldBe(expected.BaseSequence);
        read.HasBatch.ShouldBe(expected.PayloadCase == ProduceRequest.PayloadOneofCase.Batch);
        read.Batch.Span.SequenceEqual(read.HasBatch ? expected.Batch.Span : default).ShouldBeTrue();
        read.Records.ShouldBe(expected.PayloadCase == ProduceRequest.PayloadOneofCase.Records ? expected.Records : null);
    }
}
