using Microsoft.Extensions.Logging;
using StreamHouse.Broker;
using StreamHouse.Broker.Lifecycle;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Tests.Lifecycle;

/// <summary>Retention from the manifest to the log start that readers see.</summary>
public class RetentionWorkerTests
{
    private static readonly TopicConfig OneMinute = TopicConfig.Default.With("retention.ms", "60000");

    [Fact]
    public async Task Expired_slices_move_the_log_start_and_their_rows_go()
    {
        await using LifecycleRig rig = await LifecycleRig.StartAsync();
        Lease lease = await RunAsync(rig, 0, 10, 20, 30);
        Directory logs = new(Led(lease, OneMinute, 30));

        rig.Clock.Advance(TimeSpan.FromMinutes(2));
        await Worker(rig, logs).RunOnceAsync(LifecycleRig.Ct);

        logs.Told.ShouldBe([(lease.Partition, 30)]);
        (await rig.Metadata.ListLeasesAsync(LifecycleRig.Ct))[0].LogStartOffset.ShouldBe(30);
        (await rig.Metadata.ListSegmentsAsync(lease.Partition, 0, 9, LifecycleRig.Ct)).ShouldHaveSingleItem().BaseOffset.ShouldBe(20);
    }

    [Fact]
    public async Task Size_alone_moves_it_too_and_young_slices_stay()
    {
        await using LifecycleRig rig = await LifecycleRig.StartAsync();
        Lease lease = await RunAsync(rig, 0, 10, 20, 30);
        long bytes = (await rig.Metadata.FindLastSegmentAsync(lease.Partition, LifecycleRig.Ct))!.Length;
        Directory logs = new(Led(lease, TopicConfig.Default.With("retention.ms", "-1").With("retention.bytes", $"{2 * bytes}"), 30));

        await Worker(rig, logs).RunOnceAsync(LifecycleRig.Ct);
        logs.Told.ShouldBe([(lease.Partition, 10)]);
    }

    [Fact]
    public async Task Fenced_leader_moves_nothing_and_is_told_nothing()
    {
        await using LifecycleRig rig = await LifecycleRig.StartAsync();
        Lease lease = await RunAsync(rig, 0, 10, 20);
        Directory logs = new(Led(lease, OneMinute, 20));
        await rig.Metadata.TakeLeaseAsync(lease.Partition, LifecycleRig.Me, null, lease.Epoch, LifecycleRig.Ct);

        rig.Clock.Advance(TimeSpan.FromMinutes(2));
        await Worker(rig, logs).RunOnceAsync(LifecycleRig.Ct);

        logs.Told.ShouldBeEmpty();
        (await rig.Metadata.ListLeasesAsync(LifecycleRig.Ct))[0].LogStartOffset.ShouldBe(0);
    }

    [Fact]
    public async Task Log_start_that_is_already_further_is_told_as_it_is()
    {
        await using LifecycleRig rig = await LifecycleRig.StartAsync();
        Lease lease = await RunAsync(rig, 0, 10, 20, 30);
        Directory logs = new(Led(lease, OneMinute, 15));
        await rig.Metadata.AdvanceLogStartAsync(lease.Partition, LifecycleRig.Me, lease.Epoch, 25, LifecycleRig.Ct);

        rig.Clock.Advance(TimeSpan.FromMinutes(2));
        await Worker(rig, logs).RunOnceAsync(LifecycleRig.Ct);

        logs.Told.ShouldBe([(lease.Partition, 25)]);
    }

    [Fact]
    public async Task Nothing_to_retire_asks_for_one_row_and_tells_nothing()
    {
        await using LifecycleRig rig = await LifecycleRig.StartAsync();
        Lease lease = await RunAsync(rig, 0, 10, 20);
        Directory logs = new(Led(lease, OneMinute, 20));

        await Worker(rig, logs).RunOnceAsync(LifecycleRig.Ct);

        logs.Told.ShouldBeEmpty();
    }

