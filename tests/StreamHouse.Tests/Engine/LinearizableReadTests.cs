using StreamHouse.Broker;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Tests.Engine;

public class LinearizableReadTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    private static readonly BrokerOptions Impatient = EngineRig.Options with { Fetch = new FetchOptions { BarrierTimeout = TimeSpan.FromMilliseconds(200) } };

    [Theory]
    [InlineData(Durability.Local)]
    [InlineData(Durability.Object)]
    public async Task A_leader_that_the_metadata_confirms_answers_with_all_that_is_acknowledged(Durability durability)
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync(durability: durability);
        await rig.AppendAsync(topic, "a", "b");

        (await EndAsync(rig, topic)).ShouldBe(2);
        using FetchResult fetched = await FetchAsync(rig, topic, 0);

        (fetched.Partitions[0].Error, fetched.Partitions[0].HighWatermark).ShouldBe((BrokerErrorCode.None, 2));
        List<string> records = [];
        EngineRig.Decode(fetched.Partitions[0], 0, records);
        records.ShouldBe(["0:a", "1:b"]);
        rig.Metadata.LeaseReads.Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_leader_whose_lease_was_taken_refuses_what_it_would_otherwise_answer_from_memory()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync(partitions: 2, durability: Durability.Object);
        await rig.AppendAsync(topic, "a");
        await DeposeAsync(rig, topic);

        (await Should.ThrowAsync<BrokerException>(() => EndAsync(rig, topic))).Code.ShouldBe(BrokerErrorCode.NotLeader);
        using FetchResult fetched = await FetchAsync(rig, topic, 1, partition: 0, wait: TimeSpan.FromMinutes(5)).WaitAsync(Soon);
        fetched.Partitions[0].Error.ShouldBe(BrokerErrorCode.NotLeader);

        // Not by the default level, and not the partition beside it.
        using FetchResult stale = await rig.FetchAsync(topic, 0);
        stale.Partitions[0].Error.ShouldBe(BrokerErrorCode.None);
        (await EndAsync(rig, topic, partition: 1)).ShouldBe(0);
    }

    [Fact]
    public async Task A_partition_that_is_refused_leaves_the_others_of_a_fetch_their_answers()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync(partitions: 2, durability: Durability.Object);
        await rig.AppendAsync(topic, "a");
        (await rig.Append(topic, EngineRig.Batch(["b"]), partition: 1)).Error.ShouldBe(BrokerErrorCode.None);
        await DeposeAsync(rig, topic);

        FetchRequest request = new(
            [new(new(topic.Id, 0), 0, 1000), new(new(topic.Id, 1), 0, 1000), new(new(topic.Id, 2), 0, 1000)], 1, 10_000, TimeSpan.FromMinutes(5))
        {
            Consistency = ReadConsistency.Linearizable,
        };
        using FetchResult fetched = await rig.Broker.FetchAsync(request, CancellationToken.None).AsTask().WaitAsync(Soon);

        fetched.Partitions.Select(p => (p.Error, p.Bytes > 0)).ShouldBe(
            [(BrokerErrorCode.NotLeader, false), (BrokerErrorCode.None, true), (BrokerErrorCode.UnknownPartition, false)]);
        rig.Metadata.LeaseReads.ShouldHaveSingleItem().ShouldBe([new(topic.Id, 0), new(topic.Id, 1)], ignoreOrder: true);
    }

    [Fact]
    public async Task A_partition_that_was_not_confirmed_is_not_read_even_if_it_could_be_by_then()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync();
        TaskCompletionSource open = new();
        rig.Metadata.BeforeLeaseRead = () => open.Task;
        FetchRequest request = new([new(new(topic.Id, 0), 0, 1000), new(new(topic.Id, 1), 0, 1000)], 1, 10_000, TimeSpan.Zero)
        {
            Consistency = ReadConsistency.Linearizable,
        };
        Task<FetchResult> fetching = rig.Broker.FetchAsync(request, CancellationToken.None).AsTask();

        await rig.Broker.AddPartitionsAsync(topic.Id, 2, CancellationToken.None);
        open.SetResult();

        using FetchResult fetched = await fetching.WaitAsync(Soon);
        fetched.Partitions.Select(p => p.Error).ShouldBe([BrokerErrorCode.None, BrokerErrorCode.UnknownPartition]);
        (await EndAsync(rig, topic, partition: 1)).ShouldBe(0);
    }

    [Fact]
    public async Task A_read_of_the_metadata_that_never_ends_holds_up_no_later_request()
    {
        await using EngineRig rig = await EngineRig.StartAsync(Impatient);
        TopicDescription topic = await rig.CreateTopicAsync();
        TaskCompletionSource never = new();
        rig.Metadata.BeforeLeaseRead = () => never.Task;
        rig.Metadata.LeaseReadsIgnoreCancellation = true;

        (await Should.ThrowAsync<BrokerException>(() => EndAsync(rig, topic).WaitAsync(Soon))).Code.ShouldBe(BrokerErrorCode.TimedOut);
        rig.Metadata.BeforeLeaseRead = null;
        await EngineRig.UntilAsync(async () => await TryEndAsync(rig, topic) == 0);
        never.SetResult();
    }

    [Fact]
    public async Task A_released_lease_is_nobodys()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync(durability: Durability.Object);
        Lease lease = (await rig.Store.ListLeasesAsync(CancellationToken.None)).Single();
        (await rig.Store.ReleaseLeaseAsync(lease.Partition, lease.Holder!.Value, lease.Epoch, CancellationToken.None)).ShouldBeTrue();

        (await Should.ThrowAsync<BrokerException>(() => EndAsync(rig, topic))).Code.ShouldBe(BrokerErrorCode.NotLeader);
    }

    [Fact]
    public async Task A_topic_that_somebody_else_deleted_is_unknown()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync();
        // Past the engine, which looks for such changes on its own only once a second after an unanswered one.
        await rig.Store.DeleteTopicAsync(topic.Id, CancellationToken.None);

        (await Should.ThrowAsync<BrokerException>(() => EndAsync(rig, topic))).Code.ShouldBe(BrokerErrorCode.UnknownTopic);
    }

    [Fact]
    public async Task Metadata_that_does_not_answer_in_time_makes_a_retriable_error_and_nothing_stale()
    {
        await using EngineRig rig = await EngineRig.StartAsync(Impatient);
        TopicDescription topic = await rig.CreateTopicAsync();
        await rig.AppendAsync(topic, "a");
        TaskCompletionSource never = new();
        rig.Metadata.BeforeLeaseRead = () => never.Task;

        BrokerException end = await Should.ThrowAsync<BrokerException>(() => EndAsync(rig, topic).WaitAsync(Soon));
        using FetchResult fetched = await FetchAsync(rig, topic, 0).WaitAsync(Soon);

        end.Code.ShouldBe(BrokerErrorCode.TimedOut);
        end.Code.IsRetriable().ShouldBeTrue();
        (fetched.Partitions[0].Error, fetched.Partitions[0].Bytes).ShouldBe((BrokerErrorCode.TimedOut, 0));
        never.SetResult();
        rig.Metadata.BeforeLeaseRead = null;
        await EngineRig.UntilAsync(async () => await TryEndAsync(rig, topic) == 1);
    }

    [Fact]
    public async Task A_lost_answer_of_the_metadata_refuses_the_read_that_waited_for_it_and_no_other()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync();
        rig.Metadata.LosesReplyOf = nameof(ILeaseStore.ReadLeasesAsync);

        (await Should.ThrowAsync<BrokerException>(() => EndAsync(rig, topic))).Code.ShouldBe(BrokerErrorCode.TimedOut);
        (await EndAsync(rig, topic)).ShouldBe(0);
    }

    [Fact]
    public async Task Requests_that_wait_share_a_read_that_begins_after_all_of_them()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync(partitions: 3);
        TaskCompletionSource open = new();
        rig.Metadata.BeforeLeaseRead = () => open.Task;

        Task<long> first = EndAsync(rig, topic);
        List<Task<long>> others = [.. Enumerable.Range(0, 30).Select(i => EndAsync(rig, topic, i % 3))];
        await EngineRig.UntilAsync(() => rig.Metadata.LeaseReads.Count == 1);
        // The first read is under way: it may have looked already. The thirty wait for the next.
        rig.Metadata.LeaseReads[0].ShouldBe([new TopicPartition(topic.Id, 0)]);
        open.SetResult();

        await Task.WhenAll(others.Append(first)).WaitAsync(Soon);
        rig.Metadata.LeaseReads.Count.ShouldBe(2);
        rig.Metadata.LeaseReads[1].Count.ShouldBe(3);
    }

    [Fact]
    public async Task A_request_does_not_take_the_answer_of_a_read_that_was_under_way()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync(durability: Durability.Object);
        TaskCompletionSource open = new();
        rig.Metadata.AfterLeaseRead = () => open.Task;
        Task<long> first = EndAsync(rig, topic);
        await EngineRig.UntilAsync(() => rig.Metadata.LeaseReads.Count == 1);
        await DeposeAsync(rig, topic);

        // The read that is under way has seen the lease; this request came after it was taken.
        Task<long> second = EndAsync(rig, topic);
        open.SetResult();

        (await first.WaitAsync(Soon)).ShouldBe(0);
        (await Should.ThrowAsync<BrokerException>(() => second.WaitAsync(Soon))).Code.ShouldBe(BrokerErrorCode.NotLeader);
    }

    [Fact]
    public async Task A_request_that_is_given_up_does_not_wait_on()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync();
        TaskCompletionSource open = new();
        rig.Metadata.BeforeLeaseRead = () => open.Task;
        using CancellationTokenSource given = new();
        Task<long> asked = EndAsync(rig, topic, ct: given.Token);

        given.Cancel();

        await Should.ThrowAsync<OperationCanceledException>(() => asked.WaitAsync(Soon));
        open.SetResult();
    }

    [Fact]
    public async Task More_than_may_wait_are_refused_at_once()
    {
        await using EngineRig rig = await EngineRig.StartAsync(EngineRig.Options with { Fetch = new FetchOptions { WaitingFetchesMax = 2 } });
        TopicDescription topic = await rig.CreateTopicAsync();
        TaskCompletionSource open = new();
        rig.Metadata.BeforeLeaseRead = () => open.Task;
        List<Task<long>> waiting = [EndAsync(rig, topic), EndAsync(rig, topic)];

        (await Should.ThrowAsync<BrokerException>(() => EndAsync(rig, topic).WaitAsync(Soon))).Code.ShouldBe(BrokerErrorCode.Overloaded);
        open.SetResult();
        (await Task.WhenAll(waiting).WaitAsync(Soon)).ShouldBe([0, 0]);
        (await EndAsync(rig, topic)).ShouldBe(0);
    }

    [Fact]
    public async Task Reads_of_the_default_level_do_not_ask_the_metadata()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync();
        await rig.AppendAsync(topic, "a");
        rig.Metadata.Unavailable = true;

        (await rig.ReadAllAsync(topic)).ShouldBe(["0:a"]);
        (await EndAsync(rig, topic, consistency: ReadConsistency.Strong)).ShouldBe(1);
        rig.Metadata.LeaseReads.ShouldBeEmpty();
        rig.Metadata.Unavailable = false;
    }

    [Fact]
    public async Task The_time_that_the_confirmation_takes_counts_as_waiting_for_data()
    {
        await using EngineRig rig = await EngineRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync();
        rig.Metadata.BeforeLeaseRead = () => Task.Delay(3000);
        long started = TimeProvider.System.GetTimestamp();

        using FetchResult fetched = await FetchAsync(rig, topic, 0, wait: TimeSpan.FromMilliseconds(3500)).WaitAsync(Soon);

        fetched.Partitions[0].Error.ShouldBe(BrokerErrorCode.None);
        // Not shorter than asked, and not by the three seconds longer that the confirmation took.
        TimeProvider.System.GetElapsedTime(started).ShouldBeInRange(TimeSpan.FromMilliseconds(3490), TimeSpan.FromMilliseconds(6400));
    }

    [Fact]
    public async Task A_commit_that_the_collector_forestalled_leaves_no_fault_behind()
    {
        await using EngineRig rig = await EngineRig.StartAsync(EngineRig.Options with { Tail = new TailOptions { WaitTimeout = TimeSpan.FromMilliseconds(300) } });
        TopicDescription doomed = await rig.CreateTopicAsync("doomed", durability: Durability.Object);
        TopicDescription other = await rig.CreateTopicAsync("other", durability: Durability.Object);
        rig.Metadata.LostReplies = (3, false);
        bool isClaimed = false;
        rig.Metadata.BeforeCommit = async commit =>
        {
            if (rig.Metadata.LostReplies.Times == 0 && !isClaimed)
            {
                isClaimed = await rig.Store.TombstoneAsync(commit.ObjectId, commit.Key, commit.Bytes, CancellationToken.None);
                await rig.Broker.DeleteTopicAsync(doomed.Id, CancellationToken.None);
            }
        };

        (await rig.Append(doomed, EngineRig.Batch(["a"])).WaitAsync(Soon)).Error.ShouldBe(BrokerErrorCode.UnknownTopic);
        isClaimed.ShouldBeTrue();
        await Task.Delay(500);

        (await rig.AppendAsync(other, "b")).ShouldBe(0);
    }

    private static async Task DeposeAsync(EngineRig rig, TopicDescription topic)
    {
        TopicPartition partition = new(topic.Id, 0);
        Lease lease = (await rig.Store.ReadLeasesAsync([partition], CancellationToken.None)).Single();
        (await rig.Store.TakeLeaseAsync(partition, new Guid(7, 0, 0, new byte[8]), null, lease.Epoch, CancellationToken.None)).ShouldNotBeNull();
    }

    private static async Task<long> EndAsync(
        EngineRig rig, TopicDescription topic, int partition = 0, ReadConsistency consistency = ReadConsistency.Linearizable, CancellationToken ct = default) =>
        (await rig.Broker.FindOffsetAsync(new TopicPartition(topic.Id, partition), OffsetQuery.Latest, 0, consistency, ct)).Offset;

    private static async Task<long> TryEndAsync(EngineRig rig, TopicDescription topic)
    {
        try
        {
            return await EndAsync(rig, topic);
        }
        catch (BrokerException e) when (e.Code == BrokerErrorCode.TimedOut)
        {
            return -1;
        }
    }

    private static Task<FetchResult> FetchAsync(EngineRig rig, TopicDescription topic, long offset, int partition = 0, TimeSpan wait = default) =>
        rig.Broker.FetchAsync(
            new FetchRequest([new FetchPartition(new TopicPartition(topic.Id, partition), offset, 1 << 20)], 1, 1 << 20, wait) { Consistency = ReadConsistency.Linearizable },
            CancellationToken.None).AsTask();
}
