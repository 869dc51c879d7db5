using StreamHouse.Client;
using StreamHouse.Client.Producers;
using StreamHouse.Client.Retries;

namespace StreamHouse.Tests.Client;

public sealed class ProducerRetryTests
{
    [Fact]
    public void Lost_batch_is_sent_again_with_the_same_bytes_and_sequence()
    {
        ProducerRig rig = new();
        rig.Time.Run(() =>
        {
            rig.Warm();
            Task<RecordMetadata> send = rig.Send("a");
            HeldBatch first = rig.Cluster.Held[0];
            first.Lose();
            rig.Time.Advance(TimeSpan.FromMilliseconds(50));

            HeldBatch second = rig.Cluster.Held.ShouldHaveSingleItem();
            second.Bytes.ShouldBe(first.Bytes);
            second.BaseSequence.ShouldBe(1);
            second.Accept();
            rig.Time.Settle();
            send.Result.Offset.ShouldBe(1);
        });
    }

    [Fact]
    public void Duplicate_after_a_lost_answer_has_the_original_offset()
    {
        ProducerRig rig = new();
        rig.Time.Run(() =>
        {
            rig.Warm();
            Task<RecordMetadata> send = rig.Send("a");
            rig.Cluster.Held[0].AcceptAndLoseAnswer();

            // Another producer writes meanwhile.
            rig.Cluster.Partition(ProducerRig.Topic, 0).Append(OtherBatch());
            rig.Time.Advance(TimeSpan.FromMilliseconds(50));
            rig.Cluster.Held[0].Accept();
            rig.Time.Settle();

            send.Result.Offset.ShouldBe(1);
            rig.Cluster.Partition(ProducerRig.Topic, 0).Values.ShouldBe(["warm", "a", "other"]);
        });
    }

    [Fact]
    public void Nothing_overtakes_the_first_batch_to_a_server_that_does_not_know_the_producer_yet()
    {
        ProducerRig rig = new(new ProducerOptions { BatchRecordsMax = 2 });
        rig.Time.Run(() =>
        {
            rig.Cluster.Holds = true;
            Task<RecordMetadata>[] sends = [.. Enumerable.Range(0, 7).Select(i => rig.Send($"{i}"))];
            rig.Time.Settle();
            rig.Cluster.Held.ShouldHaveSingleItem().Lose();
            rig.Time.Advance(TimeSpan.FromSeconds(1));

            rig.Cluster.Held.ShouldHaveSingleItem().BaseSequence.ShouldBe(0);
            rig.Cluster.Held[0].Accept();
            rig.Time.Settle();
            rig.Cluster.Held.Count.ShouldBe(3);
            rig.Cluster.Holds = false;
            while (rig.Cluster.Held.Count > 0)
            {
                rig.Cluster.Held[0].Accept();
                rig.Time.Settle();
            }
            rig.Time.Await(Task.WhenAll(sends));

            rig.Cluster.Partition(ProducerRig.Topic, 0).Values.ShouldBe(["0", "1", "2", "3", "4", "5", "6"]);
        });
    }

    [Fact]
    public void Batches_in_flight_keep_their_order_when_the_first_one_is_lost()
    {
        ProducerRig rig = new(new ProducerOptions { BatchRecordsMax = 2 });
        rig.Time.Run(() =>
        {
            rig.Warm();
            Task<RecordMetadata>[] sends = [.. Enumerable.Range(0, 7).Select(i => rig.Send($"{i}"))];
            rig.Cluster.Held.Count.ShouldBe(4);
            rig.Cluster.Held[0].Lose();
            rig.Time.Advance(TimeSpan.FromSeconds(1));

            // Those behind are still on their way: nothing may overtake them.
            rig.Cluster.Held.Count.ShouldBe(3);
            while (rig.Cluster.Held.Count > 0)
            {
                rig.Cluster.Held[0].Accept();
                rig.Time.Settle();
            }
            rig.Cluster.Holds = false;
            rig.Time.Await(Task.WhenAll(sends));

            rig.Cluster.Partition(ProducerRig.Topic, 0).Values.ShouldBe(["warm", "0", "1", "2", "3", "4", "5", "6"]);
            sends.Select(send => send.Result.Offset).ShouldBe(Enumerable.Range(1, 7).Select(i => (long)i));
        });
    }

    [Fact]
    public void Waits_grow_to_their_maximum_within_the_jitter()
    {
        RetryOptions options = new() { BackoffInitial = TimeSpan.FromMilliseconds(20), BackoffMax = TimeSpan.FromSeconds(1), JitterRatio = 0.2 };
        for (int seed = 0; seed < 200; seed++)
        {
            Backoff backoff = new(options, new Random(seed));
            double expected = 20;
            for (int attempt = 0; attempt < 40; attempt++)
            {
                backoff.Next().TotalMilliseconds.ShouldBeInRange(expected * 0.8, expected * 1.2);
                expected = Math.Min(expected * 2, 1000);
            }
            backoff.Reset();
            backoff.Next().TotalMilliseconds.ShouldBeInRange(16, 24);
        }
    }

