using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using StreamHouse.Client;
using StreamHouse.Client.Administration;
using StreamHouse.Client.Consumers;
using StreamHouse.Client.Retries;
using StreamHouse.Records;

namespace StreamHouse.Tests.Client;

public sealed class ConsumerTests : IAsyncDisposable
{
    private const string Topic = "orders";

    private readonly VirtualTime _time = new();
    private readonly FakeCluster _cluster = new();

    public ConsumerTests() => _cluster.Topics[Topic] = 1;

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public void Records_come_in_order_from_the_beginning_and_then_as_they_are_written()
    {
        Append(0, 3, 4);
        _time.Run(() =>
        {
            Consumer consumer = NewConsumer();
            consumer.Assign(Topic, ConsumerStart.Earliest);
            List<ConsumedRecord> read = Read(consumer, 7);
            read.Select(record => record.Offset).ShouldBe(Enumerable.Range(0, 7).Select(i => (long)i));
            read.Select(Text).ShouldBe(Enumerable.Range(0, 7).Select(i => $"0-{i}"));
            read.ShouldAllBe(record => record.Key == null);
            consumer.Position(Topic, 0).ShouldBe(7);

            Task<List<ConsumedRecord>> more = ReadAsync(consumer, 2);
            _time.Settle();
            more.IsCompleted.ShouldBeFalse();
            Append(0, 2);
            _time.Await(more).Select(Text).ShouldBe(["0-7", "0-8"]);
        });
    }

    [Theory]
    [InlineData(ReadConsistency.Linearizable)]
    [InlineData(ReadConsistency.Strong)]
    public void Where_reading_begins_is_asked_for_at_the_wanted_level(ReadConsistency consistency)
    {
        Append(0, 3);
        _time.Run(() =>
        {
            Consumer consumer = NewConsumer(new ConsumerOptions { StartConsistency = consistency });
            consumer.Assign(Topic, ConsumerStart.Latest);
            Task<List<ConsumedRecord>> read = ReadAsync(consumer, 1);
            _time.Settle();
            Append(0, 1);
            _time.Await(read).Select(record => record.Offset).ShouldBe([3L]);
            ((int)_cluster.OffsetRequests.ShouldHaveSingleItem().Consistency).ShouldBe((int)consistency);
        });
    }

    [Fact]
    public void A_server_that_does_not_know_the_wanted_level_is_not_believed()
    {
        _cluster.IsOld = true;
        _time.Run(() =>
        {
            Consumer consumer = NewConsumer(new ConsumerOptions { StartConsistency = ReadConsistency.Linearizable });
            consumer.Assign(Topic, ConsumerStart.Latest);
            Task<List<ConsumedRecord>> read = ReadAsync(consumer, 1);
            _time.Settle();
            read.Exception!.InnerException.ShouldBeOfType<StreamHouseException>().Message.ShouldContain("too old");
        });
    }

    [Fact]
    public void An_error_for_one_partition_is_asked_away_while_it_is_retriable()
    {
        _time.Run(() =>
        {
            Admin admin = new(new RetryingCaller(_cluster, new RetryOptions(), TimeSpan.FromSeconds(5), _time, new Random(1)));
            for (int i = 0; i < 3; i++)
            {
                _cluster.OffsetErrors.Enqueue(new StreamHouse.Rpc.V1.ErrorDetail { Code = StreamHouse.Rpc.V1.ErrorCode.NotLeader, Retriable = true });
            }
            _time.Await(admin.ListOffsetsAsync(Topic, OffsetSpec.Latest, [0])).ShouldHaveSingleItem().Offset.ShouldBe(0);
            _cluster.OffsetRequests.Count.ShouldBe(4);

            _cluster.OffsetErrors.Enqueue(new StreamHouse.Rpc.V1.ErrorDetail { Code = StreamHouse.Rpc.V1.ErrorCode.UnknownPartition });
            Task<IReadOnlyList<OffsetInfo>> refused = admin.ListOffsetsAsync(Topic, OffsetSpec.Latest, [0]);
            _time.Settle();
            refused.Exception!.InnerException.ShouldBeOfType<StreamHouseException>().Code.ShouldBe(StreamHouseErrorCode.UnknownPartition);
        });
    }

