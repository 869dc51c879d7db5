using System.Globalization;
using System.Text;
using System.Text.Json;
using StreamHouse.Cli.Shell;
using StreamHouse.IntegrationTests.Support;

namespace StreamHouse.IntegrationTests.Cli;

/// <summary>streamctl against a real server.</summary>
public sealed class StreamctlTests : IAsyncLifetime
{
    private ServerProcess _server = null!;

    public async ValueTask InitializeAsync() => _server = await ServerProcess.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Topics_are_created_listed_described_altered_and_deleted()
    {
        CliRun created = await RunAsync("topic", "create", "orders", "--partitions", "3", "--config", "retention.ms=60000");
        created.ExitCode.ShouldBe(ExitCode.Success, created.Error);
        created.Output.ShouldBe("Created topic orders with 3 partitions, durability local.\n");

        JsonElement listed = (await RunAsync("topic", "list", "-o", "json")).Json;
        listed.GetArrayLength().ShouldBe(1);
        listed[0].GetProperty("name").GetString().ShouldBe("orders");
        listed[0].GetProperty("partitions").GetInt32().ShouldBe(3);
        listed[0].GetProperty("config").GetProperty("retention.ms").GetString().ShouldBe("60000");

        (await RunAsync("topic", "alter", "orders", "--reset", "retention.ms", "--partitions", "5")).ExitCode.ShouldBe(ExitCode.Success);
        JsonElement described = (await RunAsync("topic", "describe", "orders", "-o", "json")).Json;
        described.GetProperty("partitionStates").GetArrayLength().ShouldBe(5);
        described.GetProperty("config").EnumerateObject().ShouldBeEmpty();
        described.GetProperty("effectiveConfig").GetProperty("retention.ms").GetString().ShouldBe("604800000");

        (await RunAsync("topic", "delete", "orders")).Output.ShouldBe("Deleted topic orders.\n");
        (await RunAsync("topic", "list", "-o", "json")).Json.GetArrayLength().ShouldBe(0);
    }

    [Fact]
    public async Task Exit_codes_tell_what_is_wrong()
    {
        await RunAsync("topic", "create", "there");

        CliRun again = await RunAsync("topic", "create", "there");
        again.ExitCode.ShouldBe(ExitCode.AlreadyExists);
        again.Error.ShouldContain("--if-not-exists");
        (await RunAsync("topic", "create", "there", "--if-not-exists")).ExitCode.ShouldBe(ExitCode.Success);
        (await RunAsync("topic", "create", "no/slash")).ExitCode.ShouldBe(ExitCode.Usage);
        (await RunAsync("topic", "create", "x", "--config", "no.such=1")).ExitCode.ShouldBe(ExitCode.Usage);
        foreach (string[] unknown in (string[][])[["topic", "describe"], ["topic", "delete"], ["consume"], ["produce"], ["offsets"], ["segment", "list"], ["bench", "consume"]])
        {
            string[] args = unknown[0] == "produce" ? [.. unknown, "nowhere", "x"] : [.. unknown, "nowhere"];
            CliRun run = await RunAsync(args);
            run.ExitCode.ShouldBe(ExitCode.NotFound, string.Join(' ', args) + run.Error);
            run.Error.ShouldContain("topic create", customMessage: string.Join(' ', args));
        }
        (await RunAsync("topic", "delete", "nowhere", "--if-exists")).ExitCode.ShouldBe(ExitCode.Success);
        (await RunAsync("consume", "there", "--partition", "7")).ExitCode.ShouldBe(ExitCode.NotFound);
        (await RunAsync("consume", "there", "--offset", "10")).ExitCode.ShouldBe(ExitCode.NotFound);
        (await RunAsync("produce", "there", "x", "--partition", "7")).ExitCode.ShouldBe(ExitCode.NotFound);
    }

    [Fact]
    public async Task Unreachable_server_is_told_at_once_with_what_to_do()
    {
        CliRun run = await CliRun.RunAsync(new Uri("http://127.0.0.1:1"), "topic", "list");

        run.ExitCode.ShouldBe(ExitCode.Unreachable);
        run.Error.ShouldContain("http://127.0.0.1:1");
        run.Error.ShouldContain("./run.sh");
        run.Output.ShouldBeEmpty();
    }