    [Fact]
    public void Waits_of_different_clients_differ()
    {
        RetryOptions options = new();
        Enumerable.Range(0, 50).Select(seed => new Backoff(options, new Random(seed)).Next()).Distinct().Count().ShouldBeGreaterThan(40);
    }

    [Fact]
    public void Server_that_stays_away_fails_records_after_the_delivery_timeout()
    {
        ProducerRig rig = new(new ProducerOptions { DeliveryTimeout = TimeSpan.FromSeconds(10) });
        rig.Time.Run(() =>
        {
            rig.Warm();
            DateTimeOffset begin = rig.Time.Now;
            Task<RecordMetadata> first = rig.Send("a");
            Task<RecordMetadata> behind = rig.Send("b");
            while (!first.IsCompleted || !behind.IsCompleted)
            {
                foreach (HeldBatch batch in rig.Cluster.Held.ToList())
                {
                    batch.Lose();
                }
                rig.Time.Advance(TimeSpan.FromMilliseconds(10));
            }

            (rig.Time.Now - begin).TotalSeconds.ShouldBeInRange(9.9, 11.5);
            StreamHouseException error = Should.Throw<StreamHouseException>(() => rig.Time.Await(first));
            error.Code.ShouldBe(StreamHouseErrorCode.DeliveryTimedOut);
            error.IsOutcomeUnknown.ShouldBeTrue();
            rig.Producer.BufferedBytes.ShouldBe(0);
            rig.Cluster.Sent.ShouldAllBe(batch => batch.Timeout <= TimeSpan.FromSeconds(10) && batch.Timeout > TimeSpan.Zero);

            // Afterwards it works again, under a new producer id that no old sequence can confuse.
            rig.Cluster.Holds = false;
            rig.Time.Await(rig.Send("c")).Offset.ShouldBe(1);
            rig.Cluster.Sent[^1].BaseSequence.ShouldBe(0);
            rig.Cluster.Sent[^1].ProducerId.ShouldNotBe(rig.Cluster.Sent[0].ProducerId);
        });
    }

    [Fact]
    public void Refused_batch_fails_alone_and_those_behind_it_are_delivered()
    {
        ProducerRig rig = new(new ProducerOptions { BatchRecordsMax = 1 });
        rig.Time.Run(() =>
        {
            rig.Warm();
            Task<RecordMetadata> refused = rig.Send("too large");
            Task<RecordMetadata> second = rig.Send("b");
            Task<RecordMetadata> third = rig.Send("c");
            rig.Cluster.Held[0].Refuse(StreamHouseErrorCode.BatchTooLarge);
            rig.Cluster.Holds = false;
            rig.Cluster.Held[0].Accept();
            rig.Cluster.Held[0].Accept();

            rig.Time.Await(Task.WhenAll(second, third));

            Should.Throw<StreamHouseException>(() => rig.Time.Await(refused)).Code.ShouldBe(StreamHouseErrorCode.BatchTooLarge);
            rig.Cluster.Partition(ProducerRig.Topic, 0).Values.ShouldBe(["warm", "b", "c"]);
        });
    }

    [Fact]
    public void Batch_that_may_be_in_the_log_is_not_written_under_a_new_producer_id()
    {
        ProducerRig rig = new(new ProducerOptions { BatchRecordsMax = 1 });
        rig.Time.Run(() =>
        {
            rig.Warm();
            Task<RecordMetadata> refused = rig.Send("a");
            Task<RecordMetadata> unknown = rig.Send("b");
            rig.Cluster.Held[0].Refuse(StreamHouseErrorCode.InvalidRecord);
            rig.Cluster.Held[0].Lose();
            rig.Cluster.Holds = false;
            rig.Time.Advance(TimeSpan.FromSeconds(1));

            Should.Throw<StreamHouseException>(() => rig.Time.Await(refused)).Code.ShouldBe(StreamHouseErrorCode.InvalidRecord);
            StreamHouseException error = Should.Throw<StreamHouseException>(() => rig.Time.Await(unknown));
            error.Code.ShouldBe(StreamHouseErrorCode.OutOfOrderSequence);
            error.IsOutcomeUnknown.ShouldBeTrue();
            rig.Cluster.Partition(ProducerRig.Topic, 0).Values.ShouldBe(["warm"]);
        });
    }

    [Fact]
    public void Gap_that_the_server_sees_in_the_first_batch_is_told_and_not_papered_over()
    {
        ProducerRig rig = new();
        rig.Time.Run(() =>
        {
            rig.Warm();
            Task<RecordMetadata> send = rig.Send("a");
            rig.Cluster.Held[0].Refuse(StreamHouseErrorCode.OutOfOrderSequence);
            rig.Time.Advance(TimeSpan.FromSeconds(1));

            Should.Throw<StreamHouseException>(() => rig.Time.Await(send)).Code.ShouldBe(StreamHouseErrorCode.OutOfOrderSequence);
            rig.Cluster.Held.ShouldBeEmpty();
        });
    }

