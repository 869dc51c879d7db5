using StreamHouse.Client;
using StreamHouse.Client.Producers;
using StreamHouse.IntegrationTests.Objects;
using StreamHouse.IntegrationTests.Support;
using StreamHouse.Server.Hosting;

namespace StreamHouse.IntegrationTests.Audits;

/// <summary>One bucket of a real S3 server, a server it belongs to, and one it does not.</summary>
[Collection(AuditSuite.Name)]
public sealed class BucketTests(S3Server s3) : IClassFixture<S3Server>
{
    private static readonly string[] Ports = ["--grpc-port", "0", "--http-port", "0", "--kafka-port", "0"];

    [Fact]
    public async Task Second_server_on_a_bucket_is_refused_and_the_first_loses_nothing()
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