    [Fact]
    public async Task Keys_headers_and_nulls_from_standard_input_come_out_as_json()
    {
        await RunAsync("topic", "create", "t", "-p", "1");
        byte[] input = [.. "a:1\nb:\r\n:nothing\nnil:nil\nx:"u8, 0xFF, .. "\nlast:no end"u8];

        CliRun produced = await RunAsync(input, "produce", "t", "--key-separator", ":", "--null", "nil", "-H", "from=test", "-H", "empty=", "-o", "json");
        CliRun consumed = await RunAsync("consume", "t", "--output", "json");

        produced.Json.GetProperty("records").GetInt32().ShouldBe(6);
        produced.Json.GetProperty("partitions")[0].GetProperty("lastOffset").GetInt32().ShouldBe(5);
        JsonElement[] records = [.. consumed.Lines.Select(l => JsonDocument.Parse(l).RootElement)];
        records.Select(r => r.GetProperty("offset").GetInt32()).ShouldBe([0, 1, 2, 3, 4, 5]);
        records.Select(r => r.GetProperty("key").GetString()).ShouldBe(["a", "b", "", null, "x", "last"]);
        records.Where((_, i) => i != 4).Select(r => r.GetProperty("value").GetString()).ShouldBe(["1", "", "nothing", null, "no end"]);
        records[4].TryGetProperty("value", out _).ShouldBeFalse();
        records[4].GetProperty("valueBase64").GetBytesFromBase64().ShouldBe([0xFF]);
        records[0].GetProperty("headers").GetRawText().ShouldBe("""[{"name":"from","value":"test"},{"name":"empty","value":""}]""");
        records[0].GetProperty("topic").GetString().ShouldBe("t");
        records[0].GetProperty("timestampMs").GetInt64().ShouldBeInRange(1_700_000_000_000, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());
    }

