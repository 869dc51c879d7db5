using StreamHouse.Client;
using StreamHouse.Client.Consumers;
using StreamHouse.Client.Groups;

namespace StreamHouse.Tests.Client.Groups;

public sealed class GroupConsumerTests
{
    private static readonly GroupMemberOptions Range = new() { Strategies = [AssignmentStrategy.Range] };

    [Fact]
    public void Lone_member_reads_every_partition_and_the_next_one_goes_on_where_it_left_off() => Run(3, rig =>
    {
        Fill(rig, 3, 10);
        GroupUser first = rig.Join();
        rig.Advance(1);
        first.Partitions.ShouldBe([0, 1, 2]);
        first.Records.Count.ShouldBe(30);
        rig.Time.Await(first.DisposeAsync().AsTask());
        first.Told.ShouldBe(["assigned 0,1,2", "revoked 0,1,2"]);
        rig.Committed(1).ShouldBe(10);

        rig.Append(1, 5);
        GroupUser second = rig.Join();
        rig.Advance(1);
        second.Records.ShouldBe(Enumerable.Range(10, 5).Select(offset => (1, (long)offset)));
        rig.Time.Await(second.DisposeAsync().AsTask());
    });

    [Fact]
    public void Cooperative_rebalance_moves_only_what_must_move_and_never_has_two_owners() => Run(4, rig =>
    {
        Fill(rig, 4, 10);
        GroupUser first = rig.Join();
        rig.Advance(1);
        GroupUser second = rig.Join();
        rig.Advance(10);

        first.Partitions.Length.ShouldBe(2);
        first.Partitions.Concat(second.Partitions).Order().ShouldBe([0, 1, 2, 3]);
        first.Told.Count.ShouldBe(2);
        first.Told[1].ShouldStartWith("revoked ");
        Fill(rig, 4, 10);
        rig.Advance(1);
        EverythingOnce(4, 20, first, second);

        GroupUser third = rig.Join();
        rig.Advance(10);
        new[] { first, second, third }.Select(user => user.Partitions.Length).Order().ShouldBe([1, 1, 2]);
        CloseAll(rig, first, second, third);
    });

    [Fact]
    public void Eager_members_give_everything_up_before_they_join_again() => Run(4, rig =>
    {
        Fill(rig, 4, 10);
        GroupUser first = rig.Join(Range);
        rig.Advance(1);
        GroupUser second = rig.Join(Range);
        rig.Advance(10);

        first.Told.ShouldBe(first.Partitions[0] == 0
            ? ["assigned 0,1,2,3", "revoked 0,1,2,3", "assigned 0,1"]
            : ["assigned 0,1,2,3", "revoked 0,1,2,3", "assigned 2,3"]);
        second.Told.Count.ShouldBe(1);
        Fill(rig, 4, 10);
        rig.Advance(1);
        EverythingOnce(4, 20, first, second);
        CloseAll(rig, first, second);
    });

    [Fact]
    public void Partition_is_given_up_only_when_the_record_in_hand_is_done_and_its_offset_goes_with_it() => Run(2, rig =>
    {
        GroupUser first = rig.Join(Range);
        rig.Advance(1);
        first.Hold();
        Fill(rig, 2, 5);
        rig.Advance(1);
        first.Records.Count.ShouldBe(1);
        (int held, _) = first.Records[0];

        GroupUser second = rig.Join(Range);
        rig.Advance(30);
        first.Told.ShouldBe(["assigned 0,1"], "The record is still in hand.");
        second.Partitions.ShouldBeEmpty();

        first.Free();
        rig.Advance(5);
        first.Told[1].ShouldBe("revoked 0,1");
        EverythingOnce(2, 5, first, second);
        rig.Committed(held)!.Value.ShouldBeGreaterThanOrEqualTo(1);
        CloseAll(rig, first, second);
    });

    [Fact]
    public void Other_partitions_flow_on_while_one_is_given_up_cooperatively() => Run(4, rig =>
    {
        GroupUser first = rig.Join();
        rig.Advance(1);
        GroupUser second = rig.Join();
        int before = 0;
        for (int i = 0; i < 100; i++)
        {
            Fill(rig, 4, 1);
            rig.Advance(0.1);
            first.Records.Count.ShouldBeGreaterThanOrEqualTo(before + (i == 0 ? 0 : 2), "The partitions that stay are read in every round.");
            before = first.Records.Count;
        }
        rig.Advance(1);
        EverythingOnce(4, 100, first, second);
        CloseAll(rig, first, second);
    });

