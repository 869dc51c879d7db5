using System.Buffers;
using Google.Protobuf;
using StreamHouse.Rpc.Consuming;
using StreamHouse.Rpc.Grpc;
using StreamHouse.Rpc.Producing;

namespace StreamHouse.Tests.Rpc;

/// <summary>Whatever bytes come, the readers return a message or throw their own typed error, and what they return lies in the message.</summary>
public sealed class CodecFuzzTests
{
    private readonly RandomMessages _random = new(20263);

    [Fact]
    public void Random_bytes_do_no_harm()
    {
        for (int i = 0; i < 100_000; i++)
        {
            byte[] bytes = new byte[_random.Next(64)];
            _random.Fill(bytes);
            ReadAll(bytes);
        }
    }

    [Fact]
    public void Flipped_cut_and_spliced_messages_do_no_harm()
    {
        int refused = 0;
        for (int i = 0; i < 50_000; i++)
        {
            byte[] bytes = _random.ProduceStreamRequest().ToByteArray();
            switch (_random.Next(3))
            {
                case 0 when bytes.Length > 0:
                    bytes[_random.Next(bytes.Length)] ^= (byte)(1 << _random.Next(8));
                    break;
                case 1:
                    bytes = bytes[.._random.Next(bytes.Length + 1)];
                    break;
                default:
                    int at = _random.Next(bytes.Length + 1);
                    bytes = [.. bytes[..at], .. _random.Bytes().Span, .. bytes[at..]];
                    break;
            }
            refused += ReadAll(bytes) ? 0 : 1;
        }
        refused.ShouldBeGreaterThan(1000); // The fuzz reaches the refusals.
    }

    [Theory]
    [InlineData(new byte[] { 0x08 })] // ends after a tag
    [InlineData(new byte[] { 0x08, 0x80 })] // ends inside a number
    [InlineData(new byte[] { 0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01 })] // eleven bytes
    [InlineData(new byte[] { 0x12, 0x05, 0x01 })] // announces more than there is
    [InlineData(new byte[] { 0x12, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01 })] // announces 2^64-1
    [InlineData(new byte[] { 0x00, 0x00 })] // field 0
    [InlineData(new byte[] { 0x0B, 0x0C })] // a group
    [InlineData(new byte[] { 0xA5, 0x06, 0x01 })] // ends inside a fixed32
    [InlineData(new byte[] { 0x12, 0x03, 0x0A, 0x01, 0xFF })] // a topic that is not UTF-8
    [InlineData(new byte[] { 0x12, 0x03, 0x72, 0x01, 0xFF })] // records that are none
    public void Broken_messages_are_refused_with_the_typed_error(byte[] bytes) => Should.Throw<MalformedMessageException>(
        () => IncomingProduceReader.OfStream(CountingAllocator.Instance).Read(bytes, CountingAllocator.OwnerOf(bytes)));

    private static bool ReadAll(byte[] bytes)
    {
        bool read = Try(bytes, owner =>
        {
            using IncomingProduce request = IncomingProduceReader.OfStream(CountingAllocator.Instance).Read(bytes, owner);
            return request.Batch.Length;
        });
        Try(bytes, owner => IncomingProduceReader.OfUnary(CountingAllocator.Instance).Read(bytes, owner).Batch.Length);
        Try(bytes, owner => new IncomingFetchReader(CountingAllocator.Instance).Read(bytes, owner).Batches.Length);
        Try(bytes, owner => new IncomingDeliveryReader(CountingAllocator.Instance).Read(bytes, owner).Batches.Length);
        Try(bytes, _ =>
        {
            new ProduceReplyMarshaller().Read(bytes, owner: null);
            return 0;
        });
        return read;
    }

    private static bool Try(byte[] bytes, Func<IMemoryOwner<byte>, int> read)
    {
        try
        {
            read(CountingAllocator.OwnerOf(bytes)).ShouldBeInRange(0, bytes.Length);
            return true;
        }
        catch (MalformedMessageException)
        {
            return false;
        }
    }
}
