using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;
using Google.Protobuf;
using StreamHouse.Rpc.Grpc;
using StreamHouse.Rpc.Grpc.Client;
using StreamHouse.Rpc.Producing;
using StreamHouse.Rpc.Services;
using StreamHouse.Rpc.V1;
using StreamHouse.Server.Grpc.Runtime;

namespace StreamHouse.Tests.Rpc;

/// <summary>What a server does with frames, headers and peers that are not as they should be.</summary>
public sealed class RpcFailureTests
{
    private static readonly byte[] Valid = Frame(new CreateTopicRequest { Name = "orders" }.ToByteArray());

    [Fact]
    public async Task A_frame_that_announces_more_than_it_holds_is_an_invalid_argument()
    {
        byte[] body = [.. Valid[..^2]];
        (GrpcStatusCode status, string message) = await PostAsync(body);
        status.ShouldBe(GrpcStatusCode.InvalidArgument);
        message.ShouldContain($"{Valid.Length - 5} bytes were announced, {Valid.Length - 7} came");
    }

    [Fact]
    public async Task A_body_that_ends_inside_the_prefix_is_an_invalid_argument() =>
        (await PostAsync([0, 0, 0])).Status.ShouldBe(GrpcStatusCode.InvalidArgument);

    [Fact]
    public async Task A_frame_that_announces_less_than_it_holds_is_refused()
    {
        byte[] body = [.. Valid];
        BinaryPrimitives.WriteInt32BigEndian(body.AsSpan(1), Valid.Length - 5 - 3);
        (await PostAsync(body)).Status.ShouldBeOneOf(GrpcStatusCode.InvalidArgument, GrpcStatusCode.Internal);
    }

    [Fact]
    public async Task A_message_above_the_limit_exhausts_resources_without_being_read()
    {
        byte[] body = [.. Valid];
        BinaryPrimitives.WriteUInt32BigEndian(body.AsSpan(1), 0xFFFF_FFFF);
        (GrpcStatusCode status, string message) = await PostAsync(body);
        status.ShouldBe(GrpcStatusCode.ResourceExhausted);
        message.ShouldContain("4294967295");
    }

    [Fact]
    public async Task A_compressed_message_without_announcement_is_a_protocol_error() =>
        (await PostAsync([1, .. Valid[1..]])).Status.ShouldBe(GrpcStatusCode.Internal);

    [Fact]
    public async Task A_compression_that_is_not_known_is_unimplemented_and_the_known_ones_are_told()
    {
        (GrpcStatusCode status, _) = await PostAsync(
            [1, .. Valid[1..]], request => request.Headers.Add("grpc-encoding", "gzip"), response =>
                response.Headers.GetValues("grpc-accept-encoding").ShouldBe(["identity"]));
        status.ShouldBe(GrpcStatusCode.Unimplemented);
    }

    [Fact]
    public async Task A_flag_byte_that_does_not_exist_is_a_protocol_error() =>
        (await PostAsync([7, .. Valid[1..]])).Status.ShouldBe(GrpcStatusCode.Internal);

    [Fact]
    public async Task Bytes_that_are_no_message_are_an_invalid_argument() =>
        (await PostAsync(Frame([0x0A, 0x7F, 0x41]))).Status.ShouldBe(GrpcStatusCode.InvalidArgument);

    [Fact]
    public async Task A_unary_call_without_a_request_is_refused() => (await PostAsync([])).Status.ShouldBe(GrpcStatusCode.Internal);

    [Fact]
    public async Task A_unary_call_with_two_requests_is_refused() => (await PostAsync([.. Valid, .. Valid])).Status.ShouldBe(GrpcStatusCode.Internal);

    [Fact]
    public async Task A_timeout_that_is_none_is_an_invalid_argument() =>
        (await PostAsync(Valid, request => request.Headers.Add("grpc-timeout", "soon"))).Status.ShouldBe(GrpcStatusCode.InvalidArgument);

    [Fact]
    public async Task A_good_frame_passes_the_same_way() => (await PostAsync(Valid)).Status.ShouldBe(GrpcStatusCode.OK);

    [Theory]
    [InlineData("application/grpc-web")]
    [InlineData("application/grpc+json")]
    public async Task Other_dialects_are_an_unsupported_media_type(string type)
    {
        await using RpcTestServer server = await RpcTestServer.StartAsync(new RpcRoutes());
        using HttpClient http = new();
        using HttpRequestMessage request = Request(server, Valid);
        request.Content!.Headers.ContentType = new MediaTypeHeaderValue(type);
        (await http.SendAsync(request)).StatusCode.ShouldBe(HttpStatusCode.UnsupportedMediaType);
    }