    [Fact]
    public void Member_that_is_cut_off_loses_its_partitions_to_the_others_after_its_session() => Run(4, rig =>
    {
        Fill(rig, 4, 10);
        GroupUser first = rig.Join(new GroupMemberOptions { SessionTimeout = TimeSpan.FromSeconds(10) });
        GroupUser second = rig.Join(new GroupMemberOptions { SessionTimeout = TimeSpan.FromSeconds(10) });
        rig.Advance(20);
        second.Partitions.Length.ShouldBe(2);
        first.Transport.IsCut = true;
        rig.Advance(5);
        second.Partitions.Length.ShouldBe(2, "The session still lasts.");

        first.Forget();
        rig.Advance(15);
        second.Partitions.ShouldBe([0, 1, 2, 3]);
        first.Partitions.ShouldBeEmpty();
        first.Told[^1].ShouldStartWith("lost ");

        first.Transport.IsCut = false;
        rig.Advance(20);
        first.Partitions.Length.ShouldBe(2);
        CloseAll(rig, first, second);
    });

    [Fact]
    public void Leaving_hands_over_at_the_next_heartbeat() => Run(4, rig =>
    {
        GroupUser first = rig.Join();
        GroupUser second = rig.Join();
        rig.Advance(10);
        rig.Time.Await(first.DisposeAsync().AsTask());
        rig.Advance(4);
        second.Partitions.ShouldBe([0, 1, 2, 3]);
        CloseAll(rig, second);
    });

    [Fact]
    public void Restarted_server_finds_its_members_and_offsets_again() => Run(4, rig =>
    {
        Fill(rig, 4, 10);
        GroupUser first = rig.Join();
        GroupUser second = rig.Join();
        rig.Advance(20);

        // The server knows of no owner now; whoever joins first may have what the other has not heard it lost. Commits are fenced.
        rig.Cluster.Groups!.Restart();
        first.Forget();
        second.Forget();
        rig.Advance(20);
        (first.Partitions.Length, second.Partitions.Length).ShouldBe((2, 2));
        first.Told.ShouldContain(told => told.StartsWith("lost ", StringComparison.Ordinal));

        // All of it had been committed before.
        Fill(rig, 4, 10);
        rig.Advance(10);
        EverythingOnce(4, 20, first, second);
        CloseAll(rig, first, second);
    });

    [Fact]
    public void Static_member_that_restarts_gets_its_partitions_back_and_nobody_else_notices() => Run(4, rig =>
    {
        GroupUser first = rig.Join(new GroupMemberOptions { InstanceId = "a" });
        GroupUser second = rig.Join(new GroupMemberOptions { InstanceId = "b" });
        rig.Advance(20);
        int[] mine = first.Partitions;
        int generation = rig.Describe().Generation;
        int told = second.Told.Count;
        rig.Time.Await(first.DisposeAsync().AsTask());
        rig.Advance(10);

        GroupUser again = rig.Join(new GroupMemberOptions { InstanceId = "a" });
        rig.Advance(10);
        again.Partitions.ShouldBe(mine);
        rig.Describe().Generation.ShouldBe(generation);
        second.Told.Count.ShouldBe(told);
        CloseAll(rig, again, second);
    });

    [Fact]
    public void Static_member_whose_name_another_takes_is_told() => Run(2, rig =>
    {
        GroupUser first = rig.Join(new GroupMemberOptions { InstanceId = "a" });
        rig.Advance(10);
        first.Forget();
        GroupUser usurper = rig.Join(new GroupMemberOptions { InstanceId = "a" });
        rig.Advance(10);

        Should.Throw<StreamHouseException>(() => rig.Time.Await(first.Reading)).Code.ShouldBe(StreamHouseErrorCode.FencedInstance);
        first.Partitions.ShouldBeEmpty();
        usurper.Partitions.ShouldBe([0, 1]);
        rig.Time.Await(first.Consumer.DisposeAsync().AsTask());
        CloseAll(rig, usurper);
    });

    [Fact]
    public void Members_without_a_common_strategy_are_told() => Run(2, rig =>
    {
        GroupUser first = rig.Join();
        rig.Advance(5);
        GroupUser other = rig.Join(Range);
        rig.Advance(5);
        Should.Throw<StreamHouseException>(() => rig.Time.Await(other.Reading)).Code.ShouldBe(StreamHouseErrorCode.InconsistentGroupProtocol);
        rig.Time.Await(other.Consumer.DisposeAsync().AsTask());
        CloseAll(rig, first);
    });

