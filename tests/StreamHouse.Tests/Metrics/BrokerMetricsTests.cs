using StreamHouse.Broker;
using StreamHouse.Broker.Diagnostics;
using StreamHouse.Broker.Partitions;
using StreamHouse.Server.Metrics;
using StreamHouse.Tests.Support;

namespace StreamHouse.Tests.Metrics;

public sealed class BrokerMetricsTests : IDisposable
{
    private readonly BrokerMetrics _metrics = new();
    private readonly MetricsCollector _collector;

    public BrokerMetricsTests() => _collector = new MetricsCollector(_metrics);

    public void Dispose()
    {
        _collector.Dispose();
        _metrics.Dispose();
    }

    [Fact]
    public void Requests_are_counted_by_front_end_and_outcome()
    {
        _metrics.ProduceAnswered(FrontEnd.Http, BrokerErrorCode.None, TimeSpan.FromMilliseconds(3));
        _metrics.ProduceAnswered(FrontEnd.Http, BrokerErrorCode.None, TimeSpan.FromMilliseconds(3));
        _metrics.ProduceAnswered(FrontEnd.Kafka, BrokerErrorCode.NoSpace, TimeSpan.FromMilliseconds(3));
        string[] page = Page();
        page.ShouldContain("streamhouse_produce_requests_total{front_end=\"http\",code=\"none\"} 2");
        page.ShouldContain("streamhouse_produce_requests_total{front_end=\"kafka\",code=\"no_space\"} 1");
    }

    [Fact]
    public void A_measurement_on_a_bound_belongs_to_its_bucket()
    {
        _metrics.NodeLogSynced(TimeSpan.FromMilliseconds(1), 4096, 3);
        _metrics.NodeLogSynced(TimeSpan.FromSeconds(100), 8192, 1);
        string[] page = Page();
        page.ShouldContain("streamhouse_nodelog_sync_duration_seconds_bucket{le=\"0.0005\"} 0");
        page.ShouldContain("streamhouse_nodelog_sync_duration_seconds_bucket{le=\"0.001\"} 1");
        page.ShouldContain("streamhouse_nodelog_sync_duration_seconds_bucket{le=\"60\"} 1");
        page.ShouldContain("streamhouse_nodelog_sync_duration_seconds_bucket{le=\"+Inf\"} 2");
        page.ShouldContain("streamhouse_nodelog_sync_duration_seconds_sum 100.001");
        page.ShouldContain("streamhouse_nodelog_sync_duration_seconds_count 2");
        page.ShouldContain("streamhouse_nodelog_frame_size_bytes_bucket{le=\"4096\"} 1");
        page.ShouldContain("streamhouse_nodelog_frame_batches_sum 4");
    }

    [Fact]
    public void Gauges_are_read_when_the_page_is_made()
    {
        long tail = 5;
        _metrics.Observe(BrokerGauge.TailBytes, () => tail);
        Page().ShouldContain("streamhouse_tail_size_bytes 5");
        tail = 7;
        Page().ShouldContain("streamhouse_tail_size_bytes 7");
    }

    [Fact]
    public void Every_gauge_has_a_name_of_its_own()
    {
        foreach (BrokerGauge gauge in Enum.GetValues<BrokerGauge>())
        {
            _metrics.Observe(gauge, () => 1);
        }
        Page().Where(l => l.StartsWith("# TYPE", StringComparison.Ordinal)).ShouldBeUnique();
    }

    [Fact]
    public void Waiting_fetches_go_up_and_down()
    {
        _metrics.FetchWaits();
        _metrics.FetchWaits();
        _metrics.FetchResumed();
        Page().ShouldContain("streamhouse_waiting_fetches 1");
    }

    [Fact]
    public void Counters_show_before_their_first_event() => Page().ShouldContain("streamhouse_append_records_total 0");

    [Fact]
    public void A_collector_leaves_another_brokers_measurements_alone()
    {
        using var other = new BrokerMetrics();
        other.BatchSequenced(1000, 1);
        Page().ShouldContain("streamhouse_append_records_total 0");
    }

    [Fact]
    public void No_measurement_is_lost_when_many_threads_record()
    {
        const int Threads = 8;
        const int Each = 20_000;
        var threads = new Thread[Threads];
        for (int t = 0; t < Threads; t++)
        {
            threads[t] = new Thread(() =>
            {
                for (int i = 0; i < Each; i++)
                {
                    _metrics.BatchSequenced(2, 100);
                    _metrics.BatchAcknowledged(AckDurability.Local, TimeSpan.FromMilliseconds(1));
                }
            });
            threads[t].Start();
        }
        Array.ForEach(threads, t => t.Join());
        string[] page = Page();
        page.ShouldContain($"streamhouse_append_records_total {2 * Threads * Each}");
        page.ShouldContain($"streamhouse_append_duration_seconds_count{{durability=\"local\"}} {Threads * Each}");
    }

    [Fact]
    public void Recording_allocates_nothing()
    {
        RecordEverything();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            RecordEverything();
        }
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);
    }

    [Fact]
    public async Task Prometheus_own_checker_has_nothing_to_say()
    {
        RequiredTools.Require("promtool");
        foreach (BrokerGauge gauge in Enum.GetValues<BrokerGauge>())
        {
            _metrics.Observe(gauge, () => 1);
        }
        RecordEverything();
        (await PromTool.CheckAsync(PrometheusWriter.Write(_collector.Collect()))).ShouldBeEmpty();
    }

    private void RecordEverything()
    {
        TimeSpan duration = TimeSpan.FromMilliseconds(2);
        _metrics.ProduceAnswered(FrontEnd.Grpc, BrokerErrorCode.CorruptBatch, duration);
        _metrics.FetchAnswered(FrontEnd.Kafka, BrokerErrorCode.None, duration);
        _metrics.ConnectionOpened(FrontEnd.Http);
        _metrics.ConnectionClosed(FrontEnd.Http);
        _metrics.BatchSequenced(10, 1000);
        _metrics.BatchRefused(BrokerErrorCode.Overloaded);
        _metrics.BatchAcknowledged(AckDurability.Object, duration);
        _metrics.BatchesRead(ReadSource.Segment, 10, 1000);
        _metrics.FetchWaits();
        _metrics.FetchResumed();
        _metrics.NodeLogSynced(duration, 8192, 3);
        _metrics.NodeLogFileReserved(succeeded: false);
        _metrics.UploadSucceeded(duration, 1 << 20);
        _metrics.UploadFailed(duration);
        _metrics.CommitSucceeded(duration, 3, 1);
        _metrics.CommitFailed(duration);
        _metrics.SegmentCacheHit();
        _metrics.SegmentCacheMissed(65536);
        _metrics.ObjectStoreAnswered(ObjectStoreOperation.Put, succeeded: true, duration);
        _metrics.RecordsExpired(5);
        _metrics.SegmentsPruned(1);
        _metrics.ObjectsDeleted(1, 100);
        _metrics.OrphansClaimed(1);
        _metrics.LeasesTaken(4);
    }

    private string[] Page() => PrometheusWriter.Write(_collector.Collect()).Split('\n');
}