    [Fact]
    public void Position_inside_a_batch_skips_the_records_before_it()
    {
        Append(0, 10);
        _time.Run(() =>
        {
            Consumer consumer = NewConsumer();
            consumer.Assign(Topic, ConsumerStart.At(4));
            Read(consumer, 6).Select(record => record.Offset).ShouldBe([4L, 5, 6, 7, 8, 9]);
        });
    }

    [Fact]
    public void Broken_stream_goes_on_where_it_was_without_repeating_or_skipping()
    {
        Append(0, 3, 3, 3);
        _time.Run(() =>
        {
            Consumer consumer = NewConsumer();
            consumer.Assign(Topic, ConsumerStart.Earliest);
            List<long> offsets = [.. Read(consumer, 4).Select(record => record.Offset)];
            for (int round = 0; round < 20; round++)
            {
                _cluster.BreakSubscriptions();
                Append(0, 3);
                offsets.AddRange(Read(consumer, 3).Select(record => record.Offset));
            }
            offsets.AddRange(Read(consumer, 5).Select(record => record.Offset));

            offsets.ShouldBe(Enumerable.Range(0, 69).Select(i => (long)i));
            _cluster.OpenSubscriptions.ShouldBe(1);
        });
    }

    [Fact]
    public void Latest_means_what_is_written_after_the_start_even_if_the_stream_breaks_at_once()
    {
        Append(0, 5);
        _time.Run(() =>
        {
            Consumer consumer = NewConsumer();
            consumer.Assign(Topic, ConsumerStart.Latest);
            _time.Settle();
            _cluster.BreakSubscriptions();
            Append(0, 2);

            Read(consumer, 2).Select(record => record.Offset).ShouldBe([5L, 6]);
        });
    }

    [Fact]
    public void Start_by_time_begins_with_the_batch_of_that_time_or_at_the_end()
    {
        Append(0, 2);
        _time.Advance(TimeSpan.FromMinutes(1));
        DateTimeOffset time = _time.Now;
        Append(0, 2);
        _time.Run(() =>
        {
            Consumer consumer = NewConsumer();
            consumer.Assign(Topic, ConsumerStart.At(time));
            Read(consumer, 1)[0].Offset.ShouldBe(2);

            consumer.Assign(Topic, ConsumerStart.At(time + TimeSpan.FromHours(1)));
            _time.Settle();
            Append(0, 1);
            Read(consumer, 1)[0].Offset.ShouldBe(4);
        });
    }

    [Fact]
    public void Seek_discards_what_was_read_ahead()
    {
        Append(0, 5, 5, 5);
        _time.Run(() =>
        {
            Consumer consumer = NewConsumer();
            consumer.Assign(Topic, ConsumerStart.Earliest);
            Read(consumer, 2);

            consumer.Seek(Topic, 0, ConsumerStart.At(12));
            Read(consumer, 3).Select(record => record.Offset).ShouldBe([12L, 13, 14]);
            consumer.Seek(Topic, 0, ConsumerStart.Earliest);
            Read(consumer, 1)[0].Offset.ShouldBe(0);
        });
    }

    [Fact]
    public void Paused_partition_keeps_its_position_while_the_others_go_on()
    {
        _cluster.Topics[Topic] = 2;
        Append(0, 5);
        Append(1, 5);
        _time.Run(() =>
        {
            Consumer consumer = NewConsumer();
            consumer.Assign(Topic, ConsumerStart.Earliest);
            _time.Settle();
            consumer.Pause(Topic, [0]);
            Read(consumer, 5).ShouldAllBe(record => record.Partition == 1);
            Task<List<ConsumedRecord>> more = ReadAsync(consumer, 5);
            _time.Advance(TimeSpan.FromSeconds(1));
            more.IsCompleted.ShouldBeFalse();

            consumer.Resume(Topic);
            _time.Await(more).Select(record => (record.Partition, record.Offset)).ShouldBe([(0, 0), (0, 1), (0, 2), (0, 3), (0, 4)]);
        });
    }

    [Fact]
    public void Reading_ahead_is_bounded()
    {
        Append(0, [.. Enumerable.Repeat(1, 200)]);
        _time.Run(() =>
        {
            Consumer consumer = NewConsumer(new ConsumerOptions { PrefetchBytesMax = 500 });
            consumer.Assign(Topic, ConsumerStart.Earliest);
            _time.Settle();
            consumer.PrefetchedBytes.ShouldBeInRange(500, 600);

            Read(consumer, 200).Select(record => record.Offset).ShouldBe(Enumerable.Range(0, 200).Select(i => (long)i));
            _time.Settle();
            consumer.PrefetchedBytes.ShouldBe(0);
        });
    }

