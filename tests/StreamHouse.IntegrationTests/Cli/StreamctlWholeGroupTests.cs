using System.Text.Json;
using Google.Protobuf;
using StreamHouse.Cli.Shell;
using StreamHouse.IntegrationTests.Support;
using StreamHouse.Rpc.Grpc.Client;
using StreamHouse.Rpc.Services;
using StreamHouse.Rpc.V1;

namespace StreamHouse.IntegrationTests.Cli;

/// <summary><c>streamctl group</c> with more than one group, and with groups that have committed only in some of their partitions.</summary>
public sealed class StreamctlWholeGroupTests : IAsyncLifetime
{
    private ServerProcess _server = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await ServerProcess.StartAsync();
        (await RunAsync("topic", "create", "orders", "--partitions", "2")).ExitCode.ShouldBe(ExitCode.Success);
        for (int partition = 0; partition < 2; partition++)
        {
            (await RunAsync("produce", "orders", "a", "b", "c", "--partition", $"{partition}")).ExitCode.ShouldBe(ExitCode.Success);
        }
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Deleting_goes_on_past_failures_and_tells_what_became_of_each()
    {
        foreach (string group in (string[])["billing", "audit", "search", "last"])
        {
            await CommitAsync(group, "orders", 1);
        }

        CliRun run = await RunAsync("group", "delete", "billing", "nosuch", "audit", "billing");
        run.ExitCode.ShouldBe(ExitCode.NotFound);
        run.Output.ShouldBe("Deleted group billing.\nDeleted group audit.\n");
        run.Error.ShouldContain("streamctl: group nosuch is not deleted: There is no group");
        run.Error.ShouldNotContain("group billing");
        (await GroupsAsync()).ShouldBe(["last", "search"]);

        using RpcChannel channel = new(_server.Grpc, TimeProvider.System);
        await JoinAsync(channel, "live", "orders");
        CliRun planned = await RunAsync("group", "delete", "search", "live", "--dry-run");
        planned.ExitCode.ShouldBe(ExitCode.Failure);
        planned.Output.ShouldBe("Could delete group search.\n");
        planned.Error.ShouldContain("group live could not be deleted: Group live is active (1 member)");

        CliRun json = await RunAsync("group", "delete", "gone", "live", "nosuch", "search", "-o", "json");
        json.ExitCode.ShouldBe(ExitCode.Failure, "A group in use is worse than one that is not there.");
        Names(json.Json, "deleted").ShouldBe(["search"]);
        Names(json.Json, "absent").ShouldBeEmpty();
        json.Json.GetProperty("failed").EnumerateArray()
            .Select(failed => (failed.GetProperty("group").GetString(), failed.GetProperty("exitCode").GetInt32()))
            .ShouldBe([("gone", ExitCode.NotFound), ("live", ExitCode.Failure), ("nosuch", ExitCode.NotFound)]);
        json.Json.GetProperty("failed")[1].GetProperty("reason").GetString()!.ShouldContain("active");

        CliRun lenient = await RunAsync("group", "delete", "nosuch", "last", "--if-exists", "-o", "json");
        lenient.ExitCode.ShouldBe(ExitCode.Success, lenient.Error);
        Names(lenient.Json, "absent").ShouldBe(["nosuch"]);
        Names(lenient.Json, "deleted").ShouldBe(["last"]);
        (await GroupsAsync()).ShouldBe(["live"]);
    }

    [Fact]
    public async Task Deleting_topics_goes_on_past_failures_too()
    {
        (await RunAsync("topic", "create", "more")).ExitCode.ShouldBe(ExitCode.Success);

        CliRun run = await RunAsync("topic", "delete", "nosuch", "more");

        run.ExitCode.ShouldBe(ExitCode.NotFound);
        run.Output.ShouldBe("Deleted topic more.\n");
        run.Error.ShouldContain("topic nosuch is not deleted");
    }

    [Fact]
    public async Task Lag_counts_partitions_in_which_nothing_is_committed()
    {
        await CommitAsync("g", "orders:0", 2);

        (await LagAsync("g")).ShouldBe([("orders", 0, 2L, 1L), ("orders", 1, null, 3L)]);
        (await RunAsync("group", "lag", "g")).Lines[^1].ShouldMatch(@"^total\s+4");
        (await RunAsync("group", "lag", "g", "--topic", "elsewhere")).ExitCode.ShouldBe(ExitCode.NotFound);
    }

    [Fact]
    public async Task Lag_counts_topics_that_members_want_and_have_nothing_of()
    {
        (await RunAsync("topic", "create", "wanted")).ExitCode.ShouldBe(ExitCode.Success);
        (await RunAsync("produce", "wanted", "x", "--partition", "0")).ExitCode.ShouldBe(ExitCode.Success);
        int partitions = (await RunAsync("offsets", "wanted", "-o", "json")).Json.GetArrayLength();
        using RpcChannel channel = new(_server.Grpc, TimeProvider.System);

        await JoinAsync(channel, "live", "wanted", "nowhere");

        List<(string Topic, int, long? Committed, long Lag)> lag = await LagAsync("live");
        lag.Count.ShouldBe(partitions);
        lag.ShouldAllBe(row => row.Topic == "wanted" && row.Committed == null);
        lag.Sum(row => row.Lag).ShouldBe(1);
    }