    [Fact]
    public async Task File_comes_out_raw_byte_for_byte()
    {
        await RunAsync("topic", "create", "t", "-p", "1");
        string path = Path.GetTempFileName();
        byte[] lines = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 20_000).Select(i => string.Create(CultureInfo.InvariantCulture, $"line {i} é\n"))));
        await File.WriteAllBytesAsync(path, lines, TestContext.Current.CancellationToken);
        try
        {
            foreach (string codec in (string[])["none", "gzip", "zstd"])
            {
                CliRun produced = await RunAsync("produce", "t", "--file", path, "--compression", codec);
                produced.ExitCode.ShouldBe(ExitCode.Success, produced.Error);
            }
        }
        finally
        {
            File.Delete(path);
        }

        CliRun consumed = await RunAsync("consume", "t", "--output", "raw");

        consumed.OutputBytes.ShouldBe([.. lines, .. lines, .. lines]);
    }

    [Fact]
    public async Task Reading_starts_where_it_is_told_and_ends_at_the_limit()
    {
        await RunAsync("topic", "create", "t", "-p", "2");
        await RunAsync("produce", "t", "--partition", "0", "a", "b", "c");
        await RunAsync("produce", "t", "--partition", "1", "d");
        await Task.Delay(300, TestContext.Current.CancellationToken);
        long between = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        await RunAsync("produce", "t", "--partition", "0", "e");

        (await RunAsync("consume", "t", "-o", "raw", "--partition", "0")).Lines.ShouldBe(["a", "b", "c", "e"]);
        (await RunAsync("consume", "t", "-o", "raw", "--partition", "0", "--offset", "2")).Lines.ShouldBe(["c", "e"]);
        (await RunAsync("consume", "t", "-o", "raw", "--partition", "0", "--offset", "4")).Lines.ShouldBeEmpty();
        (await RunAsync("consume", "t", "-o", "raw", "--partition", "0", "--limit", "2")).Lines.ShouldBe(["a", "b"]);
        (await RunAsync("consume", "t", "-o", "raw", "--since", between.ToString(CultureInfo.InvariantCulture))).Lines.ShouldBe(["e"]);
        (await RunAsync("consume", "t", "-o", "raw", "--since", "1h")).Lines.Order().ShouldBe(["a", "b", "c", "d", "e"]);
        JsonElement offsets = (await RunAsync("offsets", "t", "--time", between.ToString(CultureInfo.InvariantCulture), "-o", "json")).Json;
        offsets.EnumerateArray().Select(o => (o.GetProperty("earliest").GetInt32(), o.GetProperty("latest").GetInt32(), o.GetProperty("atTime").GetInt32()))
            .ShouldBe([(0, 4, 3), (0, 1, -1)]);
    }

    [Fact]
    public async Task Following_shows_what_comes_and_ends_cleanly_when_interrupted()
    {
        await RunAsync("topic", "create", "t");
        await RunAsync("produce", "t", "before");
        using CancellationTokenSource interrupt = new();
        Task<CliRun> following = CliRun.RunAsync(_server.Grpc, [], ["consume", "t", "--from-end", "--output", "raw"], interrupt.Token);
        Task<CliRun> limited = CliRun.RunAsync(_server.Grpc, [], ["consume", "t", "--follow", "--limit", "2", "--output", "raw"], interrupt.Token);
        await Task.Delay(1000, TestContext.Current.CancellationToken);

        await RunAsync("produce", "t", "after");
        CliRun ofLimited = await limited.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        await Task.Delay(300, TestContext.Current.CancellationToken);
        await interrupt.CancelAsync();
        CliRun followed = await following;

        ofLimited.Lines.ShouldBe(["before", "after"]);
        ofLimited.ExitCode.ShouldBe(ExitCode.Success);
        followed.Lines.ShouldBe(["after"]);
        followed.ExitCode.ShouldBe(ExitCode.Success, followed.Error);
    }

    [Fact]
    public async Task Bench_tells_throughput_and_latency_as_json()
    {
        await RunAsync("topic", "create", "t", "-p", "3");

        JsonElement all = (await RunAsync("bench", "produce", "t", "--count", "20000", "--size", "50", "-o", "json")).Json;
        JsonElement paced = (await RunAsync("bench", "produce", "t", "--count", "500", "--rate", "1000", "-o", "json")).Json;
        JsonElement single = (await RunAsync("bench", "produce", "t", "--count", "50", "--one-at-a-time", "-o", "json")).Json;
        JsonElement read = (await RunAsync("bench", "consume", "t", "--count", "20550", "-o", "json")).Json;

        all.GetProperty("records").GetInt64().ShouldBe(20_000);
        all.GetProperty("bytes").GetInt64().ShouldBe(1_000_000);
        all.GetProperty("latencyMs").GetProperty("p99").GetDouble().ShouldBeGreaterThan(0);
        paced.GetProperty("seconds").GetDouble().ShouldBeInRange(0.45, 5);
        single.GetProperty("records").GetInt64().ShouldBe(50);
        single.GetProperty("latencyMs").GetProperty("max").GetDouble()
            .ShouldBeGreaterThanOrEqualTo(single.GetProperty("latencyMs").GetProperty("p50").GetDouble());
        read.GetProperty("records").GetInt64().ShouldBe(20_550);
        read.GetProperty("bytes").GetInt64().ShouldBe(1_000_000 + (550 * 100));
    }

    [Fact]
    public async Task Status_names_the_server_and_its_folder()
    {
        JsonElement status = (await RunAsync("status", "-o", "json")).Json;

        status.GetProperty("mode").GetString().ShouldBe("unified");
        status.GetProperty("dataDirectory").GetString().ShouldBe(_server.DataFolder);
        status.GetProperty("listeners").GetProperty("grpc").GetString().ShouldNotBeNullOrEmpty();
        (await RunAsync("status")).Output.ShouldContain(_server.DataFolder);
    }

    private Task<CliRun> RunAsync(params string[] args) => CliRun.RunAsync(_server.Grpc, args);

    private Task<CliRun> RunAsync(byte[] input, params string[] args) => CliRun.RunAsync(_server.Grpc, input, args, TestContext.Current.CancellationToken);
}
