using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using StreamHouse.Broker.Buffers;
using StreamHouse.Broker.Diagnostics;
using StreamHouse.Broker.Topics;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;
using StreamHouse.Server.Kafka;
using StreamHouse.Server.Kafka.Connections;
using StreamHouse.Server.Kafka.Dispatch;
using StreamHouse.Server.Kafka.Fetching;
using StreamHouse.Server.Kafka.Groups;
using StreamHouse.Server.Kafka.Producing;
using StreamHouse.Tests.Engine;

namespace StreamHouse.Tests.KafkaListening;

/// <summary>Which requests an event loop begins by itself: nothing that a client can make take long.</summary>
public sealed class ShortRequestTests : IAsyncLifetime
{
    private const short Produce = 9;
    private const short Fetch = 12;

    private readonly BrokerMetrics _metrics = new();
    private EngineRig _engine = null!;
    private KafkaHandlers _handlers = null!;
    private KafkaClient _client = null!;

    public static TheoryData<string, byte[], bool> Batches => new()
    {
        { "plain", EngineRig.Batch(["a"]), true },
        { "compressed", Compressed(EngineRig.Batch(["a"])), false },
        { "a second batch behind the first", [.. EngineRig.Batch(["a"]), .. Compressed(EngineRig.Batch(["b"]))], false },
        { "a length that runs over", [.. EngineRig.Batch(["a"])[..8], 0x7f, 0xff, 0xff, 0xff, .. EngineRig.Batch(["a"])[12..]], false },
        { "shorter than a header", EngineRig.Batch(["a"])[..30], true },
        { "long", EngineRig.Batch([new string('x', KafkaApi.ShortBytesMax)]), false },
    };

    public async ValueTask InitializeAsync()
    {
        _engine = await EngineRig.StartAsync();
        KafkaOptions options = new();
        KafkaMetrics kafkaMetrics = new(_metrics, TimeProvider.System);
        _handlers = new KafkaHandlers(kafkaMetrics, NullLogger.Instance);
        _handlers.Add(ApiKey.Produce, new ProduceApi(_engine.Broker, _metrics, kafkaMetrics, TimeProvider.System));
        _handlers.Add(ApiKey.Fetch, new FetchApi(_engine.Broker, _metrics, kafkaMetrics, TimeProvider.System, options));
        _handlers.Add(new HeartbeatHandler(_engine.Broker.Groups));
        IPEndPoint address = new(IPAddress.Loopback, 9092);
        _client = new KafkaClient(ListenerRig.Loopback("internal"), address, address);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _engine.DisposeAsync();
        _metrics.Dispose();
    }

    [Theory]
    [MemberData(nameof(Batches))]
    public async Task Produce_is_short_when_it_holds_little_and_nothing_compressed(string what, byte[] batch, bool isShort)
    {
        TopicDescription topic = await _engine.CreateTopicAsync("t", 1);

        (await IsShortAsync(RawClient.Produce("t", batch, 1, version: Produce))).ShouldBe(isShort, what);

        _engine.Broker.DescribePartitions(topic.Id)[0].LogEndOffset.ShouldBe(what == "plain" ? 1 : 0, "what is not short has not begun");
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(32, true)]
    [InlineData(33, false)]
    public async Task Fetch_is_short_when_it_reads_few_partitions(int partitions, bool isShort)
    {
        await _engine.CreateTopicAsync("t", partitions);

        (await IsShortAsync(RawClient.Frame(FetchOf(partitions), Fetch, 1))).ShouldBe(isShort);
    }

    [Fact]
    public async Task Fetch_counts_the_partitions_of_its_session()
    {
        await _engine.CreateTopicAsync("t", 40);
        FetchRequest first = FetchOf(40);
        first.SessionEpoch = 0;
        int session = await BeginSessionAsync(first);

        (await IsShortAsync(RawClient.Frame(new FetchRequest { SessionId = session, SessionEpoch = 1, MaxBytes = 1 << 20 }, Fetch, 1))).ShouldBeFalse();
        (await IsShortAsync(RawClient.Frame(new FetchRequest { SessionId = session + 1, SessionEpoch = 1, MaxBytes = 1 << 20 }, Fetch, 1))).ShouldBeTrue();
    }

    [Fact]
    public async Task Other_requests_are_not_short() =>
        (await IsShortAsync(RawClient.Frame(new HeartbeatRequest { GroupId = "g", MemberId = "m" }, 4, 1))).ShouldBeFalse();

    private static byte[] Compressed(byte[] batch)
    {
        batch[22] |= 4;
        return batch;
    }

    private static FetchRequest FetchOf(int partitions) => new()
    {
        MaxBytes = 1 << 20,
        SessionEpoch = -1,
        Topics =
        [
            new FetchRequest.Topic
            {
                Name = "t",
                Partitions = [.. Enumerable.Range(0, partitions).Select(p => new FetchRequest.Partition { PartitionIndex = p, PartitionMaxBytes = 1 << 20 })],
            },
        ],
    };

    private async Task<bool> IsShortAsync(byte[] frame)
    {
        if (Begin(frame, mustBeShort: true) is not { } reply)
        {
            return false;
        }
        await WriteAsync(reply);
        return true;
    }

    private async Task<int> BeginSessionAsync(FetchRequest request)
    {
        ReplyBuffer output = await WriteAsync(Begin(RawClient.Frame(request, Fetch, 1), mustBeShort: false)!);
        byte[] answer = [.. output.Pieces.SelectMany(p => p)];
        KafkaReader reader = new(answer.AsSpan(4));
        ResponseHeader.Read(ref reader, ApiKey.Fetch, Fetch);
        int session = FetchResponse.Read(ref reader, Fetch).SessionId;
        session.ShouldBeGreaterThan(0);
        return session;
    }

    private static async Task<ReplyBuffer> WriteAsync(PendingReply reply)
    {
        if (!reply.IsCompleted)
        {
            TaskCompletionSource completed = new(TaskCreationOptions.RunContinuationsAsynchronously);
            reply.OnCompleted(completed.SetResult);
            await completed.Task.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        }
        ReplyBuffer output = new(static () => { });
        reply.Write(output).ShouldBe(ReplyKind.Answer);
        output.Seal();
        reply.Release();
        return output;
    }

    private PendingReply? Begin(byte[] frame, bool mustBeShort)
    {
        SharedBuffer buffer = _engine.Broker.Buffers.Rent(frame.Length);
        frame.CopyTo(buffer.Span);
        try
        {
            return _handlers.Begin(new BufferSlice(buffer, 4, frame.Length - 4), _client, TimeProvider.System.GetTimestamp(), mustBeShort);
        }
        finally
        {
            buffer.Release();
        }
    }
}