    [Fact]
    public void Offsets_are_committed_in_time_and_only_of_what_is_done() => Run(1, rig =>
    {
        GroupUser user = rig.Join(new GroupMemberOptions { AutoCommitInterval = TimeSpan.FromSeconds(2) });
        Fill(rig, 1, 3);
        rig.Advance(1);
        user.Hold();
        Fill(rig, 1, 3);
        rig.Advance(10);
        user.Records.Count.ShouldBe(4);
        rig.Committed(0).ShouldBe(3, "The fourth record is still in hand.");
        user.Free();
        rig.Advance(3);
        rig.Committed(0).ShouldBe(6);
        CloseAll(rig, user);
    });

    [Fact]
    public void Without_automatic_commits_only_the_user_commits() => Run(1, rig =>
    {
        GroupUser user = rig.Join(new GroupMemberOptions { AutoCommit = false });
        Fill(rig, 1, 3);
        rig.Advance(60);
        rig.Committed(0).ShouldBeNull();
        rig.Time.Await(user.Consumer.CommitAsync());
        rig.Committed(0).ShouldBe(3);

        Fill(rig, 1, 3);
        rig.Advance(1);
        user.CommitsWhenRevoked = true;
        CloseAll(rig, user);
        rig.Committed(0).ShouldBe(6);
    });

    [Fact]
    public void Member_that_has_been_removed_cannot_commit() => Run(1, rig =>
    {
        GroupUser user = rig.Join(new GroupMemberOptions { AutoCommit = false });
        Fill(rig, 1, 3);
        rig.Advance(1);
        rig.Cluster.Groups!.Coordinator.LeaveAsync(GroupConsumerRig.Group, [new(user.Consumer.MemberId!, null)], default).AsTask().IsCompleted.ShouldBeTrue();
        Should.Throw<StreamHouseException>(() => rig.Time.Await(user.Consumer.CommitAsync())).Code.ShouldBe(StreamHouseErrorCode.UnknownMember);
        rig.Committed(0).ShouldBeNull();
        rig.Advance(10);
        user.Records.Count.ShouldBe(6, "It has joined again and begins where the group was.");
        CloseAll(rig, user);
    });

    [Fact]
    public void User_who_does_not_ask_for_records_lets_others_have_them_and_joins_again() => Run(2, rig =>
    {
        GroupMemberOptions impatient = new() { RebalanceTimeout = TimeSpan.FromSeconds(30) };
        GroupUser first = rig.Join(impatient);
        GroupUser second = rig.Join(impatient);
        rig.Advance(20);
        Fill(rig, 2, 1);
        rig.Advance(5);
        int told = first.Told.Count;
        first.Hold();
        Fill(rig, 2, 2);
        rig.Advance(5);
        first.Forget();
        rig.Advance(45);
        second.Partitions.ShouldBe([0, 1]);
        first.Told.Count.ShouldBe(told, "The record is still in hand, and nobody is told behind the user's back.");

        first.Free();
        rig.Advance(20);
        first.Told[told].ShouldStartWith("lost ");
        (first.Partitions.Length, second.Partitions.Length).ShouldBe((1, 1));
        CloseAll(rig, first, second);
    });

    [Fact]
    public void New_partitions_and_topics_that_come_late_are_found() => Run(1, rig =>
    {
        rig.Cluster.Topics.Clear();
        GroupUser user = rig.Join(change: options => options with { MetadataAgeMax = TimeSpan.FromSeconds(30) });
        rig.Advance(5);
        user.Partitions.ShouldBeEmpty();
        rig.Cluster.Topics[GroupConsumerRig.Topic] = 2;
        rig.Advance(5);
        user.Partitions.ShouldBe([0, 1]);
        rig.Cluster.Topics[GroupConsumerRig.Topic] = 3;
        rig.Advance(40);
        user.Partitions.ShouldBe([0, 1, 2]);
        user.Told.ShouldBe(["assigned 0,1", "assigned 2"]);
        CloseAll(rig, user);
    });

