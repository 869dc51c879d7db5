using StreamHouse.IntegrationTests.Objects;
using StreamHouse.IntegrationTests.Support;
using StreamHouse.Rpc.Grpc.Client;
using StreamHouse.Rpc.Services;
using StreamHouse.Rpc.V1;
using StreamHouse.Server.Hosting;

namespace StreamHouse.IntegrationTests.Server;

/// <summary>The real process with its objects in a bucket of a real S3 server.</summary>
public sealed class BucketServerTests(S3Server s3) : IClassFixture<S3Server>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private Dictionary<string, string> Environment => new()
    {
        ["STREAMHOUSE_BUCKET"] = S3Server.Bucket,
        ["AWS_ENDPOINT_URL"] = s3.Endpoint,
        ["AWS_ACCESS_KEY_ID"] = "TESTKEY",
        ["AWS_SECRET_ACCESS_KEY"] = "TESTSECRET",
        ["AWS_REGION"] = "us-east-1",
        ["AWS_ALLOW_HTTP"] = "true",
    };

    [Fact]
    public async Task Records_go_to_the_bucket_and_are_read_from_there_after_a_kill()
    {
        string folder = Directory.CreateTempSubdirectory("streamhouse-test-").FullName;
        try
        {
            string topic;
            await using (ServerProcess server = await ServerProcess.StartAsync(folder, environment: Environment))
            {
                using RpcChannel channel = new(server.Grpc, TimeProvider.System);
                topic = await channel.CreateTopicAsync(durability: TopicDurability.Object);
                (await channel.ProduceAsync(topic, 0, "a", "b")).Durability.ShouldBe(DurabilityReached.Object);
                GetStatusResponse status = await channel.UnaryAsync(AdminRpc.GetStatus.Client, new GetStatusRequest(), default, Token);
                status.ObjectStore.ShouldContain(S3Server.Bucket);
                await server.KillAsync();
            }
            Directory.Exists(Path.Combine(folder, "objects")).ShouldBeFalse();

            await using ServerProcess next = await ServerProcess.StartAsync(folder, environment: Environment);
            using RpcChannel again = new(next.Grpc, TimeProvider.System);
            (await again.FetchAsync(topic, 0, 0)).ShouldBe([(0L, "a"), (1L, "b")]);
            using HttpClient http = new() { BaseAddress = next.Http };
            (await http.GetStringAsync("/health/ready", Token)).ShouldContain("ready");
            next.Log.ShouldNotContain("TESTSECRET");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData("AWS_SECRET_ACCESS_KEY", "wrong")]
    [InlineData("STREAMHOUSE_BUCKET", "no-such-bucket")]
    public async Task Wrong_key_or_bucket_is_refused_at_the_start(string variable, string value)
    {
        Dictionary<string, string> environment = Environment;
        environment[variable] = value;

        await using ServerProcess server = ServerProcess.Launch(null, ["--grpc-port", "0", "--http-port", "0", "--kafka-port", "0"], environment);

        (await server.WaitForExitAsync()).ShouldBe(ExitCode.ObjectStoreUnusable, server.Log);
        server.Log.ShouldContain(environment["STREAMHOUSE_BUCKET"]);
    }
}
