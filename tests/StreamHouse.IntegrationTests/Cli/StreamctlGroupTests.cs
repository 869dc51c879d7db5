using System.Text.Json;
using StreamHouse.Cli.Shell;
using StreamHouse.Client;
using StreamHouse.Client.Consumers;
using StreamHouse.IntegrationTests.Support;

namespace StreamHouse.IntegrationTests.Cli;

/// <summary><c>streamctl group</c> against a real server.</summary>
public sealed class StreamctlGroupTests : IAsyncLifetime
{
    private ServerProcess _server = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await ServerProcess.StartAsync();
        (await RunAsync("topic", "create", "orders", "--partitions", "2")).ExitCode.ShouldBe(ExitCode.Success);
        for (int partition = 0; partition < 2; partition++)
        {
            string lines = string.Concat(Enumerable.Range(0, 10).Select(i => $"{i}\n"));
            await CliRun.RunAsync(
                _server.Grpc, System.Text.Encoding.UTF8.GetBytes(lines), ["produce", "orders", "--partition", $"{partition}"], TestContext.Current.CancellationToken);
        }
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Consuming_as_a_member_commits_what_was_written_and_goes_on_there()
    {
        CliRun first = await RunAsync("consume", "orders", "--group", "g", "--limit", "7", "--output", "json");
        first.ExitCode.ShouldBe(ExitCode.Success, first.Error);
        first.Lines.Length.ShouldBe(7);
        CliRun rest = await RunAsync("consume", "orders", "--group", "g", "--limit", "13", "--output", "json");
        first.Lines.Concat(rest.Lines).Distinct().Count().ShouldBe(20);

        JsonElement lag = (await RunAsync("group", "lag", "g", "-o", "json")).Json;
        lag.EnumerateArray().Sum(row => row.GetProperty("lag").GetInt64()).ShouldBe(0);
        (await RunAsync("consume", "orders", "--group", "g", "--offset", "3")).ExitCode.ShouldBe(ExitCode.Usage);
    }

    [Fact]
    public async Task Active_group_is_listed_described_and_protected()
    {
        await using (StreamHouseClient client = new(_server.Grpc.ToString()))
        await using (Consumer consumer = client.CreateConsumer(new ConsumerOptions { Group = "live" }))
        {
            consumer.Subscribe(["orders"]);
            int read = 0;
            await foreach (ConsumedRecord record in consumer)
            {
                if (++read == 20)
                {
                    break;
                }
            }
            await consumer.CommitAsync();

            JsonElement listed = (await RunAsync("group", "list", "-o", "json")).Json;
            listed[0].GetProperty("group").GetString().ShouldBe("live");
            listed[0].GetProperty("state").GetString().ShouldBe("stable");
            JsonElement described = (await RunAsync("group", "describe", "live", "-o", "json")).Json;
            described.GetProperty("protocol").GetString().ShouldBe("cooperative-sticky");
            JsonElement member = described.GetProperty("members")[0];
            member.GetProperty("member").GetString().ShouldBe(consumer.MemberId);
            member.GetProperty("partitions").GetArrayLength().ShouldBe(2);
            (await RunAsync("group", "describe", "live")).Output.ShouldContain("orders:0,1");
            CliRun lag = await RunAsync("group", "lag", "live");
            lag.Output.ShouldContain(consumer.MemberId!);
            lag.Lines[^1].ShouldMatch(@"^total\s+0");

            CliRun refused = await RunAsync("group", "reset-offsets", "live", "--to-earliest", "--execute");
            refused.ExitCode.ShouldBe(ExitCode.Failure);
            refused.Error.ShouldContain("active (1 member)");
            refused.Error.ShouldContain("Stop its consumers first");
            CliRun planned = await RunAsync("group", "reset-offsets", "live", "--to-earliest");
            planned.ExitCode.ShouldBe(ExitCode.Success);
            planned.Error.ShouldContain("is active");
            (await RunAsync("group", "delete", "live")).ExitCode.ShouldBe(ExitCode.Failure);
            (await RunAsync("group", "delete", "live", "--dry-run")).ExitCode.ShouldBe(ExitCode.Failure);
        }
        (await RunAsync("group", "describe", "live", "-o", "json")).Json.GetProperty("state").GetString().ShouldBe("empty");
        (await RunAsync("group", "delete", "live", "--dry-run")).Output.ShouldBe("Could delete group live.\n");
        (await RunAsync("group", "delete", "live")).Output.ShouldBe("Deleted group live.\n");
        (await RunAsync("group", "list", "-o", "json")).Json.GetArrayLength().ShouldBe(0);
        (await RunAsync("group", "delete", "live")).ExitCode.ShouldBe(ExitCode.NotFound);
        (await RunAsync("group", "delete", "live", "--if-exists")).ExitCode.ShouldBe(ExitCode.Success);
        (await RunAsync("group", "describe", "live")).ExitCode.ShouldBe(ExitCode.NotFound);
        (await RunAsync("group", "lag", "live")).ExitCode.ShouldBe(ExitCode.NotFound);
    }

