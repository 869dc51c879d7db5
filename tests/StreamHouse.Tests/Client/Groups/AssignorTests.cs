using StreamHouse.Client.Groups;
using StreamHouse.Client.Groups.Assignment;

namespace StreamHouse.Tests.Client.Groups;

public sealed class AssignorTests
{
    private const int Seeds = 400;

    public static TheoryData<AssignmentStrategy> Strategies => [AssignmentStrategy.Range, AssignmentStrategy.RoundRobin, AssignmentStrategy.CooperativeSticky];

    [Fact]
    public void Range_gives_neighbours_of_each_topic_and_the_first_members_get_one_more()
    {
        Dictionary<string, List<TopicPartition>> assigned = Assignor.Assign(
            AssignmentStrategy.Range, [Member("b", "t", "u"), Member("a", "t", "u"), Member("c", "u")], Partitions(("t", 3), ("u", 3)));
        Text(assigned["a"]).ShouldBe("t/0 t/1 u/0");
        Text(assigned["b"]).ShouldBe("t/2 u/1");
        Text(assigned["c"]).ShouldBe("u/2");
    }

    [Fact]
    public void Roundrobin_goes_on_through_the_topics_and_skips_who_does_not_subscribe()
    {
        Dictionary<string, List<TopicPartition>> assigned = Assignor.Assign(
            AssignmentStrategy.RoundRobin, [Member("a", "t", "u"), Member("b", "t", "u"), Member("c", "u")], Partitions(("t", 3), ("u", 3)));
        Text(assigned["a"]).ShouldBe("t/0 t/2 u/2");
        Text(assigned["b"]).ShouldBe("t/1 u/0");
        Text(assigned["c"]).ShouldBe("u/1");
    }

    [Fact]
    public void Static_members_come_first_and_in_the_order_of_their_names()
    {
        GroupSubscriber restarted = new("zzz", "one", new Subscription(["t"], []));
        Dictionary<string, List<TopicPartition>> assigned = Assignor.Assign(
            AssignmentStrategy.Range, [Member("a", "t"), new("aaa", "two", new Subscription(["t"], [])), restarted], Partitions(("t", 3)));
        (Text(assigned["zzz"]), Text(assigned["aaa"]), Text(assigned["a"])).ShouldBe(("t/0", "t/1", "t/2"));
    }

    [Theory]
    [MemberData(nameof(Strategies))]
    public void Every_partition_has_one_owner_who_subscribes_to_it(AssignmentStrategy strategy)
    {
        for (int seed = 0; seed < Seeds; seed++)
        {
            World world = new(seed);
            world.Check(Assignor.Assign(strategy, world.Members, world.Partitions), $"seed {seed}", isComplete: true);
        }
    }

    [Theory]
    [MemberData(nameof(Strategies))]
    public void Members_with_the_same_topics_have_equally_many(AssignmentStrategy strategy)
    {
        for (int seed = 0; seed < Seeds; seed++)
        {
            World world = new(seed, isUniform: true);
            Dictionary<string, List<TopicPartition>> assigned = Assignor.Assign(strategy, world.Members, world.Partitions);
            foreach (string? topic in strategy == AssignmentStrategy.Range ? world.Partitions.Keys.ToList<string?>() : [null])
            {
                int[] counts = [.. assigned.Values.Select(mine => mine.Count(partition => topic is null || partition.Topic == topic))];
                (counts.Max() - counts.Min()).ShouldBeLessThanOrEqualTo(1, $"seed {seed}");
            }
        }
    }

    [Fact]
    public void Cooperative_rebalances_settle_balanced_and_complete_whatever_changes_and_never_give_away_what_somebody_has()
    {
        for (int seed = 0; seed < Seeds; seed++)
        {
            World world = new(seed);
            for (int change = 0; change < 6; change++)
            {
                int rounds = world.Settle($"seed {seed}, change {change}");
                rounds.ShouldBeLessThanOrEqualTo(3, $"seed {seed}, change {change}");
                world.Change();
            }
        }
    }

