using System.Diagnostics;
using System.Globalization;
using StreamHouse.Server.Hosting;

namespace StreamHouse.IntegrationTests.Audits;

/// <summary>
/// Nothing acknowledged is lost, doubled or moved when the server is killed. 10 rounds each; 200 with <c>STREAMHOUSE_TEST_LONG=1</c>, or as many as
/// <c>STREAMHOUSE_AUDIT_ROUNDS</c> says. <c>STREAMHOUSE_AUDIT_SEED</c> repeats a run's choices.
/// </summary>
[Collection(AuditSuite.Name)]
public sealed class CrashAuditTests(ITestOutputHelper output)
{
    [Fact]
    public Task Killed_server_keeps_everything_acknowledged() => AuditAsync([]);

    [Fact]
    public Task Killed_among_uploads_commits_trims_and_recycling_it_keeps_everything_acknowledged() => AuditAsync(new Dictionary<string, string>
    {
        ["STREAMHOUSE_NODE_LOG__FILE_BYTES"] = "1060864",
        ["STREAMHOUSE_NODE_LOG__FILES_MAX"] = "8",
        ["STREAMHOUSE_NODE_LOG__FRAME_BYTES_MAX"] = "65536",
        ["STREAMHOUSE_LOCAL_UPLOADS__FLUSH_BYTES"] = "65536",
        ["STREAMHOUSE_LOCAL_UPLOADS__FLUSH_INTERVAL"] = "30ms",
        ["STREAMHOUSE_OBJECT_UPLOADS__FLUSH_BYTES"] = "16384",
        ["STREAMHOUSE_OBJECT_UPLOADS__FLUSH_INTERVAL"] = "5ms",
        ["STREAMHOUSE_TAIL__RETAINED_BYTES_MAX"] = "0",
        ["STREAMHOUSE_MANIFEST__ROWS_PER_PAGE"] = "3",
        ["STREAMHOUSE_SEGMENT_CACHE__BYTES_MAX"] = "1048576",
        ["STREAMHOUSE_SEGMENT_CACHE__BLOCK_BYTES"] = "65536",
    });

    [Fact]
    public async Task Server_asked_to_stop_under_load_drains_within_ten_seconds_and_loses_nothing() => output.WriteLine(
        await new CrashAudit(Random.Shared.Next(), new Dictionary<string, string>(), async server =>
        {
            long began = Stopwatch.GetTimestamp();
            (await server.StopAsync()).ShouldBe(ExitCode.Success, server.Log);
            Stopwatch.GetElapsedTime(began).ShouldBeLessThan(TimeSpan.FromSeconds(10));
        }).RunAsync(rounds: 4));

    [Fact]
    public async Task Server_paused_under_load_goes_on_where_it_was() => output.WriteLine(
        await new CrashAudit(Random.Shared.Next(), new Dictionary<string, string>(), async server =>
        {
            server.Signal(19);
            await Task.Delay(1500);
            server.Signal(18);
            await Task.Delay(500);
        }).RunAsync(rounds: 3));

    private async Task AuditAsync(Dictionary<string, string> environment)
    {
        int rounds = Setting("STREAMHOUSE_AUDIT_ROUNDS") ?? (Environment.GetEnvironmentVariable("STREAMHOUSE_TEST_LONG") == "1" ? 200 : 10);
        int seed = Setting("STREAMHOUSE_AUDIT_SEED") ?? Random.Shared.Next();
        output.WriteLine(await new CrashAudit(seed, environment).RunAsync(rounds));
    }

    private static int? Setting(string name) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out int value) ? value : null;
}
