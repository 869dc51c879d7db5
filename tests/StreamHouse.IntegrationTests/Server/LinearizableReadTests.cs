using System.Net;
using StreamHouse.Broker.Metadata;
using StreamHouse.Cli.Shell;
using StreamHouse.Client;
using StreamHouse.Client.Administration;
using StreamHouse.Client.Consumers;
using StreamHouse.IntegrationTests.Cli;
using StreamHouse.IntegrationTests.Http;
using StreamHouse.IntegrationTests.Support;
using StreamHouse.Rpc.Consuming;
using StreamHouse.Rpc.Errors;
using StreamHouse.Rpc.Grpc;
using StreamHouse.Rpc.Grpc.Client;
using StreamHouse.Rpc.Services;
using StreamHouse.Rpc.V1;
using StreamHouse.Storage.Metadata;
using StreamHouse.Storage.Metadata.Sqlite;
using Level = StreamHouse.Rpc.V1.ReadConsistency;
using ReadConsistency = StreamHouse.Client.ReadConsistency;
using Topics = StreamHouse.Broker.Topics;

namespace StreamHouse.IntegrationTests.Server;

/// <summary>
/// Linearizable reads of a real process, by every surface that can ask for them: of a partition it leads, and of one whose lease another has
/// taken in the metadata behind its back.
/// </summary>
public sealed class LinearizableReadTests : IAsyncLifetime
{
    private ServerProcess _server = null!;
    private RpcChannel _channel = null!;
    private string _led = null!;
    private string _lost = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await ServerProcess.StartAsync();
        _channel = new RpcChannel(_server.Grpc, TimeProvider.System);
        _led = await _channel.CreateTopicAsync(durability: TopicDurability.Object);
        _lost = await _channel.CreateTopicAsync(durability: TopicDurability.Object);
        await _channel.ProduceAsync(_led, 0, "a", "b");
        await _channel.ProduceAsync(_lost, 0, "a", "b");
        await TakeLeaseAsync(_lost);
    }

    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Over_grpc()
    {
        using (IncomingFetch fetched = await _channel.UnaryAsync(ConsumerRpc.Fetch, Fetch(_led), default, Token))
        {
            (fetched.HighWatermark, fetched.Consistency).ShouldBe((2L, Level.Linearizable));
            GrpcCalls.RecordsOf(fetched.Batches.Span).ShouldBe([(0L, "a"), (1L, "b")]);
        }
        ListOffsetsResponse led = await _channel.UnaryAsync(AdminRpc.ListOffsets.Client, Latest(_led), default, Token);
        (led.Consistency, led.Offsets[0].Offset).ShouldBe((Level.Linearizable, 2L));

        (await RefusalAsync(ConsumerRpc.Fetch, Fetch(_lost))).Detail()!.Code.ShouldBe(ErrorCode.NotLeader);
        ListOffsetsResponse lost = await _channel.UnaryAsync(AdminRpc.ListOffsets.Client, Latest(_lost), default, Token);
        (lost.Offsets[0].Offset, lost.Offsets[0].Error.Code).ShouldBe((-1L, ErrorCode.NotLeader));

        // The default level is answered from memory, and says so.
        using IncomingFetch strong = await _channel.UnaryAsync(ConsumerRpc.Fetch, new FetchRequest { Topic = _lost }, default, Token);
        (strong.HighWatermark, strong.Consistency).ShouldBe((2L, Level.Strong));
    }

    [Fact]
    public async Task A_level_the_server_does_not_know_is_refused_and_not_weakened()
    {
        FetchRequest fetch = Fetch(_led);
        ListOffsetsRequest latest = Latest(_led);
        (fetch.Consistency, latest.Consistency) = ((Level)9, (Level)9);

        (await RefusalAsync(ConsumerRpc.Fetch, fetch)).Status.ShouldBe(GrpcStatusCode.InvalidArgument);
        (await RefusalAsync(AdminRpc.ListOffsets.Client, latest)).Status.ShouldBe(GrpcStatusCode.InvalidArgument);
    }

    [Fact]
    public async Task Over_http()
    {
        using HttpCalls http = new(_server.Http);
        ((long)(await http.SendAsync(HttpMethod.Get, $"/v1/topics/{_led}/offsets?consistency=linearizable")).Answer!["offsets"]![0]!["offset"]!).ShouldBe(2);
        (await http.ReadAsync($"/v1/topics/{_led}/partitions/0/records?consistency=linearizable")).Count.ShouldBe(2);

        foreach (string path in (string[])["offsets?consistency=linearizable", "partitions/0/records?offset=0&consistency=linearizable"])
        {
            (await http.SendAsync(HttpMethod.Get, $"/v1/topics/{_lost}/{path}")).Status.ShouldBe(HttpStatusCode.MisdirectedRequest);
        }
        (await http.ReadAsync($"/v1/topics/{_lost}/partitions/0/records")).Count.ShouldBe(2);
    }

    [Fact]
    public async Task By_streamctl()
    {
        CliRun offsets = await CliRun.RunAsync(_server.Grpc, "offsets", _led, "--linearizable", "-o", "json");
        offsets.Json[0].GetProperty("latest").GetInt32().ShouldBe(2, offsets.Error);
        (await CliRun.RunAsync(_server.Grpc, "consume", _led, "--linearizable", "-o", "raw")).Lines.ShouldBe(["a", "b"]);

        foreach (string command in (string[])["offsets", "consume"])
        {
            CliRun refused = await CliRun.RunAsync(_server.Grpc, command, _lost, "--linearizable", "--timeout", "1s");
            refused.ExitCode.ShouldBe(ExitCode.Failure);
            refused.Error.ShouldContain("leads this partition");
            (await CliRun.RunAsync(_server.Grpc, command, _lost)).ExitCode.ShouldBe(ExitCode.Success);
        }
    }

    [Fact]
    public async Task By_the_client()
    {
        await using StreamHouseClient client = new(new StreamHouseClientOptions { Addresses = [_server.Grpc.ToString()], CallTimeout = TimeSpan.FromSeconds(1) });
        OffsetSpec latest = OffsetSpec.Latest with { Consistency = ReadConsistency.Linearizable };
        (await client.Admin.ListOffsetsAsync(_led, latest)).ShouldHaveSingleItem().Offset.ShouldBe(2);
        (await Should.ThrowAsync<StreamHouseException>(client.Admin.ListOffsetsAsync(_lost, latest))).Code.ShouldBe(StreamHouseErrorCode.NotLeader);

        await using Consumer consumer = client.CreateConsumer(new ConsumerOptions { StartConsistency = ReadConsistency.Linearizable });
        consumer.Assign(_led, ConsumerStart.Earliest);
        await foreach (ConsumedRecord record in consumer.WithCancellation(Token))
        {
            record.Offset.ShouldBe(0);
            break;
        }
    }

    private async Task TakeLeaseAsync(string topic)
    {
        await using SqlMetadataStore metadata = await SqlMetadataStore.OpenSqliteAsync(
            new SqliteOptions { Path = Path.Combine(_server.DataFolder, "metadata.db") }, TimeProvider.System, Token);
        Topics.TopicId id = (await metadata.ListTopicsAsync(Token)).Single(t => t.Name == topic).Id;
        Lease lease = (await metadata.ReadLeasesAsync([new Topics.TopicPartition(id, 0)], Token)).Single();
        (await metadata.TakeLeaseAsync(lease.Partition, Guid.NewGuid(), null, lease.Epoch, Token)).ShouldNotBeNull();
    }

    private Task<RpcException> RefusalAsync<TRequest, TResponse>(ClientMethod<TRequest, TResponse> method, TRequest request) =>
        Should.ThrowAsync<RpcException>(async () => await _channel.UnaryAsync(method, request, default, Token));

    private static FetchRequest Fetch(string topic) => new() { Topic = topic, Consistency = Level.Linearizable };

    private static ListOffsetsRequest Latest(string topic) =>
        new() { Topic = topic, Kind = ListOffsetsRequest.Types.Kind.Latest, Consistency = Level.Linearizable };
}