    [Fact]
    public void Sticky_members_keep_all_they_have_when_one_leaves_and_give_up_no_more_than_a_new_one_gets()
    {
        for (int seed = 0; seed < Seeds; seed++)
        {
            World world = new(seed, isUniform: true);
            world.Settle($"seed {seed}");
            Dictionary<string, TopicPartition[]> before = world.Owned();
            if (world.Members.Count > 1)
            {
                world.RemoveMember();
                world.Settle($"seed {seed}");
                foreach ((string member, TopicPartition[] now) in world.Owned())
                {
                    before[member].Except(now).ShouldBeEmpty($"seed {seed}: {member} gave something up for nothing");
                }
            }
            before = world.Owned();
            string added = world.AddMember();
            world.Settle($"seed {seed}");
            int moved = world.Owned().Where(member => member.Key != added).Sum(member => before[member.Key].Except(member.Value).Count());
            moved.ShouldBe(world.Owned()[added].Length, $"seed {seed}");
        }
    }

    [Fact]
    public void Surplus_is_given_up_by_whoever_has_most()
    {
        Dictionary<string, List<TopicPartition>> assigned = Assignor.Assign(
            AssignmentStrategy.CooperativeSticky,
            [Member("a", ["t"], 0, 1, 2), Member("b", ["t"], 3, 4, 5, 6, 7), Member("c", ["t"])],
            Partitions(("t", 8)));
        Text(assigned["a"]).ShouldBe("t/0 t/1 t/2");
        assigned["b"].Count.ShouldBe(3);
        assigned["c"].ShouldBeEmpty("b has to let go first");
    }

    [Fact]
    public void Of_two_who_claim_a_partition_neither_reads_on_until_the_other_has_let_go()
    {
        GroupSubscriber zombie = new("a", null, new Subscription(["t"], [new TopicPartition("t", 0)], Generation: 3));
        GroupSubscriber owner = new("b", null, new Subscription(["t"], [new TopicPartition("t", 0)], Generation: 4));
        Dictionary<string, List<TopicPartition>> assigned =
            Assignor.Assign(AssignmentStrategy.CooperativeSticky, [zombie, owner], Partitions(("t", 1)));
        assigned.Values.ShouldAllBe(mine => mine.Count == 0);
    }

    [Fact]
    public void Ten_thousand_partitions_are_shared_within_a_heartbeat()
    {
        List<GroupSubscriber> members = [.. Enumerable.Range(0, 200).Select(m => Member($"m{m:D4}", "t", "u"))];
        members[0] = Member("m0000", ["t", "u"], [.. Enumerable.Range(0, 5000)]);
        long began = TimeProvider.System.GetTimestamp();
        Dictionary<string, List<TopicPartition>> assigned =
            Assignor.Assign(AssignmentStrategy.CooperativeSticky, members, Partitions(("t", 5000), ("u", 5000)));
        assigned["m0000"].Count.ShouldBe(50);
        TimeProvider.System.GetElapsedTime(began).ShouldBeLessThan(TimeSpan.FromSeconds(3));
    }

    private static GroupSubscriber Member(string id, params string[] topics) => new(id, null, new Subscription(topics, []));

    private static GroupSubscriber Member(string id, string[] topics, params int[] owned) =>
        new(id, null, new Subscription(topics, [.. owned.Select(partition => new TopicPartition("t", partition))], 1));

    private static Dictionary<string, int> Partitions(params (string Topic, int Count)[] topics) => topics.ToDictionary(t => t.Topic, t => t.Count);

    private static string Text(List<TopicPartition> partitions) => string.Join(' ', partitions.Order());

    /// <summary>A random group that changes.</summary>
    private sealed class World
    {
        private static readonly string[] Names = ["t0", "t1", "t2", "t3", "t4"];
        private readonly Random _random;
        private readonly bool _isUniform;
        private int _generation;
        private int _added;

        public World(int seed, bool isUniform = false)
        {
            _random = new Random(seed);
            _isUniform = isUniform;
            foreach (string topic in Names.Take(_random.Next(1, 6)))
            {
                Partitions.Add(topic, _random.Next(0, 13));
            }
            for (int m = _random.Next(1, 9); m > 0; m--)
            {
                AddMember();
            }
        }

