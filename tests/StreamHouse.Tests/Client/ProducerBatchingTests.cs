using StreamHouse.Client;
using StreamHouse.Client.Producers;
using StreamHouse.Records;

namespace StreamHouse.Tests.Client;

public sealed class ProducerBatchingTests
{
    [Fact]
    public void First_record_is_sent_at_once_and_later_ones_gather_until_its_answer()
    {
        ProducerRig rig = new();
        rig.Time.Run(() =>
        {
            rig.Warm();
            Task<RecordMetadata>[] sends = [rig.Send("a"), rig.Send("b"), rig.Send("c")];

            rig.Cluster.Held.Count.ShouldBe(1);
            rig.Cluster.Held[0].Values.ShouldBe(["a"]);
            rig.Cluster.Held[0].Accept();
            rig.Time.Settle();
            rig.Cluster.Held.Count.ShouldBe(1);
            rig.Cluster.Held[0].Values.ShouldBe(["b", "c"]);
            rig.Cluster.Held[0].Accept();
            rig.Time.Settle();

            sends.Select(send => send.Result.Offset).ShouldBe([1L, 2L, 3L]);
            sends[2].Result.Durability.ShouldBe(RecordDurability.Local);
        });
    }

    [Fact]
    public void Gathering_ends_when_the_batch_is_full()
    {
        ProducerRig rig = new(new ProducerOptions { BatchRecordsMax = 3 });
        rig.Time.Run(() =>
        {
            rig.Warm();
            foreach (int i in Enumerable.Range(0, 8))
            {
                _ = rig.Send($"{i}");
            }

            rig.Cluster.Held.Select(batch => batch.Count).ShouldBe([1, 3, 3]);
            rig.Cluster.Held.Select(batch => batch.BaseSequence).ShouldBe([1, 2, 5]);
        });
    }

    [Fact]
    public void Gathering_ends_when_the_bytes_are_full()
    {
        ProducerRig rig = new(new ProducerOptions { BatchBytesMax = 1000 });
        rig.Time.Run(() =>
        {
            rig.Warm();
            string value = new('x', 300);
            for (int i = 0; i < 8; i++)
            {
                _ = rig.Send(value);
            }

            rig.Cluster.Held.Select(batch => batch.Count).ShouldBe([1, 3, 3]);
            rig.Cluster.Held.ShouldAllBe(batch => batch.Bytes.Length <= 1000);
        });
    }

    [Fact]
    public void Record_above_the_batch_limit_makes_a_batch_of_its_own()
    {
        ProducerRig rig = new(new ProducerOptions { BatchBytesMax = 1000 });
        rig.Time.Run(() =>
        {
            rig.Warm();
            _ = rig.Send("first");
            _ = rig.Send("small");
            _ = rig.Send(new string('x', 5000));
            _ = rig.Send("after");

            rig.Cluster.Held.Select(batch => batch.Count).ShouldBe([1, 1, 1]);
            rig.Cluster.Held[2].Values[0].Length.ShouldBe(5000);
        });
    }

    [Fact]
    public void Gathering_ends_after_the_linger()
    {
        ProducerRig rig = new(new ProducerOptions { Linger = TimeSpan.FromMilliseconds(100) });
        rig.Time.Run(() =>
        {
            rig.Warm();
            _ = rig.Send("a");
            rig.Time.Advance(TimeSpan.FromMilliseconds(50));
            _ = rig.Send("b");
            rig.Time.Advance(TimeSpan.FromMilliseconds(99));
            rig.Cluster.Held.Count.ShouldBe(1);

            rig.Time.Advance(TimeSpan.FromMilliseconds(1));

            rig.Cluster.Held.Count.ShouldBe(2);
            rig.Cluster.Held[1].Values.ShouldBe(["b"]);
        });
    }

    [Fact]
    public async Task A_linger_with_less_than_a_millisecond_left_waits_instead_of_going_round()
    {
        ProducerRig rig = new(new ProducerOptions { Linger = TimeSpan.FromMicroseconds(500) });
        Task run = Task.Run(() => rig.Time.Run(() =>
        {
            rig.Warm();
            _ = rig.Send("a");
            _ = rig.Send("b");
            rig.Cluster.Held.Count.ShouldBe(1);

            rig.Time.Advance(TimeSpan.FromMilliseconds(1));

            rig.Cluster.Held.Count.ShouldBe(2);
        }));
        // In time that stands still it would go round for ever.
        await run.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
    }

    [Fact]
    public void Batches_in_flight_are_bounded_and_those_behind_go_on_gathering()
    {
        ProducerRig rig = new(new ProducerOptions { BatchRecordsMax = 2, InFlightPerPartitionMax = 2 });
        rig.Time.Run(() =>
        {
            rig.Warm();
            foreach (int i in Enumerable.Range(0, 9))
            {
                _ = rig.Send($"{i}");
            }
            rig.Time.Advance(TimeSpan.FromSeconds(1));
            rig.Cluster.Held.Count.ShouldBe(2);

            rig.Cluster.Held[0].Accept();
            rig.Time.Settle();

            rig.Cluster.Held.Count.ShouldBe(2);
            rig.Cluster.Held[1].Values.ShouldBe(["3", "4"]);
        });
    }

    [Fact]
    public void Flush_sends_without_lingering_and_waits_for_every_answer()
    {
        ProducerRig rig = new();
        rig.Time.Run(() =>
        {
            rig.Warm();
            _ = rig.Send("a");
            _ = rig.Send("b");

            Task flush = rig.Producer.FlushAsync();

            rig.Cluster.Held.Count.ShouldBe(2);
            rig.Cluster.Held[0].Accept();
            rig.Time.Settle();
            flush.IsCompleted.ShouldBeFalse();
            rig.Cluster.Held[0].Accept();
            rig.Time.Settle();
            flush.IsCompletedSuccessfully.ShouldBeTrue();
        });
    }