    [Theory]
    [InlineData(OffsetReset.Earliest, 8)]
    [InlineData(OffsetReset.Latest, 20)]
    public void Removed_records_are_stepped_over_as_asked(OffsetReset reset, long expected)
    {
        Append(0, [.. Enumerable.Repeat(2, 10)]);
        _cluster.Partition(Topic, 0).Start = 8;
        _time.Run(() =>
        {
            Consumer consumer = NewConsumer(new ConsumerOptions { OffsetReset = reset });
            consumer.Assign(Topic, ConsumerStart.At(3));
            Task<List<ConsumedRecord>> read = ReadAsync(consumer, 1);
            _time.Advance(TimeSpan.FromSeconds(1));
            Append(0, 1);

            _time.Await(read)[0].Offset.ShouldBe(expected);
        });
    }

    [Fact]
    public void Removed_records_fail_the_consumer_that_wants_them()
    {
        Append(0, 10);
        _cluster.Partition(Topic, 0).Start = 5;
        _time.Run(() =>
        {
            Consumer consumer = NewConsumer(new ConsumerOptions { OffsetReset = OffsetReset.Fail });
            consumer.Assign(Topic, ConsumerStart.At(3));
            Should.Throw<StreamHouseException>(() => Read(consumer, 1)).Code.ShouldBe(StreamHouseErrorCode.OffsetOutOfRange);

            consumer.Seek(Topic, 0, ConsumerStart.At(6));
            Read(consumer, 1)[0].Offset.ShouldBe(6);
        });
    }

    [Fact]
    public void Damaged_batch_is_never_handed_out()
    {
        Append(0, 2, 2);
        _cluster.Partition(Topic, 0).Batches[1].Bytes[^1] ^= 1;
        _time.Run(() =>
        {
            Consumer consumer = NewConsumer();
            consumer.Assign(Topic, ConsumerStart.Earliest);
            Read(consumer, 2).Count.ShouldBe(2);

            StreamHouseException error = Should.Throw<StreamHouseException>(() => Read(consumer, 1));
            error.Code.ShouldBe(StreamHouseErrorCode.CorruptBatch);
            error.Partition.ShouldBe(0);
            consumer.Position(Topic, 0).ShouldBe(2);
        });
    }

    [Fact]
    public void Unknown_topic_is_told_and_read_once_it_exists()
    {
        _time.Run(() =>
        {
            Consumer consumer = NewConsumer();
            consumer.Assign("later", ConsumerStart.Earliest);
            Should.Throw<StreamHouseException>(() => Read(consumer, 1)).Code.ShouldBe(StreamHouseErrorCode.UnknownTopic);

            _cluster.Topics["later"] = 1;
            AppendTo("later", 0, 1);
            Task<List<ConsumedRecord>> read = ReadUntilAsync(consumer);
            _time.Await(read)[0].Topic.ShouldBe("later");
        });
    }

    [Fact]
    public void Batches_are_handed_out_whole_and_records_of_a_half_read_one_are_not_lost()
    {
        Append(0, 4, 4);
        _time.Run(() =>
        {
            Consumer consumer = NewConsumer();
            consumer.Assign(Topic, ConsumerStart.Earliest);
            Read(consumer, 2);

            List<long> offsets = [];
            _time.Await(ReadBatchesAsync(consumer, offsets, 6));
            offsets.ShouldBe([2L, 3, 4, 5, 6, 7]);
            consumer.Position(Topic, 0).ShouldBe(8);
        });
    }

    [Fact]
    public void Group_goes_on_where_it_committed()
    {
        Append(0, 10);
        _time.Run(() =>
        {
            ConsumerOptions options = new() { Group = "billing" };
            Consumer first = NewConsumer(options);
            first.Assign(Topic, ConsumerStart.Committed);
            Read(first, 4);
            _time.Await(first.CommitAsync());
            _cluster.Committed[("billing", Topic, 0)].ShouldBe(4);
            _time.Await(first.DisposeAsync().AsTask());

            Consumer second = NewConsumer(options);
            second.Assign(Topic, ConsumerStart.Committed);
            Read(second, 1)[0].Offset.ShouldBe(4);
        });
    }