        public List<GroupSubscriber> Members { get; } = [];

        public Dictionary<string, int> Partitions { get; } = [];

        public string AddMember()
        {
            string id = $"{_random.Next(1000):D3}-{_added++}";

            // One topic may not exist.
            string[] topics = [.. _isUniform ? Partitions.Keys : Names.Where(_ => _random.Next(3) > 0)];
            Members.Add(new GroupSubscriber(id, null, new Subscription(topics, [])));
            return id;
        }

        public void RemoveMember() => Members.RemoveAt(_random.Next(Members.Count));

        public void Change()
        {
            switch (_random.Next(4))
            {
                case 0:
                    AddMember();
                    break;
                case 1 when Members.Count > 1:
                    RemoveMember();
                    break;
                case 2:
                    Partitions[Names[_random.Next(Partitions.Count)]] += _random.Next(1, 5);
                    break;
                default:
                    int at = _random.Next(Members.Count);
                    Subscription subscription = Members[at].Subscription;
                    Members[at] = Members[at] with { Subscription = subscription with { Topics = [.. Names.Where(_ => _random.Next(2) > 0)] } };
                    break;
            }
        }

        public Dictionary<string, TopicPartition[]> Owned() => Members.ToDictionary(member => member.MemberId, member => member.Subscription.Owned.ToArray());

        /// <summary>Rebalances until nobody gives anything up.</summary>
        public int Settle(string message)
        {
            for (int round = 1; ; round++)
            {
                round.ShouldBeLessThan(10, message);
                _generation++;
                Dictionary<string, List<TopicPartition>> assigned = Assignor.Assign(AssignmentStrategy.CooperativeSticky, Members, Partitions);
                bool anyRevoked = Members.Any(member => member.Subscription.Owned.Except(assigned[member.MemberId]).Any());
                foreach (GroupSubscriber member in Members)
                {
                    Members.Where(other => other != member).SelectMany(other => other.Subscription.Owned).Intersect(assigned[member.MemberId]).ShouldBeEmpty(message);
                }
                Check(assigned, message, isComplete: !anyRevoked);
                for (int i = 0; i < Members.Count; i++)
                {
                    GroupSubscriber member = Members[i];
                    Members[i] = member with
                    {
                        Subscription = member.Subscription with { Owned = assigned[member.MemberId], Generation = _generation },
                    };
                }
                if (!anyRevoked)
                {
                    CheckBalance(assigned, message);
                    return round;
                }
            }
        }

        public void Check(Dictionary<string, List<TopicPartition>> assigned, string message, bool isComplete)
        {
            assigned.Keys.Order().ShouldBe(Members.Select(member => member.MemberId).Order(), message);
            foreach (GroupSubscriber member in Members)
            {
                assigned[member.MemberId].TrueForAll(partition => member.Subscription.Topics.Contains(partition.Topic)
                    && partition.Partition < Partitions.GetValueOrDefault(partition.Topic)).ShouldBeTrue(message);
            }
            List<TopicPartition> all = [.. assigned.Values.SelectMany(mine => mine)];
            all.Distinct().Count().ShouldBe(all.Count, message);
            if (isComplete)
            {
                int expected = Partitions.Where(topic => Members.Any(member => member.Subscription.Topics.Contains(topic.Key))).Sum(topic => topic.Value);
                all.Count.ShouldBe(expected, message);
            }
        }

        private void CheckBalance(Dictionary<string, List<TopicPartition>> assigned, string message)
        {
            foreach (GroupSubscriber from in Members)
            {
                foreach (GroupSubscriber to in Members)
                {
                    bool canMove = assigned[from.MemberId].Any(partition => to.Subscription.Topics.Contains(partition.Topic));
                    (canMove && assigned[from.MemberId].Count > assigned[to.MemberId].Count + 1).ShouldBeFalse(message);
                }
            }
        }
    }
}
