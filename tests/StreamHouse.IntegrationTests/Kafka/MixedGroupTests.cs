using StreamHouse.Client.Groups;
using StreamHouse.IntegrationTests.Audits;

namespace StreamHouse.IntegrationTests.Kafka;

/// <summary>The .NET client and librdkafka as members of one group: whoever leads, both understand what is shared out.</summary>
[Collection(AuditSuite.Name)]
public sealed class MixedGroupTests
{
    private const string Topic = "load";
    private const int Partitions = 12;

    private readonly GroupLedger _group = new();
    private readonly AuditLedger _log = new();

    [Theory]
    [InlineData(AssignmentStrategy.Range, "range", true)]
    [InlineData(AssignmentStrategy.RoundRobin, "roundrobin", false)]
    [InlineData(AssignmentStrategy.CooperativeSticky, "cooperative-sticky", true)]
    [InlineData(AssignmentStrategy.CooperativeSticky, "cooperative-sticky", false)]
    public async Task Dotnet_and_librdkafka_share_a_group_whoever_leads(AssignmentStrategy strategy, string name, bool dotnetLeads)
    {
        await KafkaTools.RequireAsync();
        await using KafkaServer server = await KafkaServer.StartAsync(isRecorded: false);
        await using (DotnetClient admin = new(server.Process.Grpc.ToString()))
        {
            await admin.CreateTopicAsync(Topic, Partitions);
        }
        await using Flood flood = await Flood.StartAsync(server.Bootstrap, _log, 0, Topic, Partitions, Flood.Never);
        DotnetGroupMember? dotnet = dotnetLeads ? JoinDotnet("dotnet") : null;
        await UntilAsync(() => dotnet is null || dotnet.Owned.Count == Partitions, "The .NET member is alone.");
        await using GroupMember other = await GroupMember.JoinAsync("confluent", ClientProcess.StartConfluent(server.Bootstrap), _group, "mixed", Topic, name);
        await UntilAsync(() => other.Owned.Count == (dotnet is null ? Partitions : Partitions / 2), "librdkafka's member has its share.");
        await using DotnetGroupMember first = dotnet ?? JoinDotnet("dotnet");
        await UntilAsync(() => first.Owned.Count == Partitions / 2 && other.Owned.Count == Partitions / 2, "Two share evenly.");
        await using DotnetGroupMember second = JoinDotnet("second");
        await UntilAsync(() => new[] { first.Owned.Count, other.Owned.Count, second.Owned.Count }.All(count => count == Partitions / 3), "Three share evenly.");
        await first.DisposeAsync();
        await UntilAsync(() => other.Owned.Count == Partitions / 2 && second.Owned.Count == Partitions / 2, "The two that stay share evenly.");

        await flood.StopAsync();
        await UntilAsync(
            () => _group.Delivered.Select(d => (d.Partition, d.Offset)).Distinct().Count() >= _log.Acknowledged, $"All {_log.Acknowledged} records come.");
        _log.Faults.ShouldBeEmpty();
        await other.LeaveAsync();
        await UntilAsync(() => second.Owned.Count == Partitions, "The last one has everything.");
        await second.DisposeAsync();
        _group.DoubleOwnerships().ShouldBeEmpty();

        DotnetGroupMember JoinDotnet(string member) => new(member, server.Process.Grpc, _group, "mixed", Topic, strategy);
    }

    private static async Task UntilAsync(Func<bool> condition, string what)
    {
        using CancellationTokenSource limit = new(TimeSpan.FromSeconds(60));
        while (!condition())
        {
            limit.IsCancellationRequested.ShouldBeFalse(what);
            await Task.Delay(50, CancellationToken.None);
        }
    }
}