    [Fact]
    public async Task Reset_without_topic_moves_whole_topics()
    {
        await CommitAsync("g", "orders:0", 2);

        CliRun plan = await RunAsync("group", "reset-offsets", "g", "--to-latest", "-o", "json");
        Moves(plan).ShouldBe([("orders", 0, 2L, 3L), ("orders", 1, null, 3L)]);
        (await LagAsync("g"))[1].Committed.ShouldBeNull("A plan changes nothing.");

        (await RunAsync("group", "reset-offsets", "g", "--to-latest", "--execute")).ExitCode.ShouldBe(ExitCode.Success);
        (await LagAsync("g")).ShouldBe([("orders", 0, 3L, 0L), ("orders", 1, 3L, 0L)]);
    }

    [Fact]
    public async Task Shift_says_which_partitions_it_leaves()
    {
        await CommitAsync("g", "orders:0", 2);

        CliRun shifted = await RunAsync("group", "reset-offsets", "g", "--shift-by", "-1", "--execute", "-o", "json");
        shifted.ExitCode.ShouldBe(ExitCode.Success, shifted.Error);
        Moves(shifted).ShouldBe([("orders", 0, 2L, 1L)]);
        JsonElement left = shifted.Json.GetProperty("left");
        left.GetArrayLength().ShouldBe(1);
        left[0].GetProperty("partition").GetInt32().ShouldBe(1);
        shifted.Error.ShouldContain("Left as they are, without a committed offset to shift: orders:1");
        (await LagAsync("g")).ShouldBe([("orders", 0, 1L, 2L), ("orders", 1, null, 3L)]);
    }

    [Fact]
    public async Task Topic_that_is_gone_stops_neither_lag_nor_reset()
    {
        (await RunAsync("topic", "create", "gone")).ExitCode.ShouldBe(ExitCode.Success);
        await CommitAsync("g", "orders", 2);
        await CommitAsync("g", "gone", 0);
        (await RunAsync("topic", "delete", "gone")).ExitCode.ShouldBe(ExitCode.Success);

        (await LagAsync("g")).ShouldBe([("orders", 0, 2L, 1L), ("orders", 1, 2L, 1L)]);
        CliRun reset = await RunAsync("group", "reset-offsets", "g", "--to-earliest", "--execute", "-o", "json");
        reset.ExitCode.ShouldBe(ExitCode.Success, reset.Error);
        Moves(reset).ShouldBe([("orders", 0, 2L, 0L), ("orders", 1, 2L, 0L)]);
    }

    private async Task CommitAsync(string group, string topic, long offset)
    {
        CliRun run = await RunAsync("group", "reset-offsets", group, "--topic", topic, "--to-offset", $"{offset}", "--execute");
        run.ExitCode.ShouldBe(ExitCode.Success, run.Error);
    }

    private async Task<List<(string Topic, int Partition, long? Committed, long Lag)>> LagAsync(string group)
    {
        CliRun run = await RunAsync("group", "lag", group, "-o", "json");
        run.ExitCode.ShouldBe(ExitCode.Success, run.Error);
        return [.. run.Json.EnumerateArray().Select(row => (
            row.GetProperty("topic").GetString()!, row.GetProperty("partition").GetInt32(), Offset(row, "committed"), row.GetProperty("lag").GetInt64()))];
    }

    private static List<(string Topic, int Partition, long? Committed, long New)> Moves(CliRun run) => [.. run.Json.GetProperty("partitions").EnumerateArray()
        .Select(move => (
            move.GetProperty("topic").GetString()!, move.GetProperty("partition").GetInt32(), Offset(move, "committed"), move.GetProperty("newOffset").GetInt64()))];

    private static long? Offset(JsonElement row, string name) =>
        row.GetProperty(name) is { ValueKind: JsonValueKind.Number } offset ? offset.GetInt64() : null;

    private static string[] Names(JsonElement report, string name) => [.. report.GetProperty(name).EnumerateArray().Select(item => item.GetString()!)];

    private async Task<string[]> GroupsAsync() =>
        [.. (await RunAsync("group", "list", "-o", "json")).Json.EnumerateArray().Select(group => group.GetProperty("group").GetString()!)];

    /// <summary>Makes a stable group of one member, which subscribes to topics and is assigned nothing.</summary>
    private static async Task JoinAsync(RpcChannel channel, string group, params string[] topics)
    {
        List<byte> subscription = [0, 0, 0, 0, 0, (byte)topics.Length];
        foreach (string topic in topics)
        {
            subscription.AddRange([0, (byte)topic.Length, .. System.Text.Encoding.UTF8.GetBytes(topic)]);
        }
        subscription.AddRange([255, 255, 255, 255]);
        JoinGroupRequest request = new()
        {
            Group = group,
            ClientId = "test",
            SessionTimeoutMs = 30_000,
            RebalanceTimeoutMs = 30_000,
            ProtocolType = "consumer",
            Protocols = { new GroupProtocol { Name = "range", Metadata = ByteString.CopyFrom([.. subscription]) } },
        };
        JoinGroupResponse joined = await channel.UnaryAsync(GroupRpc.Join.Client, request, default, Token);
        if (joined.MemberIdRequired)
        {
            request.MemberId = joined.MemberId;
            joined = await channel.UnaryAsync(GroupRpc.Join.Client, request, default, Token);
        }
        await channel.UnaryAsync(
            GroupRpc.Sync.Client,
            new SyncGroupRequest { Group = group, Member = new GroupMemberIdentity { MemberId = joined.MemberId, Generation = joined.Generation } },
            default,
            Token);
    }

    private Task<CliRun> RunAsync(params string[] args) => CliRun.RunAsync(_server.Grpc, args);
}