    [Fact]
    public void Static_leader_that_came_back_finds_new_partitions() => Run(1, rig =>
    {
        GroupUser first = rig.Join(new GroupMemberOptions { InstanceId = "a" });
        rig.Advance(1);
        first.Partitions.ShouldBe([0]);
        CloseAll(rig, first);
        int generation = rig.Describe().Generation;
        GroupUser again = rig.Join(new GroupMemberOptions { InstanceId = "a" }, options => options with { MetadataAgeMax = TimeSpan.FromSeconds(30) });
        rig.Advance(1);
        again.Partitions.ShouldBe([0]);
        rig.Describe().Generation.ShouldBe(generation, "The assignment in force was left alone.");

        rig.Cluster.Topics[GroupConsumerRig.Topic] = 2;
        rig.Advance(40);

        again.Partitions.ShouldBe([0, 1]);
        CloseAll(rig, again);
    });

    [Fact]
    public void Network_that_comes_back_within_the_session_costs_nothing() => Run(2, rig =>
    {
        GroupUser user = rig.Join();
        rig.Advance(5);
        user.Transport.IsCut = true;
        rig.Advance(20);
        user.Transport.IsCut = false;
        Fill(rig, 2, 5);
        rig.Advance(20);
        user.Told.ShouldBe(["assigned 0,1"]);
        EverythingOnce(2, 5, user);
        CloseAll(rig, user);
    });

    [Fact]
    public void Consumer_is_either_assigned_or_subscribed() => Run(1, rig =>
    {
        GroupUser user = rig.Join();
        Should.Throw<InvalidOperationException>(() => user.Consumer.Assign(GroupConsumerRig.Topic, ConsumerStart.Earliest));
        rig.Advance(1);
        Should.Throw<InvalidOperationException>(() => user.Consumer.Seek(GroupConsumerRig.Topic, 7, ConsumerStart.Earliest));
        CloseAll(rig, user);
    });

    [Fact]
    public void Disposing_with_a_record_in_hand_ends_and_leaves_that_record_to_the_next_member() => Run(1, rig =>
    {
        GroupUser first = rig.Join();
        rig.Advance(1);
        Fill(rig, 1, 2);
        rig.Advance(1);
        first.Hold();
        Fill(rig, 1, 2);
        rig.Advance(1);
        first.Records.Count.ShouldBe(3);
        rig.Time.Await(first.Consumer.DisposeAsync().AsTask(), secondsMax: 10);
        first.Told[^1].ShouldBe("revoked 0");
        rig.Committed(0).ShouldBe(2);

        GroupUser second = rig.Join();
        rig.Advance(1);
        second.Records.ShouldBe([(0, 2L), (0, 3L)]);
        first.Free();
        Should.Throw<ObjectDisposedException>(() => rig.Time.Await(first.Reading));
        first.Records.Count.ShouldBe(3, "Nothing more is handed out.");
        CloseAll(rig, second);
    });

    [Fact]
    public void Subscribing_again_changes_the_topics() => Run(2, rig =>
    {
        rig.Cluster.Topics["refunds"] = 1;
        GroupUser user = rig.Join();
        rig.Advance(1);
        user.Consumer.Subscribe(["refunds"], user);
        rig.Advance(1);
        user.Consumer.Assignment.ShouldBe([new TopicPartition("refunds", 0)]);
        user.Told.ShouldBe(["assigned 0,1", "revoked 0,1", "assigned 0"]);
        CloseAll(rig, user);
    });

    private static void Run(int partitions, Action<GroupConsumerRig> test)
    {
        GroupConsumerRig rig = new(partitions);
        rig.Time.Run(() => test(rig));
        rig.Violations.ShouldBeEmpty();
        rig.Owners.ShouldBeEmpty();
        rig.Cluster.OpenSubscriptions.ShouldBe(0);
    }

    private static void Fill(GroupConsumerRig rig, int partitions, int count)
    {
        for (int partition = 0; partition < partitions; partition++)
        {
            rig.Append(partition, count);
        }
    }

    private static void EverythingOnce(int partitions, int count, params GroupUser[] users) => users
        .SelectMany(user => user.Records)
        .Order()
        .ShouldBe(Enumerable.Range(0, partitions).SelectMany(p => Enumerable.Range(0, count).Select(offset => (p, (long)offset))));

    private static void CloseAll(GroupConsumerRig rig, params GroupUser[] users)
    {
        foreach (GroupUser user in users)
        {
            user.Free();
            rig.Time.Await(user.DisposeAsync().AsTask());
        }
    }
}
