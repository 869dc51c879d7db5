using System.Buffers;
using System.Text;
using Google.Protobuf;
using StreamHouse.Rpc.Grpc;
using StreamHouse.Rpc.V1;
using Record = StreamHouse.Rpc.V1.Record;

namespace StreamHouse.Tests.Rpc;

/// <summary>Messages from a seed, with a liking for zeros, borders and empties.</summary>
internal sealed class RandomMessages(int seed)
{
    private static readonly long[] Borders = [0, 0, 0, 1, -1, 127, 128, 16383, 16384, int.MaxValue, int.MinValue, long.MaxValue, long.MinValue];
    private readonly Random _random = new(seed);

    public int Next(int end) => _random.Next(end);

    public void Fill(byte[] bytes) => _random.NextBytes(bytes);

    public long Number() => Next(2) == 0 ? Borders[Next(Borders.Length)] : _random.NextInt64() >> Next(64);

    public string Text()
    {
        StringBuilder text = new();
        for (int length = Next(4) == 0 ? 0 : Next(200); length > 0; length--)
        {
            text.Append((char)(Next(8) == 0 ? 0xA1 + Next(0x400) : ' ' + Next(95)));
        }
        return text.ToString();
    }

    public ReadOnlyMemory<byte> Bytes()
    {
        byte[] bytes = new byte[Next(4) switch { 0 => 0, 1 => Next(130), 2 => Next(2000), _ => 127 + Next(3) }];
        Fill(bytes);
        return bytes;
    }

    public List<ReadOnlyMemory<byte>> Slices() => [.. Enumerable.Range(0, Next(4)).Select(_ => Bytes())];

    public ErrorDetail ErrorDetail()
    {
        ErrorDetail error = new()
        {
            Code = (ErrorCode)Next(26), Message = Text(), Name = Text(), Retriable = Next(2) == 0, Topic = Text(), GrpcStatus = Next(17),
        };
        if (Next(2) == 0)
        {
            error.Partition = (int)Number();
            error.HighWatermark = Number();
        }
        return error;
    }

    public ProduceStreamRequest ProduceStreamRequest() => new()
    {
        Correlation = (ulong)Number(), Request = Next(10) == 0 ? null : ProduceRequest(),
    };

    public ProduceRequest ProduceRequest()
    {
        ProduceRequest request = new()
        {
            Topic = Text(), Partition = (int)Number(), Acks = (Acks)Next(4), ProducerEpoch = (int)Number(), BaseSequence = (int)Number(),
        };
        if (Next(2) == 0)
        {
            request.ProducerId = Number();
        }
        if (Next(2) == 0)
        {
            byte[] id = new byte[16];
            Fill(id);
            request.TopicId = ByteString.CopyFrom(id);
        }
        switch (Next(3))
        {
            case 0:
                request.Batch = ByteString.CopyFrom(Bytes().Span);
                break;
            case 1:
                request.Records = new RecordList();
                request.Records.Records.Add(Enumerable.Range(0, Next(4)).Select(_ => Record()));
                break;
        }
        return request;
    }

    private Record Record()
    {
        Record record = new() { TimestampMs = Number(), Value = ByteString.CopyFrom(Bytes().Span) };
        if (Next(2) == 0)
        {
            record.Key = ByteString.CopyFrom(Bytes().Span);
        }
        record.Headers.Add(Enumerable.Range(0, Next(3)).Select(_ => new Header { Key = Text() }));
        return record;
    }
}

/// <summary>Owners that count how often they were disposed of.</summary>
internal sealed class CountingAllocator : IPayloadAllocator
{
    public static CountingAllocator Instance { get; } = new();

    public static Owner OwnerOf(byte[] bytes) => new(bytes);

    public IMemoryOwner<byte> Rent(int lengthBytes) => new Owner(new byte[lengthBytes]);

    internal sealed class Owner(byte[] bytes) : IMemoryOwner<byte>
    {
        public int Disposals { get; private set; }

        public Memory<byte> Memory => bytes;

        public void Dispose() => Disposals++;
    }
}