    [Fact]
    public async Task Long_backlog_is_read_page_by_page()
    {
        await using LifecycleRig rig = await LifecycleRig.StartAsync();
        long[] offsets = [.. Enumerable.Range(0, 2050).Select(i => (long)i)];
        Lease lease = await RunAsync(rig, offsets);
        Directory logs = new(Led(lease, OneMinute, 2049));

        rig.Clock.Advance(TimeSpan.FromMinutes(2));
        await Worker(rig, logs).RunOnceAsync(LifecycleRig.Ct);

        logs.Told.ShouldBe([(lease.Partition, 2049)]);
    }

    [Fact]
    public async Task One_pass_prunes_only_so_many_rows()
    {
        await using LifecycleRig rig = await LifecycleRig.StartAsync(new LifecycleOptions { PruneRowsMax = 3, PruneBatchesMax = 2 });
        Lease lease = await RunAsync(rig, [.. Enumerable.Range(0, 11).Select(i => (long)i)]);
        Directory logs = new(Led(lease, OneMinute, 10));
        RetentionWorker worker = Worker(rig, logs);

        rig.Clock.Advance(TimeSpan.FromMinutes(2));
        await worker.RunOnceAsync(LifecycleRig.Ct);
        (await rig.Metadata.ListSegmentsAsync(lease.Partition, 0, 99, LifecycleRig.Ct)).Count.ShouldBe(4);
        await worker.RunOnceAsync(LifecycleRig.Ct);
        (await rig.Metadata.ListSegmentsAsync(lease.Partition, 0, 99, LifecycleRig.Ct)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task Worker_runs_at_its_interval_until_cancelled()
    {
        await using LifecycleRig rig = await LifecycleRig.StartAsync();
        Lease lease = await RunAsync(rig, 0, 10);
        Directory logs = new(Led(lease, OneMinute, 10));
        using CancellationTokenSource stop = new();
        Task running = Worker(rig, logs).RunAsync(stop.Token);

        rig.Clock.Advance(rig.Options.RetentionInterval * 1.3);
        logs.Told.ShouldBeEmpty();
        for (int i = 0; i < 20 && logs.Told.Count == 0; i++)
        {
            rig.Clock.Advance(rig.Options.RetentionInterval * 1.3);
            await Task.Delay(10, LifecycleRig.Ct);
        }
        logs.Told.ShouldContain((lease.Partition, 10));

        await stop.CancelAsync();
        await running;
        rig.Clock.PendingTimers.ShouldBe(0);
    }

    private static async Task<Lease> RunAsync(LifecycleRig rig, params long[] offsets)
    {
        Lease lease = await rig.LedAsync();
        for (int i = 1; i < offsets.Length; i++)
        {
            SliceCommit slice = new(
                lease.Partition, lease.Epoch, offsets[i - 1], offsets[i], 64, 500, rig.Clock.GetUtcNow().ToUnixTimeMilliseconds(), offsets[i] - offsets[i - 1], []);
            await rig.Metadata.CommitAsync(new ObjectCommit(Guid.NewGuid(), $"{i}", 1000, LifecycleRig.Me, [slice]), LifecycleRig.Ct);
        }
        return lease;
    }

    private static LedPartition Led(Lease lease, TopicConfig config, long highWatermark) =>
        new(lease.Partition, config, LifecycleRig.Me, lease.Epoch, highWatermark, 0);

    private static RetentionWorker Worker(LifecycleRig rig, Directory logs) =>
        new(logs, rig.Metadata, rig.Options, rig.Clock, new HalfRandom(), rig.Metrics, new Logger<RetentionWorker>(rig.Log));

    private sealed class HalfRandom : IRandomSource
    {
        public void Fill(Span<byte> destination) => destination.Fill(0x7f);
    }

    private sealed class Directory(params LedPartition[] led) : ILogDirectory
    {
        public List<(TopicPartition Partition, long LogStart)> Told { get; } = [];

        public IReadOnlyList<LedPartition> LedPartitions { get; } = led;

        public void LogStartAdvanced(TopicPartition partition, long logStart) => Told.Add((partition, logStart));
    }
}
