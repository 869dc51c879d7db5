using StreamHouse.Client.Groups;
using StreamHouse.IntegrationTests.Audits;

namespace StreamHouse.IntegrationTests.Kafka;

/// <summary>Consumer groups of other people's clients on the real process, under load.</summary>
[Collection(AuditSuite.Name)]
public sealed class GroupTests
{
    private const string Topic = "load";
    private const int Partitions = 12;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly GroupLedger _group = new();
    private readonly AuditLedger _log = new();

    [Fact]
    public async Task Clients_of_five_kinds_share_a_group_and_what_a_killed_one_owned_moves_to_the_others()
    {
        await KafkaTools.RequireAsync();
        await using KafkaServer server = await StartAsync();
        await using GroupMember confluent = await GroupMember.JoinAsync("confluent", ClientProcess.StartConfluent(server.Bootstrap), _group, "mixed", Topic, "range");
        await using GroupMember kafkaPython = await GroupMember.JoinAsync("kafka-python", ClientProcess.StartKafkaPython(server.Bootstrap), _group, "mixed", Topic, "range");
        await using GroupMember kafkaJs = await GroupMember.JoinAsync("kafkajs", ClientProcess.StartKafkaJs(server.Bootstrap), _group, "mixed", Topic, "range");
        await using GroupMember kcat = GroupMember.JoinKcat("kcat", server.Bootstrap, _group, "mixed", Topic);
        await using DotnetGroupMember dotnet = new("dotnet", server.Process.Grpc, _group, "mixed", Topic, AssignmentStrategy.Range);
        await using Flood flood = await Flood.StartAsync(server.Bootstrap, _log, 0, Topic, Partitions, Flood.Never);
        IGroupMember[] members = [confluent, kafkaPython, kafkaJs, kcat, dotnet];

        await SettleAsync(members);
        members.ShouldAllBe(m => m.Owned.Count == 2 || m.Owned.Count == 3, "12 partitions among 5");
        await UntilAsync(() => members.All(m => _group.Delivered.Any(d => d.Member == m.Name)), () => "Not every member is given records.");
        await kafkaJs.KillAsync();
        members = [confluent, kafkaPython, kcat, dotnet];
        await SettleAsync(members);
        members.ShouldAllBe(m => m.Owned.Count == Partitions / members.Length);
        await kafkaPython.LeaveAsync();
        members = [confluent, kcat, dotnet];
        await SettleAsync(members);
        members.ShouldAllBe(m => m.Owned.Count == Partitions / members.Length);
        await dotnet.DisposeAsync();
        members = [confluent, kcat];
        await SettleAsync(members);

        await flood.StopAsync();
        await AllIsDeliveredAsync();
        _log.Faults.ShouldBeEmpty();
        await CommitsAreKeptAsync(server, "mixed");
        await server.WireShouldBeWellFormedAsync(0, 1, 3, 8, 9, 10, 11, 12, 13, 14);
    }

    [Fact]
    public async Task Cooperative_members_come_go_and_die_and_no_partition_has_two_owners()
    {
        await KafkaTools.RequireAsync();
        await using KafkaServer server = await StartAsync();
        await using Flood flood = await Flood.StartAsync(server.Bootstrap, _log, 0, Topic, Partitions, Flood.Never);
        await using GroupMember first = await JoinAsync("first");
        await SettleAsync(first);
        await using GroupMember second = await JoinAsync("second");
        await SettleAsync(first, second);
        await using GroupMember third = await JoinAsync("third");
        await using GroupMember fourth = await JoinAsync("fourth");
        await SettleAsync(first, second, third, fourth);
        await using DotnetGroupMember dotnet = JoinDotnet("dotnet");
        await SettleAsync(first, second, third, fourth, dotnet);
        await second.KillAsync();
        await SettleAsync(first, third, fourth, dotnet);
        await third.LeaveAsync();
        await SettleAsync(first, fourth, dotnet);
        await using GroupMember fifth = await JoinAsync("fifth");
        await using DotnetGroupMember other = JoinDotnet("other");
        await SettleAsync(first, fourth, fifth, dotnet, other);
        await dotnet.DisposeAsync();
        await SettleAsync(first, fourth, fifth, other);

        await flood.StopAsync();
        await AllIsDeliveredAsync();
        _log.Faults.ShouldBeEmpty();
        await first.LeaveAsync();
        await fourth.LeaveAsync();
        await fifth.LeaveAsync();
        await SettleAsync(other);
        await other.DisposeAsync();
        foreach (string member in new[] { "first", "second", "third", "fourth", "fifth", "dotnet", "other" })
        {
            _group.Ownerships.ShouldContain(o => o.Member == member, $"{member} has owned something");
        }
        _group.DoubleOwnerships().ShouldBeEmpty();
        await CommitsAreKeptAsync(server, "cooperative");
        await server.WireShouldBeWellFormedAsync(0, 1, 8, 9, 10, 11, 12, 13, 14, 22);

        DotnetGroupMember JoinDotnet(string name) =>
            new(name, server.Process.Grpc, _group, "cooperative", Topic, AssignmentStrategy.CooperativeSticky);

        Task<GroupMember> JoinAsync(string name) =>
            GroupMember.JoinAsync(name, ClientProcess.StartConfluent(server.Bootstrap), _group, "cooperative", Topic, "cooperative-sticky");
    }