    [Fact]
    public async Task A_method_that_is_not_there_answers_with_headers_only()
    {
        await using RpcTestServer server = await RpcTestServer.StartAsync(new RpcRoutes());
        using HttpClient http = new();
        using HttpRequestMessage request = Request(server, Valid);
        using HttpResponseMessage response = await http.SendAsync(request);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        response.Headers.GetValues("grpc-status").ShouldBe(["12"]);
        response.TrailingHeaders.ShouldBeEmpty();
    }

    [Fact]
    public async Task The_mapper_turns_exceptions_into_statuses_and_what_it_does_not_know_is_internal()
    {
        RpcRoutes routes = new();
        routes.Unary(AdminRpc.CreateTopic.Server, ValueTask<CreateTopicResponse> (request, _) =>
            throw (request.Name == "known" ? new TimeZoneNotFoundException("the zone") : new InvalidTimeZoneException("a secret")));
        await using RpcTestServer server = await RpcTestServer.StartAsync(
            routes, e => e is TimeZoneNotFoundException ? new RpcException(GrpcStatusCode.FailedPrecondition, e.Message) : null);

        RpcException known = await Should.ThrowAsync<RpcException>(
            server.Channel.UnaryAsync(AdminRpc.CreateTopic.Client, new CreateTopicRequest { Name = "known" }, default, CancellationToken.None));
        RpcException unknown = await Should.ThrowAsync<RpcException>(
            server.Channel.UnaryAsync(AdminRpc.CreateTopic.Client, new CreateTopicRequest(), default, CancellationToken.None));

        (known.Status, known.Message).ShouldBe((GrpcStatusCode.FailedPrecondition, "the zone"));
        unknown.Status.ShouldBe(GrpcStatusCode.Internal);
        unknown.Message.ShouldNotContain("secret");
    }

    [Fact]
    public async Task A_request_above_the_limit_ends_a_stream_after_the_answers_before_it()
    {
        RpcRoutes routes = new();
        routes.Duplex(ProducerRpc.ServeProduceStream(PooledPayloadAllocator.Instance), EchoAsync);
        await using RpcTestServer server = await RpcTestServer.StartAsync(routes, options: new RpcServerOptions { RequestMessageBytesMax = 100_000 });
        await using DuplexCall<OutgoingProduce, ProduceReply> call = server.Channel.Duplex(ProducerRpc.ProduceStream, default, CancellationToken.None);

        await call.WriteAsync(new OutgoingProduce(1, "orders", 0, Acks.All, new byte[50_000]));
        (await call.MoveNextAsync()).ShouldBeTrue();
        call.Current.RecordCount.ShouldBe(50_000);
        Task writing = Task.Run(async () =>
        {
            await call.WriteAsync(new OutgoingProduce(2, "orders", 0, Acks.All, new byte[150_000]));
            for (int i = 0; i < 200; i++)
            {
                await call.WriteAsync(new OutgoingProduce(3, "orders", 0, Acks.All, new byte[50_000]));
            }
        });

        RpcException failure = await Should.ThrowAsync<RpcException>(call.MoveNextAsync().AsTask());
        failure.Status.ShouldBe(GrpcStatusCode.ResourceExhausted);
        failure.Message.ShouldContain("100000");
        (await Should.ThrowAsync<RpcException>(writing)).Status.ShouldBe(GrpcStatusCode.Unavailable);
        (await Should.ThrowAsync<RpcException>(call.MoveNextAsync().AsTask())).ShouldBe(failure);
    }

    [Fact]
    public async Task A_length_that_is_only_announced_takes_no_memory()
    {
        RefusingAllocator allocator = new();
        RpcRoutes routes = new();
        routes.Unary(ProducerRpc.ServeProduce(allocator), (_, _) => ValueTask.FromResult(new ProduceResponse()));
        await using RpcTestServer server = await RpcTestServer.StartAsync(routes);
        byte[] body = new byte[5 + 100_000];
        GrpcFrame.WriteHeader(body, 30_000_000);
        using HttpClient http = new();
        using HttpRequestMessage request = Request(server, body, ProducerRpc.Produce.Path);

        using HttpResponseMessage response = await http.SendAsync(request);

        response.Headers.GetValues("grpc-status").ShouldBe(["3"]);
        response.Headers.GetValues("grpc-message").Single().ShouldContain("30000000 bytes were announced, 100000 came");
        allocator.Rented.ShouldBe(0);
    }

