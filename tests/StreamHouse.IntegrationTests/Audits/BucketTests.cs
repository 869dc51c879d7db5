using StreamHouse.Client;
using StreamHouse.Client.Producers;
using StreamHouse.IntegrationTests.Objects;
using StreamHouse.IntegrationTests.Support;
using StreamHouse.Server.Hosting;

namespace StreamHouse.IntegrationTests.Audits;

/// <summary>The same server with its segments in a bucket of a real S3 server.</summary>
[Collection(AuditSuite.Name)]
public sealed class BucketTests(S3Server s3) : IClassFixture<S3Server>
{
    private static readonly string[] Ports = ["--grpc-port", "0", "--http-port", "0"];

    [Fact]
    public async Task Records_are_tiered_to_the_bucket_and_read_back_after_a_kill_and_another_cluster_is_refused()
    {
        string folder = Directory.CreateTempSubdirectory("streamhouse-test-").FullName;
        try
        {
            await using (ServerProcess first = await ServerProcess.StartAsync(folder, ["--set", "LocalUploads:FlushInterval=200ms"], Variables()))
            {
                await Traffic.CreateAsync(first, "logged");
                await Traffic.CreateAsync(first, "stored", RecordDurability.Object);
                await Traffic.ProduceAsync(first, "logged", "l", 50);
                await Traffic.ProduceAsync(first, "stored", "s", 10);
                await TieredAsync(first, "logged");
                await Traffic.ProduceAsync(first, "logged", "tail", 5);
                await first.KillAsync();
            }
            Directory.Exists(Path.Combine(folder, "objects")).ShouldBeFalse();

            await using (ServerProcess second = await ServerProcess.StartAsync(folder, environment: Variables()))
            {
                (await Traffic.ReadAsync(second, "logged")).ShouldBe([.. Traffic.Values("l", 50), .. Traffic.Values("tail", 5)]);
                (await Traffic.ReadAsync(second, "stored")).ShouldBe(Traffic.Values("s", 10));
            }

            await using (ServerProcess stranger = ServerProcess.Launch(null, Ports, Variables()))
            {
                (await stranger.WaitForExitAsync()).ShouldBe(ExitCode.DataRefused, stranger.Log);
            }
            await using ServerProcess third = await ServerProcess.StartAsync(folder, environment: Variables());
            (await Traffic.ReadAsync(third, "stored")).ShouldBe(Traffic.Values("s", 10));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData("STREAMHOUSE_BUCKET", "no-such-bucket", "no-such-bucket")]
    [InlineData("AWS_SECRET_ACCESS_KEY", "WRONG", S3Server.Bucket)]
    [InlineData("AWS_ACCESS_KEY_ID", "NOBODY", S3Server.Bucket)]
    public async Task Wrong_bucket_or_key_is_refused_at_start(string variable, string value, string named)
    {
        Dictionary<string, string> environment = Variables();
        environment[variable] = value;

        await using ServerProcess server = ServerProcess.Launch(null, Ports, environment);

        (await server.WaitForExitAsync()).ShouldBe(ExitCode.ObjectStoreUnusable, server.Log);
        server.Log.ShouldContain(named);
        server.Log.ShouldNotContain("WRONG");
    }

    private static async Task TieredAsync(ServerProcess server, string topic)
    {
        await using StreamHouseClient client = new(server.Grpc.ToString());
        using CancellationTokenSource limit = new(TimeSpan.FromSeconds(30));
        while ((await client.Admin.GetTopicAsync(topic, limit.Token)).Partitions[0] is var partition && partition.TieredEndOffset < partition.HighWatermark)
        {
            await Task.Delay(20, limit.Token);
        }
    }

    private Dictionary<string, string> Variables() => new()
    {
        ["STREAMHOUSE_BUCKET"] = S3Server.Bucket,
        ["AWS_ENDPOINT_URL"] = s3.Endpoint,
        ["AWS_ACCESS_KEY_ID"] = "TESTKEY",
        ["AWS_SECRET_ACCESS_KEY"] = "TESTSECRET",
        ["AWS_ALLOW_HTTP"] = "true",
    };
}