    [Fact]
    public async Task Offsets_are_moved_only_on_request_and_within_what_can_be_read()
    {
        // A group that has never been used is given a place to begin.
        JsonElement plan = (await RunAsync("group", "reset-offsets", "g", "--topic", "orders", "--to-offset", "4", "-o", "json")).Json;
        plan.GetProperty("executed").GetBoolean().ShouldBeFalse();
        Moves(plan).ShouldBe([(null, 4L), (null, 4L)]);
        (await RunAsync("group", "list", "-o", "json")).Json.GetArrayLength().ShouldBe(0, "A plan changes nothing.");

        await ExecuteAsync("--topic", "orders", "--to-offset", "4");
        (await CommittedAsync()).ShouldBe([4L, 4L]);
        Moves(await ExecuteAsync("--shift-by", "3")).ShouldBe([(4L, 7L), (4L, 7L)]);
        await ExecuteAsync("--topic", "orders:1", "--shift-by", "-100");
        (await CommittedAsync()).ShouldBe([7L, 0L]);
        await ExecuteAsync("--to-latest");
        (await CommittedAsync()).ShouldBe([10L, 10L]);
        await ExecuteAsync("--to-earliest");
        (await CommittedAsync()).ShouldBe([0L, 0L]);
        await ExecuteAsync("--to-time", "1h");
        (await CommittedAsync()).ShouldBe([0L, 0L]);
        JsonElement beyond = await ExecuteAsync("--to-time", "2100-01-01T00:00:00Z");
        Moves(beyond).ShouldBe([(0L, 10L), (0L, 10L)]);
        beyond.GetProperty("partitions")[0].GetProperty("note").GetString().ShouldBe("no record is that young");

        (await RunAsync("group", "reset-offsets", "g")).ExitCode.ShouldBe(ExitCode.Usage);
        (await RunAsync("group", "reset-offsets", "g", "--to-latest", "--to-earliest")).ExitCode.ShouldBe(ExitCode.Usage);
        (await RunAsync("group", "reset-offsets", "g", "--to-latest", "--execute", "--dry-run")).ExitCode.ShouldBe(ExitCode.Usage);
        (await RunAsync("group", "reset-offsets", "g", "--to-latest", "--topic", "orders:x")).ExitCode.ShouldBe(ExitCode.Usage);
        (await RunAsync("group", "reset-offsets", "g", "--to-latest", "--topic", "orders:7")).ExitCode.ShouldBe(ExitCode.NotFound);
        (await RunAsync("group", "reset-offsets", "g", "--to-latest", "--topic", "nowhere")).ExitCode.ShouldBe(ExitCode.NotFound);
        (await RunAsync("group", "reset-offsets", "nobody", "--to-latest")).ExitCode.ShouldBe(ExitCode.NotFound);
    }

    [Theory]
    [InlineData(0, 0, "--to-earliest")]
    [InlineData(10, 10, "--to-latest")]
    [InlineData(6, 6, "--shift-by", "2")]
    [InlineData(0, 0, "--to-time", "1h")]
    [InlineData(10, 10, "--to-time", "2100-01-01T00:00:00Z")]
    [InlineData(7, 7, "--to-offset", "7")]
    public async Task Dry_run_shows_where_each_kind_of_reset_leads_and_moves_nothing(long first, long second, params string[] target)
    {
        await ExecuteAsync("--topic", "orders", "--to-offset", "4");

        CliRun run = await RunAsync(["group", "reset-offsets", "g", .. target, "--dry-run", "-o", "json"]);

        run.ExitCode.ShouldBe(ExitCode.Success, run.Error);
        run.Json.GetProperty("executed").GetBoolean().ShouldBeFalse();
        Moves(run.Json).ShouldBe([(4L, first), (4L, second)]);
        (await CommittedAsync()).ShouldBe([4L, 4L]);
        Moves(await ExecuteAsync(target)).ShouldBe([(4L, first), (4L, second)], "and what it shows is what is done");
    }

    private async Task<JsonElement> ExecuteAsync(params string[] args)
    {
        CliRun run = await RunAsync(["group", "reset-offsets", "g", .. args, "--execute", "-o", "json"]);
        run.ExitCode.ShouldBe(ExitCode.Success, run.Error);
        run.Json.GetProperty("executed").GetBoolean().ShouldBeTrue();
        return run.Json;
    }

    private async Task<List<long>> CommittedAsync() =>
        [.. (await RunAsync("group", "lag", "g", "-o", "json")).Json.EnumerateArray().Select(row => row.GetProperty("committed").GetInt64())];

    private static List<(long? Committed, long New)> Moves(JsonElement plan) => [.. plan.GetProperty("partitions").EnumerateArray().Select(move => (
        move.GetProperty("committed").ValueKind == JsonValueKind.Null ? (long?)null : move.GetProperty("committed").GetInt64(),
        move.GetProperty("newOffset").GetInt64()))];

    private Task<CliRun> RunAsync(params string[] args) => CliRun.RunAsync(_server.Grpc, args);
}
