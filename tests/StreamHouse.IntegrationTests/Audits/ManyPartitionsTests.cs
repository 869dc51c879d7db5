using System.Diagnostics;
using StreamHouse.Client;
using StreamHouse.Client.Administration;
using StreamHouse.Client.Consumers;
using StreamHouse.Client.Producers;
using StreamHouse.IntegrationTests.Support;

namespace StreamHouse.IntegrationTests.Audits;

/// <summary>10,000 partitions on one server: memory and objects stay within bounds, nothing is lost by a kill. Times are printed, not asserted.</summary>
[Collection(AuditSuite.Name)]
public sealed class ManyPartitionsTests(ITestOutputHelper output)
{
    private const int Partitions = 10_000;

    [Fact]
    public async Task Ten_thousand_partitions_take_little_memory_and_few_objects()
    {
        string folder = Directory.CreateTempSubdirectory("streamhouse-test-").FullName;
        try
        {
            await using (ServerProcess first = await ServerProcess.StartAsync(folder))
            {
                await ProduceAsync(first);
                await first.KillAsync();
            }
            long began = Stopwatch.GetTimestamp();
            await using ServerProcess second = await ServerProcess.StartAsync(folder, ["--set", "LocalUploads:FlushInterval=1s"]);
            Print("ready again after SIGKILL", began).ShouldBeLessThan(TimeSpan.FromSeconds(5));
            await ReadAsync(second);
            await TieredAsync(second);
            ServerMemory.PeakBytes(second.Id).ShouldBeLessThan(1L << 30);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private async Task ProduceAsync(ServerProcess server)
    {
        await using StreamHouseClient client = new(new StreamHouseClientOptions { Addresses = [server.Grpc.ToString()], CallTimeout = TimeSpan.FromMinutes(2) });
        long began = Stopwatch.GetTimestamp();
        await client.Admin.CreateTopicAsync(new NewTopic("many") { Partitions = Partitions });
        Print($"{Partitions} partitions created", began).ShouldBeLessThan(TimeSpan.FromSeconds(10));

        began = Stopwatch.GetTimestamp();
        await using Producer producer = client.CreateProducer();
        Task<RecordMetadata>[] sends = [.. Enumerable.Range(0, Partitions).Select(p =>
            producer.SendAsync("many", default, BitConverter.GetBytes(p), partition: p).AsTask())];
        (await Task.WhenAll(sends)).ShouldAllBe(m => m.Offset == 0 && m.Durability == RecordDurability.Local);
        Print("one record to each acknowledged", began);
        long resident = ServerMemory.PeakBytes(server.Id);
        output.WriteLine($"largest resident memory: {resident >> 20} MiB");
        resident.ShouldBeLessThan(1L << 30);
    }

    private async Task ReadAsync(ServerProcess server)
    {
        await using StreamHouseClient client = new(server.Grpc.ToString());
        await using Consumer consumer = client.CreateConsumer();
        long began = Stopwatch.GetTimestamp();
        consumer.Assign("many", ConsumerStart.Earliest);
        HashSet<int> found = [];
        using CancellationTokenSource limit = new(TimeSpan.FromMinutes(2));
        await foreach (ConsumedRecord record in consumer.WithCancellation(limit.Token))
        {
            record.Offset.ShouldBe(0);
            BitConverter.ToInt32(record.Value!.Value.Span).ShouldBe(record.Partition);
            found.Add(record.Partition).ShouldBeTrue();
            if (found.Count == Partitions)
            {
                break;
            }
        }
        Print("all read", began);
    }

    private async Task TieredAsync(ServerProcess server)
    {
        await using StreamHouseClient client = new(server.Grpc.ToString());
        using CancellationTokenSource limit = new(TimeSpan.FromMinutes(2));
        List<SegmentInfo> slices;
        do
        {
            slices = [];
            await foreach (SegmentInfo slice in client.Admin.ListSegmentsAsync("many", ct: limit.Token))
            {
                slices.Add(slice);
            }
        }
        while (slices.Count < Partitions);
        int objects = slices.Select(s => s.ObjectKey).Distinct().Count();
        output.WriteLine($"{slices.Count} slices in {objects} objects; largest resident memory after restart: {ServerMemory.PeakBytes(server.Id) >> 20} MiB");
        slices.Count.ShouldBe(Partitions);
        objects.ShouldBeLessThanOrEqualTo(3);
    }

    private TimeSpan Print(string what, long began)
    {
        TimeSpan taken = Stopwatch.GetElapsedTime(began);
        output.WriteLine($"{what}: {taken.TotalSeconds:F2} s");
        return taken;
    }
}