    [Fact]
    public void New_partitions_are_read_from_their_beginning()
    {
        _time.Run(() =>
        {
            Consumer consumer = NewConsumer(new ConsumerOptions { MetadataAgeMax = TimeSpan.FromSeconds(1) });
            consumer.Assign(Topic, ConsumerStart.Latest);
            _time.Settle();
            _cluster.Topics[Topic] = 2;
            Append(1, 2);
            _time.Advance(TimeSpan.FromSeconds(2));
            Append(0, 1);

            Read(consumer, 3).Select(record => (record.Partition, record.Offset)).ShouldBe([(0, 0), (1, 0), (1, 1)], ignoreOrder: true);
        });
    }

    [Fact]
    public void Server_that_falls_silent_is_given_up()
    {
        _time.Run(() =>
        {
            Consumer consumer = NewConsumer(new ConsumerOptions { HeartbeatInterval = TimeSpan.FromSeconds(1) });
            consumer.Assign(Topic, ConsumerStart.Earliest);
            _time.Advance(TimeSpan.FromSeconds(10));

            _cluster.SubscribeRequests.Count.ShouldBeInRange(3, 4);
            _cluster.OpenSubscriptions.ShouldBe(1);
        });
    }

    [Fact]
    public void Only_one_may_enumerate_and_none_after_the_end()
    {
        Append(0, 1);
        _time.Run(() =>
        {
            Consumer consumer = NewConsumer();
            consumer.Assign(Topic, ConsumerStart.Earliest);
            using CancellationTokenSource cancel = new();
            Task<List<ConsumedRecord>> read = ReadAsync(consumer, 2, cancel.Token);
            _time.Settle();
            Should.Throw<InvalidOperationException>(() => Read(consumer, 1));

            cancel.Cancel();
            Should.Throw<OperationCanceledException>(() => _time.Await(read));
            _time.Await(consumer.DisposeAsync().AsTask());
            _cluster.OpenSubscriptions.ShouldBe(0);
            Should.Throw<ObjectDisposedException>(() => Read(consumer, 1));
        });
    }

    private Consumer NewConsumer(ConsumerOptions? options = null)
    {
        Admin admin = new(new RetryingCaller(_cluster, new RetryOptions(), TimeSpan.FromSeconds(15), _time, new Random(1)));
        return new Consumer(_cluster, admin, options ?? new ConsumerOptions(), _time, new Random(1), NullLogger.Instance);
    }

    private void Append(int partition, params int[] counts) => AppendTo(Topic, partition, counts);

    private void AppendTo(string topic, int partition, params int[] counts)
    {
        using RecordBatchBuilder builder = new();
        foreach (int count in counts)
        {
            FakePartition log = _cluster.Partition(topic, partition);
            builder.Reset();
            for (int i = 0; i < count; i++)
            {
                builder.Add(_time.Now.ToUnixTimeMilliseconds(), default, Encoding.UTF8.GetBytes($"{partition}-{log.End + i}"));
            }
            log.Append(builder.Build(RecordBatchOptions.Default).ToArray());
        }
        _cluster.Wake();
    }

    private List<ConsumedRecord> Read(Consumer consumer, int count) => _time.Await(ReadAsync(consumer, count));

    private static async Task<List<ConsumedRecord>> ReadAsync(Consumer consumer, int count, CancellationToken ct = default)
    {
        List<ConsumedRecord> read = [];
        await foreach (ConsumedRecord record in consumer.WithCancellation(ct))
        {
            read.Add(record);
            if (read.Count == count)
            {
                break;
            }
        }
        return read;
    }

    private static async Task<List<ConsumedRecord>> ReadUntilAsync(Consumer consumer)
    {
        while (true)
        {
            try
            {
                return await ReadAsync(consumer, 1);
            }
            catch (StreamHouseException)
            {
                // Told once more before the topic was there.
            }
        }
    }

    private static async Task ReadBatchesAsync(Consumer consumer, List<long> offsets, int count)
    {
        await foreach (ConsumedBatch batch in consumer.ReadBatchesAsync())
        {
            foreach (ref readonly StreamHouse.Records.Record record in batch)
            {
                offsets.Add(record.Offset);
            }
            if (offsets.Count >= count)
            {
                return;
            }
        }
    }

    private static string Text(ConsumedRecord record) => Encoding.UTF8.GetString(record.Value!.Value.Span);
}
