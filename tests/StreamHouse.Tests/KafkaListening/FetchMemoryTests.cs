using StreamHouse.Broker.Topics;
using StreamHouse.Kafka.Messages;
using StreamHouse.Server.Kafka;
using StreamHouse.Server.Kafka.Fetching;
using StreamHouse.Tests.Engine;

namespace StreamHouse.Tests.KafkaListening;

public sealed class FetchMemoryTests
{
    private const int Batch = (1 << 20) + 12;
    private const int LimitBytes = 16 << 20;
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(1);

    private readonly FetchMemory _memory = new(new KafkaOptions { FetchesBytesMax = LimitBytes }, TimeProvider.System);

    [Fact]
    public async Task Fetches_at_once_never_hold_more_than_the_limit_and_all_are_served()
    {
        long most = 0;
        async Task FetchAsync()
        {
            await Task.Yield();
            int reserved = await _memory.ReserveAsync(50 << 20, Long, CancellationToken.None);
            reserved.ShouldBeGreaterThanOrEqualTo(Batch);
            for (long held = _memory.Held, seen = most; held > seen; seen = most)
            {
                Interlocked.CompareExchange(ref most, held, seen);
            }
            await Task.Delay(2);
            _memory.Release(reserved - 1000);
            await Task.Yield();
            _memory.Release(1000);
        }

        await Task.WhenAll(Enumerable.Range(0, 500).Select(_ => FetchAsync())).WaitAsync(Long);

        most.ShouldBeInRange(LimitBytes / 2, LimitBytes);
        _memory.Held.ShouldBe(0);
    }

    [Fact]
    public async Task One_fetch_takes_a_share_of_the_room_only_but_room_for_one_batch_at_least()
    {
        (await _memory.ReserveAsync(50 << 20, Long, CancellationToken.None)).ShouldBe(LimitBytes / 8);
        (await _memory.ReserveAsync(10, Long, CancellationToken.None)).ShouldBe(Batch);
    }

    [Fact]
    public async Task Fetch_that_finds_no_room_in_time_reads_nothing_and_leaves_the_queue()
    {
        await FillAsync();

        (await _memory.ReserveAsync(10, TimeSpan.Zero, CancellationToken.None)).ShouldBe(0);

        _memory.Release(LimitBytes);
        (await _memory.ReserveAsync(10, TimeSpan.Zero, CancellationToken.None)).ShouldBe(Batch);
    }

    [Fact]
    public async Task Fetch_whose_client_is_gone_leaves_the_queue()
    {
        await FillAsync();
        using CancellationTokenSource gone = new();
        Task<int> first = _memory.ReserveAsync(10, Long, gone.Token).AsTask();
        Task<int> second = _memory.ReserveAsync(10, Long, CancellationToken.None).AsTask();

        await gone.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => first);
        second.IsCompleted.ShouldBeFalse();
        _memory.Release(Batch);

        (await second.WaitAsync(Long)).ShouldBe(Batch, "what the first would have had is not lost");
    }

    [Fact]
    public async Task First_come_is_first_served()
    {
        await FillAsync();
        Task<int> first = _memory.ReserveAsync(10, Long, CancellationToken.None).AsTask();
        Task<int> second = _memory.ReserveAsync(10, Long, CancellationToken.None).AsTask();

        _memory.Release(Batch);

        (await first.WaitAsync(Long)).ShouldBe(Batch);
        second.IsCompleted.ShouldBeFalse();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(int.MaxValue)]
    public async Task Many_clients_that_read_cold_data_at_once_hold_no_more_than_the_limit_and_are_all_served(int minBytes)
    {
        const int Clients = 24;
        const int CacheBytes = 1 << 20;
        await using ListenerRig rig = await ListenerRig.StartAsync(new KafkaOptions { FetchesBytesMax = LimitBytes }, EngineRig.Options with
        {
            PooledBytesMax = 0,
            Tail = new() { RetainedBytesMax = 0 },
            SegmentCache = new() { BytesMax = CacheBytes, BlockBytes = 64 * 1024, ReadAheadBlocks = 0 },
        });
        TopicDescription topic = await rig.CreateTopicAsync();
        for (int i = 0; i < 4; i++)
        {
            await rig.Engine.AppendAsync(topic, new string('x', 900_000));
        }
        await rig.Engine.TierAsync(topic);
        long before = rig.Engine.Broker.Buffers.Bytes;
        List<RawClient> clients = [];
        for (int i = 0; i < Clients; i++)
        {
            clients.Add(await rig.ConnectAsync());
        }
        using CancellationTokenSource done = new();
        Task<long> measured = PeakAsync(rig, done.Token);

        foreach (RawClient client in clients)
        {
            await client.SendAsync(RawClient.FetchOf("t", 0, waitMs: 1000, minBytes: minBytes, maxBytes: 50 << 20, partitionMaxBytes: 50 << 20), 4, 1);
        }

        foreach (RawClient client in clients)
        {
            FetchResponse response = (await client.ReceiveAsync<FetchResponse>(4)).Response;
            response.Responses.Single().Partitions.Single().Records!.Length.ShouldBeGreaterThan(900_000);
        }
        await done.CancelAsync();
        (await measured - before).ShouldBeLessThan(LimitBytes + (4 * CacheBytes));
    }

    private static async Task<long> PeakAsync(ListenerRig rig, CancellationToken done)
    {
        long peak = 0;
        while (!done.IsCancellationRequested)
        {
            peak = Math.Max(peak, rig.Engine.Broker.Buffers.Bytes);
            await Task.Delay(1, CancellationToken.None);
        }
        return peak;
    }

    private async Task FillAsync()
    {
        while (_memory.Held + Batch <= LimitBytes)
        {
            (await _memory.ReserveAsync(10, Long, CancellationToken.None)).ShouldBe(Batch);
        }
    }
}