    [Fact]
    public void Deleted_topic_fails_its_records_and_may_come_back()
    {
        ProducerRig rig = new();
        rig.Time.Run(() =>
        {
            rig.Warm();
            Task<RecordMetadata> send = rig.Send("a");
            rig.Cluster.Topics.Clear();
            rig.Cluster.Held[0].Refuse(StreamHouseErrorCode.UnknownTopic);
            rig.Time.Advance(TimeSpan.FromSeconds(1));
            Should.Throw<StreamHouseException>(() => rig.Time.Await(send)).Code.ShouldBe(StreamHouseErrorCode.UnknownTopic);

            rig.Cluster.Topics[ProducerRig.Topic] = 1;
            rig.Cluster.Holds = false;
            rig.Time.Await(rig.Send("b")).Partition.ShouldBe(0);
        });
    }

    [Fact]
    public void Topic_that_the_server_denies_for_a_moment_is_tried_again()
    {
        ProducerRig rig = new();
        rig.Time.Run(() =>
        {
            rig.Warm();
            Task<RecordMetadata> send = rig.Send("a");
            rig.Cluster.Held[0].Refuse(StreamHouseErrorCode.UnknownTopic);
            rig.Cluster.Holds = false;

            rig.Time.Await(send).Offset.ShouldBe(1);
        });
    }

    [Fact]
    public void Unknown_topic_fails_at_once()
    {
        ProducerRig rig = new();
        rig.Time.Run(() =>
        {
            DateTimeOffset begin = rig.Time.Now;
            Task send = rig.Producer.EnqueueAsync("nowhere", default, "v"u8).AsTask();

            Should.Throw<StreamHouseException>(() => rig.Time.Await(send)).Code.ShouldBe(StreamHouseErrorCode.UnknownTopic);
            rig.Time.Now.ShouldBe(begin);
        });
    }

    [Fact]
    public void Without_idempotence_batches_carry_no_producer_id()
    {
        ProducerRig rig = new(new ProducerOptions { Idempotent = false });
        rig.Time.Run(() =>
        {
            rig.Warm();
            _ = rig.Send("a");

            rig.Cluster.Held[0].ProducerId.ShouldBe(-1);
            rig.Cluster.Held[0].BaseSequence.ShouldBe(-1);
            rig.Cluster.InitProducerCalls.ShouldBe(0);
        });
    }

    // Each seed is a different storm of losses, refusals and lost answers over several partitions.
    [Theory]
    [MemberData(nameof(Seeds))]
    public void Whatever_happens_on_the_way_each_record_is_in_the_log_once_and_in_order(int seed)
    {
        ProducerRig rig = new(
            new ProducerOptions { BatchRecordsMax = 5, BufferBytesMax = 4000, Linger = TimeSpan.FromMilliseconds(20), MetadataAgeMax = TimeSpan.FromSeconds(1) },
            partitions: 3,
            seed);
        Random random = new(seed);
        rig.Time.Run(() =>
        {
            rig.Cluster.Holds = true;
            List<Task<RecordMetadata>> sends = [];
            int sent = 0;
            while (sent < 300 || sends.Any(send => !send.IsCompleted))
            {
                for (int i = random.Next(8); i > 0 && sent < 300; i--)
                {
                    sends.Add(rig.Send($"{sent}", partition: sent % 3));
                    sent++;
                }
                if (rig.Cluster.Held.Count > 0)
                {
                    // Of one partition in order, as one connection delivers them.
                    int partition = rig.Cluster.Held[random.Next(rig.Cluster.Held.Count)].Partition;
                    HeldBatch batch = rig.Cluster.Held.First(held => held.Partition == partition);
                    switch (random.Next(10))
                    {
                        case 0:
                            batch.Lose();
                            break;
                        case 1:
                            batch.AcceptAndLoseAnswer();
                            break;
                        case 2:
                            batch.Refuse(StreamHouseErrorCode.Overloaded, isRetriable: true);
                            break;
                        case 3:
                            batch.Refuse(StreamHouseErrorCode.NotLeader, isRetriable: true);
                            break;
                        default:
                            batch.Accept();
                            break;
                    }
                }
                rig.Time.Advance(TimeSpan.FromMilliseconds(random.Next(5)));
            }

            for (int partition = 0; partition < 3; partition++)
            {
                string[] values = rig.Cluster.Partition(ProducerRig.Topic, partition).Values;
                values.ShouldBe(Enumerable.Range(0, 300).Where(i => i % 3 == partition).Select(i => $"{i}"));
                for (int i = 0; i < values.Length; i++)
                {
                    sends[(i * 3) + partition].Result.Offset.ShouldBe(i);
                }
            }
            rig.Producer.BufferedBytes.ShouldBe(0);
        });
    }

    public static TheoryData<int> Seeds() => [.. Enumerable.Range(0, 40)];

    private static byte[] OtherBatch()
    {
        using StreamHouse.Records.RecordBatchBuilder builder = new();
        builder.Add(1, default, "other"u8);
        return builder.Build(StreamHouse.Records.RecordBatchOptions.Default).ToArray();
    }
}