    [Fact]
    public async Task Producers_and_groups_go_on_when_the_server_is_started_again_under_load()
    {
        await KafkaTools.RequireAsync();
        await using KafkaServer server = await StartAsync();
        await using Flood flood = await Flood.StartAsync(server.Bootstrap, _log, 0, Topic, Partitions, Flood.Never);
        await using Flood other = await Flood.StartAsync(server.Bootstrap, _log, 1, Topic, Partitions, Flood.Never);
        await using GroupMember confluent = await GroupMember.JoinAsync("confluent", ClientProcess.StartConfluent(server.Bootstrap), _group, "lasting", Topic, "range");
        await using GroupMember kafkaPython = await GroupMember.JoinAsync("kafka-python", ClientProcess.StartKafkaPython(server.Bootstrap), _group, "lasting", Topic, "range");
        await using GroupMember kafkaJs = await GroupMember.JoinAsync("kafkajs", ClientProcess.StartKafkaJs(server.Bootstrap), _group, "lasting", Topic, "range");
        GroupMember[] members = [confluent, kafkaPython, kafkaJs];
        await SettleAsync(members);

        foreach (bool kill in new[] { false, true, false })
        {
            await server.RestartAsync(kill);
            long before = _log.Acknowledged;
            int delivered = _group.Delivered.Count;
            await UntilAsync(() => _log.Acknowledged > before && _group.Delivered.Count > delivered, () => "Nobody produces and consumes after the restart.");
        }
        await SettleAsync(members);
        await flood.StopAsync();
        await other.StopAsync();
        await AllIsDeliveredAsync();
        _log.Faults.ShouldBeEmpty();
        await CommitsAreKeptAsync(server, "lasting");
        await server.WireShouldBeWellFormedAsync(0, 1, 3, 8, 9, 10, 11, 12, 14, 22);
    }

    private static async Task<KafkaServer> StartAsync()
    {
        KafkaServer server = await KafkaServer.StartAsync();
        await using DotnetClient dotnet = new(server.Process.Grpc.ToString());
        await dotnet.CreateTopicAsync(Topic, Partitions);
        return server;
    }

    /// <summary>Waits until these members own all partitions, each its own.</summary>
    private static Task SettleAsync(params IGroupMember[] members) => UntilAsync(
        () => members.All(m => m.Owned.Count > 0)
            && members.Sum(m => m.Owned.Count) == Partitions
            && members.SelectMany(m => m.Owned).Distinct().Count() == Partitions,
        () => $"The group does not settle: {string.Join("; ", members.Select(m => $"{m.Name} owns {string.Join(',', m.Owned.Select(o => o.Partition).Order())} {m.Trouble}"))}");

    /// <summary>Waits until every acknowledged record was given to a member, and looks at its bytes.</summary>
    private async Task AllIsDeliveredAsync()
    {
        HashSet<(int, long)> seen = [];
        await UntilAsync(
            () =>
            {
                seen.UnionWith(_group.Delivered.Select(d => (d.Partition, d.Offset)));
                return seen.Count >= _log.Acknowledged;
            },
            () => $"Of {_log.Acknowledged} acknowledged records {seen.Count} were delivered. {Missing(seen)}");
        foreach (IGrouping<int, Delivered> partition in _group.Delivered.GroupBy(d => d.Partition))
        {
            List<AuditRecord> log = [.. partition.DistinctBy(d => d.Offset).OrderBy(d => d.Offset).Select(d => Flood.Identify(d.Value))];
            _log.Check(new AuditPartition(Topic, partition.Key), log, _ => true);
        }
    }

    private string Missing(HashSet<(int Partition, long Offset)> seen)
    {
        IEnumerable<string> partitions = seen.GroupBy(s => s.Partition).OrderBy(p => p.Key).Select(p =>
        {
            long first = 0;
            while (p.Contains((p.Key, first)))
            {
                first++;
            }
            return $"{p.Key}: {p.Count()} up to {p.Max(s => s.Offset)}, not {first}, committed {_group.Committed.GetValueOrDefault((Topic, p.Key))}";
        });
        return string.Join("; ", partitions) + string.Concat(_group.Uncommitted.Select(u => $"\n{u}"));
    }

    /// <summary>No commit that was acknowledged is lost, and none is ahead of what was delivered.</summary>
    private async Task CommitsAreKeptAsync(KafkaServer server, string group)
    {
        _group.Committed.ShouldNotBeEmpty();
        using HttpApiClient http = new(server.Process.Http);
        foreach ((string topic, int partition, long offset) in await http.CommittedAsync(group))
        {
            // kcat does not tell what it commits.
            offset.ShouldBeGreaterThanOrEqualTo(_group.Committed.GetValueOrDefault((topic, partition)), $"{topic}/{partition}");
            offset.ShouldBeLessThanOrEqualTo(_group.Delivered.Where(d => d.Partition == partition).Max(d => d.Offset) + 1, $"{topic}/{partition}");
        }
    }

    private static async Task UntilAsync(Func<bool> condition, Func<string> otherwise)
    {
        long began = System.Diagnostics.Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (System.Diagnostics.Stopwatch.GetElapsedTime(began) > Patience)
            {
                throw new TimeoutException(otherwise());
            }
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }
}