    [Fact]
    public async Task A_message_that_does_not_decode_leaves_the_stream_usable()
    {
        RpcRoutes routes = new();
        routes.Duplex(ProducerRpc.ServeProduceStream(PooledPayloadAllocator.Instance), async (requests, responses, _) =>
        {
            while (true)
            {
                try
                {
                    if (!await requests.MoveNextAsync())
                    {
                        return;
                    }
                    requests.Current.Dispose();
                    await responses.WriteAsync(new(requests.Current.Correlation, 5, 1, -1, 0));
                }
                catch (MalformedMessageException e)
                {
                    await responses.WriteAsync(new(0, 0, 0, 0, 0, new ErrorDetail { Code = ErrorCode.InvalidRequest, Message = e.Message }));
                }
            }
        });
        await using RpcTestServer server = await RpcTestServer.StartAsync(routes);
        byte[] good = Frame(new ProduceStreamRequest { Correlation = 9, Request = new ProduceRequest { Topic = "t" } }.ToByteArray());
        byte[] response = await RawAsync(server, "/streamhouse.v1.ProducerService/ProduceStream", [.. Frame([0x12, 0x05, 0x01]), .. good]);

        int first = BinaryPrimitives.ReadInt32BigEndian(response.AsSpan(1));
        ProduceStreamResponse.Parser.ParseFrom(response.AsSpan(5, first)).Error.Code.ShouldBe(ErrorCode.InvalidRequest);
        ProduceStreamResponse.Parser.ParseFrom(response.AsSpan(5 + first + 5)).Correlation.ShouldBe(9UL);
    }

    private static async Task EchoAsync(RpcRequests<IncomingProduce> requests, RpcResponses<ProduceReply> responses, RpcContext context)
    {
        while (await requests.MoveNextAsync())
        {
            using IncomingProduce request = requests.Current;
            await responses.WriteAsync(new(request.Correlation, 0, request.Batch.Length, -1, DurabilityReached.LocalFsync));
        }
    }

    private static async Task<(GrpcStatusCode Status, string Message)> PostAsync(
        byte[] body, Action<HttpRequestMessage>? prepare = null, Action<HttpResponseMessage>? check = null)
    {
        RpcRoutes routes = new();
        routes.Unary(AdminRpc.CreateTopic.Server, (_, _) => ValueTask.FromResult(new CreateTopicResponse()));
        await using RpcTestServer server = await RpcTestServer.StartAsync(routes);
        using HttpClient http = new();
        using HttpRequestMessage request = Request(server, body);
        prepare?.Invoke(request);
        using HttpResponseMessage response = await http.SendAsync(request);
        check?.Invoke(response);
        HttpResponseHeaders headers = response.TrailingHeaders.Contains("grpc-status") ? response.TrailingHeaders : response.Headers;
        string message = headers.TryGetValues("grpc-message", out IEnumerable<string>? values) ? string.Concat(values) : "";
        return ((GrpcStatusCode)int.Parse(headers.GetValues("grpc-status").Single()), message);
    }

    private static async Task<byte[]> RawAsync(RpcTestServer server, string path, byte[] body)
    {
        using HttpClient http = new();
        using HttpRequestMessage request = Request(server, body, path);
        using HttpResponseMessage response = await http.SendAsync(request);
        byte[] bytes = await response.Content.ReadAsByteArrayAsync();
        response.TrailingHeaders.GetValues("grpc-status").ShouldBe(["0"]);
        return bytes;
    }

    private sealed class RefusingAllocator : IPayloadAllocator
    {
        public int Rented { get; private set; }

        public IMemoryOwner<byte> Rent(int lengthBytes)
        {
            Rented++;
            throw new InvalidOperationException("No memory was to be asked for.");
        }
    }

    private static HttpRequestMessage Request(RpcTestServer server, byte[] body, string path = "/streamhouse.v1.AdminService/CreateTopic")
    {
        HttpRequestMessage request = new(HttpMethod.Post, new Uri(server.Address, path))
        {
            Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = new ByteArrayContent(body),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        request.Headers.Add("TE", "trailers");
        return request;
    }

    private static byte[] Frame(byte[] message)
    {
        byte[] frame = new byte[5 + message.Length];
        GrpcFrame.WriteHeader(frame, message.Length);
        message.CopyTo(frame, 5);
        return frame;
    }
}