    [Fact]
    public void Flush_and_dispose_wait_for_records_whose_topic_is_not_known_yet()
    {
        ProducerRig rig = new();
        rig.Time.Run(() =>
        {
            rig.Cluster.CallError = new(StreamHouseErrorCode.Unavailable, "Not up yet.", isRetriable: true);
            Task<RecordMetadata> send = rig.Send("a");
            Task flush = rig.Producer.FlushAsync();
            Task dispose = rig.Producer.DisposeAsync().AsTask();
            rig.Time.Advance(TimeSpan.FromSeconds(5));
            flush.IsCompleted.ShouldBeFalse();
            dispose.IsCompleted.ShouldBeFalse();

            rig.Cluster.CallError = null;
            rig.Time.Await(dispose);

            flush.IsCompletedSuccessfully.ShouldBeTrue();
            send.Result.Offset.ShouldBe(0);
            rig.Cluster.Partition(ProducerRig.Topic, 0).Values.ShouldBe(["a"]);
            Should.Throw<ObjectDisposedException>(() => rig.Send("late"));
        });
    }

    [Fact]
    public void Records_keep_the_order_of_the_calls_while_their_topic_is_looked_up()
    {
        ProducerRig rig = new(new ProducerOptions { BatchRecordsMax = 7 });
        rig.Time.Run(() =>
        {
            rig.Cluster.CallError = new(StreamHouseErrorCode.Unavailable, "Not up yet.", isRetriable: true);
            Task<RecordMetadata>[] early = [.. Enumerable.Range(0, 50).Select(i => rig.Send($"{i}"))];
            rig.Cluster.CallError = null;
            rig.Time.Advance(TimeSpan.FromMilliseconds(30));
            Task<RecordMetadata>[] late = [.. Enumerable.Range(50, 50).Select(i => rig.Send($"{i}"))];

            rig.Time.Await(Task.WhenAll(early.Concat(late)));

            rig.Cluster.Partition(ProducerRig.Topic, 0).Values.ShouldBe(Enumerable.Range(0, 100).Select(i => $"{i}"));
        });
    }

    [Fact]
    public void Batches_are_compressed_as_asked()
    {
        ProducerRig rig = new(new ProducerOptions { Compression = CompressionCodec.Gzip });
        rig.Time.Run(() =>
        {
            rig.Warm();
            _ = rig.Send(new string('x', 5000));

            rig.Cluster.Held[0].Codec.ShouldBe(CompressionCodec.Gzip);
            rig.Cluster.Held[0].Bytes.Length.ShouldBeLessThan(500);
            rig.Cluster.Held[0].Values.ShouldBe([new string('x', 5000)]);
        });
    }

    [Fact]
    public void Keys_decide_the_partition_as_kafka_clients_do()
    {
        ProducerRig rig = new(partitions: 7);
        rig.Time.Run(() =>
        {
            RecordMetadata[] sent = [.. new[] { "a", "ab", "abc", "21", "foobar" }.Select(key => rig.Time.Await(rig.Send("v", key)))];

            sent.Select(record => record.Partition).ShouldBe([5, 0, 4, 3, 0]);
        });
    }

    [Fact]
    public void Keyless_records_stay_with_a_partition_until_its_batch_is_closed()
    {
        ProducerRig rig = new(new ProducerOptions { BatchRecordsMax = 10 }, partitions: 4);
        rig.Time.Run(() =>
        {
            rig.Warm();
            foreach (int i in Enumerable.Range(0, 400))
            {
                _ = rig.Send($"{i}");
            }
            while (rig.Cluster.Held.Count > 0)
            {
                rig.Cluster.Held[0].Accept();
                rig.Time.Settle();
            }
            rig.Time.Await(rig.Producer.FlushAsync());

            rig.Cluster.Sent.Select(batch => batch.Partition).Distinct().Count().ShouldBe(4);

            // Few single records: only the first of each partition finds nothing in flight.
            rig.Cluster.Sent.Count.ShouldBeLessThan(60);
        });
    }

    [Fact]
    public void Chosen_partition_must_exist()
    {
        ProducerRig rig = new(partitions: 2);
        rig.Time.Run(() =>
        {
            rig.Time.Await(rig.Send("a", partition: 1)).Partition.ShouldBe(1);

            StreamHouseException error =
                Should.Throw<StreamHouseException>(() => rig.Time.Await(rig.Send("b", partition: 2)));

            error.Code.ShouldBe(StreamHouseErrorCode.UnknownPartition);
            rig.Producer.BufferedBytes.ShouldBe(0);
            rig.Cluster.Topics[ProducerRig.Topic] = 3;
            rig.Time.Await(rig.Send("c", partition: 2)).Partition.ShouldBe(2);
        });
    }

    [Fact]
    public void New_partitions_are_used_once_the_metadata_is_old()
    {
        ProducerRig rig = new(new ProducerOptions { MetadataAgeMax = TimeSpan.FromSeconds(10) });
        rig.Time.Run(() =>
        {
            rig.Time.Await(rig.Send("a"));
            rig.Cluster.Topics[ProducerRig.Topic] = 8;
            rig.Time.Await(rig.Send("b", "abcd")).Partition.ShouldBe(0);
            rig.Time.Advance(TimeSpan.FromSeconds(11));
            rig.Time.Await(rig.Send("c", "abcd"));

            rig.Time.Await(rig.Send("d", "abcd")).Partition.ShouldBe(52 % 8);
        });
    }
}
