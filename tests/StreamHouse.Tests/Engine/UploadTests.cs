using StreamHouse.Broker;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Segments;
using StreamHouse.Broker.Topics;
using StreamHouse.Broker.Uploads;

namespace StreamHouse.Tests.Engine;

public class UploadTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_failed_upload_keeps_its_data_and_is_made_again_under_a_new_id_with_the_same_bounds(bool stored)
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync();
        await rig.AppendAsync(topic, "a", "b");
        rig.Objects.Failing = (new ObjectStoreException("503, says the test"), stored);
        rig.Broker.FlushAll();
        await EngineRig.UntilAsync(() => rig.Objects.Puts >= 4);
        await rig.AppendAsync(topic, "c");
        rig.Status(topic).TieredEndOffset.ShouldBe(0);
        (await rig.ReadAllAsync(topic)).ShouldBe(["0:a", "1:b", "2:c"]);

        rig.Objects.Failing = null;

        await EngineRig.UntilAsync(() => rig.Status(topic).TieredEndOffset == 2);
        IReadOnlyList<SegmentRow> rows = await rig.Broker.ListSegmentsAsync(new TopicPartition(topic.Id, 0), 0, 10, CancellationToken.None);
        rows.ShouldHaveSingleItem().EndOffset.ShouldBe(2);
        int segments = rig.Objects.Stored.Keys.Count(k => k.EndsWith(".seg", StringComparison.Ordinal));
        int attempts = rig.Objects.Puts;
        segments.ShouldBe(stored ? attempts : 1);
        await rig.CrashAsync();
        (await rig.ReadAllAsync(topic)).ShouldBe(["0:a", "1:b", "2:c"]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_unknown_commit_is_resolved_by_the_same_commit_and_never_made_twice(bool happened)
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync();
        await rig.AppendAsync(topic, "a");
        rig.Metadata.LostReplies = (3, happened);

        await rig.TierAsync(topic);
        await rig.AppendAsync(topic, "b");
        await rig.TierAsync(topic);

        rig.Metadata.Commits.Take(4).Select(c => c.ObjectId).Distinct().ShouldHaveSingleItem();
        rig.Status(topic).Online.ShouldBeTrue();
        IReadOnlyList<SegmentRow> rows = await rig.Broker.ListSegmentsAsync(new TopicPartition(topic.Id, 0), 0, 10, CancellationToken.None);
        rows.Select(r => (r.BaseOffset, r.EndOffset)).ShouldBe([(0, 1), (1, 2)]);
    }

    [Theory]
    [InlineData(BrokerErrorCode.StorageFailed)]
    [InlineData(BrokerErrorCode.NoSpace)]
    [InlineData(BrokerErrorCode.DataDamaged)]
    public async Task An_error_of_the_store_that_is_not_about_the_connection_leaves_the_commit_to_be_tried_again(BrokerErrorCode code)
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync();
        await rig.AppendAsync(topic, "a");
        int failures = 2;
        rig.Metadata.BeforeCommit = _ => failures-- > 0 ? throw new BrokerException(code, "says the test") : Task.CompletedTask;

        await rig.TierAsync(topic);

        rig.Broker.Failed.IsCompleted.ShouldBeFalse();
        (await rig.ReadAllAsync(topic)).ShouldBe(["0:a"]);
    }

    [Fact]
    public async Task An_error_that_nobody_foresaw_ends_the_process_instead_of_uploading_in_silence()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync();
        await rig.AppendAsync(topic, "a");
        rig.Metadata.BeforeCommit = _ => throw new InvalidCastException("says the test");

        rig.Broker.FlushAll();

        (await rig.Broker.Failed.WaitAsync(Soon)).ShouldBeOfType<InvalidCastException>();
        await rig.CrashAsync();
        rig.Metadata.BeforeCommit = null;
        (await rig.ReadAllAsync(topic)).ShouldBe(["0:a"]);
    }

    [Fact]
    public async Task A_commit_that_breaks_a_rule_of_the_tables_ends_the_process_instead_of_being_tried_for_ever()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync();
        await rig.AppendAsync(topic, "a");
        rig.Metadata.BeforeCommit = _ => throw new BrokerException(BrokerErrorCode.Internal, "a constraint, says the test");

        rig.Broker.FlushAll();

        (await rig.Broker.Failed.WaitAsync(Soon)).Message.ShouldContain("a constraint");
    }

    [Fact]
    public async Task Metadata_that_must_not_be_trusted_any_more_ends_the_process()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        rig.Broker.Failed.IsCompleted.ShouldBeFalse();

        rig.Metadata.Failing.SetResult(new IOException("a sync failed, says the test"));

        (await rig.Broker.Failed.WaitAsync(Soon)).Message.ShouldContain("a sync failed");
    }

    [Fact]
    public async Task A_partition_written_once_does_not_keep_the_log_of_a_busy_one()
    {
        await using EngineRig rig = await EngineRig.StartAsync(EngineRig.Options with
        {
            NodeLog = EngineRig.Options.NodeLog with { FileBytes = 256 << 10 },
            LocalUploads = EngineRig.Options.LocalUploads with { FlushBytes = 64 << 10, FlushInterval = TimeSpan.FromMinutes(30) },
        });
        TopicDescription topic = await rig.CreateTopicAsync(partitions: 2);
        await rig.AppendAsync(topic, "seldom");
        string[] large = [new('x', 30_000)];
        for (int i = 0; i < 100; i++)
        {
            (await rig.Append(topic, EngineRig.Batch(large), partition: 1)).Error.ShouldBe(BrokerErrorCode.None);
        }

        await EngineRig.UntilAsync(() => rig.Broker.Status.NodeLogBytes <= 4 * (256 << 10));
        rig.Status(topic).TieredEndOffset.ShouldBe(1);
    }

    [Fact]
    public async Task One_object_carries_the_slices_of_all_partitions()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync(partitions: 200);
        for (int i = 0; i < 200; i++)
        {
            (await rig.Append(topic, EngineRig.Batch([$"p{i}"]), partition: i)).Error.ShouldBe(BrokerErrorCode.None);
        }

        await rig.TierAsync(topic, 199);
        await rig.TierAsync(topic, 0);

        rig.Objects.Puts.ShouldBeLessThanOrEqualTo(2, "one object for each of two flushes");
        await rig.CrashAsync();
        for (int i = 0; i < 200; i++)
        {
            (await rig.ReadAllAsync(topic, partition: i)).ShouldBe([$"0:p{i}"]);
        }
    }

    [Fact]
    public async Task Producer_state_of_many_partitions_is_loaded_at_once_and_a_slow_one_holds_up_none()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync(partitions: 200);
        TopicDescription slow = await rig.CreateTopicAsync("slow");
        for (int i = 0; i < 200; i++)
        {
            // Each its own object, so that each load is a read of its own.
            (await rig.Append(topic, EngineRig.Batch(["a"]), partition: i)).Error.ShouldBe(BrokerErrorCode.None);
            await rig.TierAsync(topic, i);
        }
        await rig.AppendAsync(slow, "a");
        await rig.TierAsync(slow);
        string slowKey = (await rig.Broker.ListSegmentsAsync(new TopicPartition(slow.Id, 0), 0, 1, CancellationToken.None))[0].Key;
        await rig.CrashAsync();
        TaskCompletionSource hold = new();
        int reading = 0;
        int most = 0;
        rig.Objects.Stored.BeforeRead = async (key, _) =>
        {
            int now = Interlocked.Increment(ref reading);
            most = Math.Max(most, now);
            await (key == slowKey ? hold.Task : Task.Delay(100));
            Interlocked.Decrement(ref reading);
        };
        await rig.AppendAsync(slow, "b");
        for (int i = 0; i < 200; i++)
        {
            (await rig.Append(topic, EngineRig.Batch(["b"]), partition: i)).Error.ShouldBe(BrokerErrorCode.None);
        }
        long started = TimeProvider.System.GetTimestamp();

        rig.Broker.FlushAll();
        await EngineRig.UntilAsync(() => Enumerable.Range(0, 200).All(i => rig.Status(topic, i).TieredEndOffset == 2));

        // One after another the reads alone take 20 s.
        TimeProvider.System.GetElapsedTime(started).ShouldBeLessThan(TimeSpan.FromSeconds(10));
        most.ShouldBeInRange(8, 34);
        rig.Status(slow).TieredEndOffset.ShouldBe(1);
        hold.SetResult();
        await EngineRig.UntilAsync(() => rig.Status(slow).TieredEndOffset == 2);
        rig.Objects.Stored.BeforeRead = null;
        (await rig.ReadAllAsync(slow)).ShouldBe(["0:a", "1:b"]);
    }

    [Theory]
    [InlineData(Durability.Local)]
    [InlineData(Durability.Object)]
    public async Task Missing_producer_state_refuses_appends_by_name_and_what_was_accepted_is_uploaded_all_the_same(Durability durability)
    {
        await using EngineRig rig = await EngineRig.StartAsync(EngineRig.Options with
        {
            NodeLog = EngineRig.Options.NodeLog with { FileBytes = 256 << 10, FilesMax = 4 },
            Tail = new TailOptions { UntieredBytesMax = 16 << 20, RetainedBytesMax = 0 },
            LocalUploads = EngineRig.Options.LocalUploads with { FlushBytes = 256 << 10 },
        });
        TopicDescription bad = await rig.CreateTopicAsync("bad", durability: durability);
        TopicDescription good = await rig.CreateTopicAsync("good", durability: durability);
        (await rig.Append(bad, EngineRig.Batch(["a"], producer: 7, sequence: 0))).BaseOffset.ShouldBe(0);
        await rig.TierAsync(bad);
        (await rig.Append(bad, EngineRig.Batch(["b"], producer: 7, sequence: 1))).BaseOffset.ShouldBe(1);
        await rig.TierAsync(bad);
        if (durability == Durability.Local)
        {
            (await rig.Append(bad, EngineRig.Batch(["c"], producer: 7, sequence: 2))).BaseOffset.ShouldBe(2);
        }
        string key = (await rig.Broker.ListSegmentsAsync(new TopicPartition(bad.Id, 0), 1, 1, CancellationToken.None))[0].Key;
        byte[] lost = rig.Objects.Stored[key];
        await rig.CrashAsync();
        await rig.Objects.Stored.DeleteAsync(key, CancellationToken.None);

        string[] large = [new('x', 200_000)];
        AppendResult answer;
        int accepted = 0;
        do
        {
            answer = await rig.Append(bad, EngineRig.Batch(large)).WaitAsync(Soon);
            accepted += answer.Error == BrokerErrorCode.None ? 1 : 0;
        }
        while (answer.Error == BrokerErrorCode.None);

        answer.Error.ShouldBe(BrokerErrorCode.DataDamaged);
        answer.Message!.ShouldContain(key);
        (await rig.Append(bad, EngineRig.Batch(["d"], producer: 7, sequence: 3)).WaitAsync(Soon)).Error.ShouldBe(BrokerErrorCode.DataDamaged);
        for (int i = 0; i < 200; i++)
        {
            await rig.AppendAsync(good, large);
        }
        long end = rig.Status(bad).HighWatermark;
        end.ShouldBe((durability == Durability.Local ? 3 : 2) + accepted);
        await EngineRig.UntilAsync(() => rig.Status(bad).TieredEndOffset == end);
        using (FetchResult read = await rig.FetchAsync(bad, 0))
        {
            read.Partitions[0].Bytes.ShouldBeGreaterThan(0, "what is in other objects can be read");
        }

        // Restored, the state is whole again: nothing was forgotten, and nothing is written twice.
        await rig.CrashAsync();
        (await rig.Append(bad, EngineRig.Batch(["d"], producer: 7, sequence: 3)).WaitAsync(Soon)).Error.ShouldBe(BrokerErrorCode.DataDamaged);
        rig.Objects.Stored[key] = lost;
        await rig.CrashAsync();
        (await rig.Append(bad, EngineRig.Batch(["b"], producer: 7, sequence: 1)).WaitAsync(Soon)).BaseOffset.ShouldBe(1);
        if (durability == Durability.Local)
        {
            (await rig.Append(bad, EngineRig.Batch(["c"], producer: 7, sequence: 2)).WaitAsync(Soon)).BaseOffset.ShouldBe(2);
        }
        (await rig.Append(bad, EngineRig.Batch(["e"], producer: 7, sequence: 5)).WaitAsync(Soon)).Error.ShouldBe(BrokerErrorCode.OutOfOrderSequence);
        (await rig.AppendAsync(bad, "f")).ShouldBe(end);
    }

    [Theory]
    [InlineData(Durability.Local)]
    [InlineData(Durability.Object)]
    public async Task A_lost_lease_fences_the_partition_and_nothing_is_acknowledged_any_more(Durability durability)
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync(durability: durability);
        TopicDescription other = await rig.CreateTopicAsync("other", durability: durability);
        await rig.AppendAsync(topic, "a");
        await rig.TierAsync(topic);
        IMetadataStore metadata = (IMetadataStore)(object)rig.Metadata;
        Guid rival = Guid.NewGuid();
        Guid? nodeLog = (await metadata.ListLeasesAsync(CancellationToken.None)).Single(l => l.Partition.Topic == topic.Id).NodeLog;
        await metadata.RegisterSessionAsync(new Session(rival, "rival", new Dictionary<string, string>()), null, CancellationToken.None);
        Lease? taken = await metadata.TakeLeaseAsync(new TopicPartition(topic.Id, 0), rival, nodeLog, rig.Status(topic).LeaderEpoch, CancellationToken.None);
        taken.ShouldNotBeNull();

        Task<AppendResult> late = rig.Append(topic, EngineRig.Batch(["zombie"]));
        await rig.AppendAsync(other, "b");
        rig.Broker.FlushAll();
        await EngineRig.UntilAsync(() => !rig.Status(topic).Online);

        if (durability == Durability.Object)
        {
            (await late.WaitAsync(Soon)).Error.ShouldBe(BrokerErrorCode.Fenced);
        }
        (await rig.Append(topic, EngineRig.Batch(["more"])).WaitAsync(Soon)).Error.ShouldBe(BrokerErrorCode.Fenced);
        using FetchResult read = await rig.FetchAsync(topic, 0);
        read.Partitions[0].Error.ShouldBe(BrokerErrorCode.Fenced);
        IReadOnlyList<SegmentRow> rows = await metadata.ListSegmentsAsync(new TopicPartition(topic.Id, 0), 0, 10, CancellationToken.None);
        rows.ShouldHaveSingleItem().EndOffset.ShouldBe(1);
        await rig.TierAsync(other);
        (await rig.AppendAsync(other, "c")).ShouldBe(1);
    }

    [Fact]
    public async Task Object_topics_are_acknowledged_after_the_commit_and_not_before()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync(durability: Durability.Object);
        rig.Objects.Close();

        Task<AppendResult> answer = rig.Append(topic, EngineRig.Batch(["a"]));
        await Task.Delay(100);
        answer.IsCompleted.ShouldBeFalse();
        rig.Status(topic).HighWatermark.ShouldBe(0);
        rig.Objects.Open();

        AppendResult result = await answer.WaitAsync(Soon);
        result.Durability.ShouldBe(AckDurability.Object);
        rig.Status(topic).TieredEndOffset.ShouldBe(1);
        await rig.CrashAsync();
        (await rig.ReadAllAsync(topic)).ShouldBe(["0:a"]);
    }

    [Fact]
    public async Task Several_object_uploads_are_in_flight_and_commit_in_order()
    {
        BrokerOptions options = EngineRig.Options with
        {
            ObjectUploads = UploadOptions.ForObject with { FlushInterval = TimeSpan.FromMilliseconds(10), RetryDelayMax = TimeSpan.FromMilliseconds(20) },
        };
        await using EngineRig rig = await EngineRig.StartAsync(options);
        TopicDescription topic = await rig.CreateTopicAsync(durability: Durability.Object);
        rig.Objects.Close();
        List<Task<AppendResult>> answers = [];
        for (int i = 0; i < 40; i++)
        {
            answers.Add(rig.Append(topic, EngineRig.Batch([$"r{i}"], producer: 3, sequence: i)));
            await Task.Delay(5);
        }
        rig.Objects.Open();

        AppendResult[] all = await Task.WhenAll(answers).WaitAsync(Soon);

        all.Select(r => r.BaseOffset).ShouldBe(Enumerable.Range(0, 40).Select(i => (long)i));
        IReadOnlyList<SegmentRow> rows = await rig.Broker.ListSegmentsAsync(new TopicPartition(topic.Id, 0), 0, 100, CancellationToken.None);
        rows.Count.ShouldBeGreaterThan(1);
        rows.Zip(rows.Skip(1)).ShouldAllBe(pair => pair.First.EndOffset == pair.Second.BaseOffset);
    }

    [Fact]
    public async Task A_deleted_topic_refuses_what_waits_and_its_name_starts_afresh()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync();
        await rig.AppendAsync(topic, "old");
        Task<FetchResult> waiting = rig.FetchAsync(topic, 1, wait: TimeSpan.FromMinutes(5));
        rig.Log.Close();
        Task<AppendResult> pending = rig.Append(topic, EngineRig.Batch(["late"]));

        await rig.Broker.DeleteTopicAsync(topic.Id, CancellationToken.None);

        (await pending.WaitAsync(Soon)).Error.ShouldBe(BrokerErrorCode.UnknownTopic);
        using FetchResult woken = await waiting.WaitAsync(Soon);
        woken.Partitions[0].Error.ShouldNotBe(BrokerErrorCode.None);
        rig.Log.Open();
        rig.Broker.FindTopic("t").ShouldBeNull();
        TopicDescription again = await rig.CreateTopicAsync();
        (await rig.AppendAsync(again, "new")).ShouldBe(0);
        while (await ((IMetadataStore)(object)rig.Metadata).PruneAsync(100, CancellationToken.None) > 0)
        {
        }
        await rig.CrashAsync();
        (await rig.ReadAllAsync(again)).ShouldBe(["0:new"]);
    }

    [Fact]
    public async Task Added_partitions_lead_at_once_and_present_ones_keep_their_data()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync(partitions: 2);
        await rig.AppendAsync(topic, "a");

        topic = await rig.Broker.AddPartitionsAsync(topic.Id, 5, CancellationToken.None);

        (await rig.Append(topic, EngineRig.Batch(["z"]), partition: 4)).Error.ShouldBe(BrokerErrorCode.None);
        (await rig.AppendAsync(topic, "b")).ShouldBe(1);
        BrokerException refused = await Should.ThrowAsync<BrokerException>(() => rig.Broker.AddPartitionsAsync(topic.Id, 5, CancellationToken.None));
        refused.Code.ShouldBe(BrokerErrorCode.InvalidPartitions);
    }

    [Fact]
    public async Task Readers_see_every_record_once_and_in_order_while_uploads_and_evictions_go_on()
    {
        BrokerOptions options = EngineRig.Options with
        {
            LocalUploads = UploadOptions.ForLocal with { FlushBytes = 64 << 10, RetryDelayMax = TimeSpan.FromMilliseconds(20) },
            Tail = new TailOptions { RetainedBytesMax = 0 },
        };
        await using EngineRig rig = await EngineRig.StartAsync(options);
        TopicDescription topic = await rig.CreateTopicAsync();
        const int Batches = 1500;
        Task<List<string>> reader = ReadUntilAsync(rig, topic, Batches * 2);
        for (int i = 0; i < Batches; i += 25)
        {
            Task<AppendResult>[] answers = [.. Enumerable.Range(i, 25).Select(n => rig.Append(topic, EngineRig.Batch([$"{n}a".PadRight(400), $"{n}b"])))];
            foreach (AppendResult result in await Task.WhenAll(answers).WaitAsync(Soon))
            {
                result.Error.ShouldBe(BrokerErrorCode.None);
            }
        }

        List<string> seen = await reader.WaitAsync(TimeSpan.FromSeconds(60));

        seen.Count.ShouldBe(Batches * 2);
        for (int n = 0; n < Batches; n++)
        {
            seen[2 * n].ShouldStartWith($"{2 * n}:{n}a");
            seen[(2 * n) + 1].ShouldBe($"{(2 * n) + 1}:{n}b");
        }
        rig.Objects.Puts.ShouldBeGreaterThan(3);
        (await rig.ReadAllAsync(topic)).ShouldBe(seen);
    }

    private static async Task<List<string>> ReadUntilAsync(EngineRig rig, TopicDescription topic, int count)
    {
        List<string> seen = [];
        while (seen.Count < count)
        {
            seen.AddRange(await rig.ReadAllAsync(topic, seen.Count));
            await Task.Delay(1);
        }
        return seen;
    }
}
