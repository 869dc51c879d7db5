using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using StreamHouse.Broker.Buffers;
using StreamHouse.Rpc.Consuming;
using StreamHouse.Rpc.Grpc;
using StreamHouse.Rpc.Grpc.Client;
using StreamHouse.Rpc.Producing;
using StreamHouse.Rpc.Services;
using StreamHouse.Rpc.V1;
using StreamHouse.Server.Grpc.Runtime;

namespace StreamHouse.Tests.Rpc;

/// <summary>Streams live long, idle or busy, and large requests stay where they were received.</summary>
public sealed class RpcStreamTests
{
    [Fact]
    public async Task Limits_made_for_web_pages_do_not_end_idle_or_paused_streams()
    {
        byte[] data = new byte[1_000_000];
        RpcRoutes routes = new();
        routes.Duplex(ProducerRpc.ServeProduceStream(PooledPayloadAllocator.Instance), EchoAsync);
        routes.ServerStreaming(ConsumerRpc.ServeSubscribe, async (_, responses, _) =>
        {
            for (int i = 0; i < 30; i++)
            {
                await responses.WriteAsync(new(i, 0, 0, 0, 0, [data]));
            }
        });
        MinDataRate harsh = new(bytesPerSecond: 1e9, gracePeriod: TimeSpan.FromSeconds(1.1));
        await using RpcTestServer server = await RpcTestServer.StartAsync(
            routes, configure: kestrel => (kestrel.Limits.MinRequestBodyDataRate, kestrel.Limits.MinResponseDataRate) = (harsh, harsh));
        await using DuplexCall<OutgoingProduce, ProduceReply> produce =
            server.Channel.Duplex(ProducerRpc.ProduceStream, default, CancellationToken.None);
        await using ServerStreamingCall<IncomingDelivery> subscribe =
            server.Channel.ServerStreaming(ConsumerRpc.Subscribe, new SubscribeRequest(), default, CancellationToken.None);
        await ProduceAsync(produce, 1);
        (await subscribe.MoveNextAsync()).ShouldBeTrue();

        await Task.Delay(TimeSpan.FromSeconds(4));

        await ProduceAsync(produce, 2);
        int delivered = 1;
        while (await subscribe.MoveNextAsync())
        {
            delivered++;
            subscribe.Current.Dispose();
        }
        delivered.ShouldBe(30);
    }

    [Fact]
    public async Task A_stream_may_carry_more_than_a_web_page_may_upload()
    {
        RpcRoutes routes = new();
        routes.Duplex(ProducerRpc.ServeProduceStream(PooledPayloadAllocator.Instance), EchoAsync);
        await using RpcTestServer server = await RpcTestServer.StartAsync(routes, configure: kestrel => kestrel.Limits.MaxRequestBodySize = 1_000_000);
        await using DuplexCall<OutgoingProduce, ProduceReply> call = server.Channel.Duplex(ProducerRpc.ProduceStream, default, CancellationToken.None);
        byte[] batch = new byte[5_000_000];

        for (ulong i = 1; i <= 8; i++)
        {
            await call.WriteAsync(new OutgoingProduce(i, "orders", 0, Acks.All, batch));
            (await call.MoveNextAsync()).ShouldBeTrue();
            call.Current.RecordCount.ShouldBe(batch.Length);
        }
    }

    [Fact]
    public async Task Many_large_requests_in_flight_stay_within_the_window()
    {
        RpcRoutes routes = new();
        routes.Duplex(ProducerRpc.ServeProduceStream(PooledPayloadAllocator.Instance), EchoAsync);
        await using RpcTestServer server = await RpcTestServer.StartAsync(routes);
        await using DuplexCall<OutgoingProduce, ProduceReply> call = server.Channel.Duplex(ProducerRpc.ProduceStream, default, CancellationToken.None);
        const int Requests = 150;
        Task writing = Task.Run(async () =>
        {
            for (ulong i = 1; i <= Requests; i++)
            {
                await call.WriteAsync(new OutgoingProduce(i, "orders", 0, Acks.All, new byte[400_000 + (i * 10_007 % 900_000)]));
            }
            call.CompleteRequests();
        });
        for (ulong i = 1; i <= Requests; i++)
        {
            (await call.MoveNextAsync()).ShouldBeTrue();
            call.Current.Correlation.ShouldBe(i);
        }
        (await call.MoveNextAsync()).ShouldBeFalse();
        await writing;
    }

    [Fact]
    public async Task A_batch_lies_in_the_engines_buffer_and_outlives_the_request_when_retained()
    {
        BufferPool pool = new(1 << 24);
        List<BufferSlice> kept = [];
        RpcRoutes routes = new();
        routes.Duplex(ProducerRpc.ServeProduceStream(new SharedPayloadAllocator(pool)), async (requests, responses, _) =>
        {
            while (await requests.MoveNextAsync())
            {
                using (IncomingProduce request = requests.Current)
                {
                    BufferSlice slice = request.BatchSlice();
                    slice.Owner.Retain();
                    kept.Add(slice);
                }
                await responses.WriteAsync(new(0, 0, 0, 0, 0));
            }
        });
        await using RpcTestServer server = await RpcTestServer.StartAsync(routes);
        await using DuplexCall<OutgoingProduce, ProduceReply> call = server.Channel.Duplex(ProducerRpc.ProduceStream, default, CancellationToken.None);
        byte[][] batches = [.. Enumerable.Range(1, 20).Select(i => RandomNumberGenerator.GetBytes(i * 1500))];

        foreach (byte[] batch in batches)
        {
            await call.WriteAsync(new OutgoingProduce(1, "orders", 2, Acks.All, batch));
            (await call.MoveNextAsync()).ShouldBeTrue();
        }

        kept.Count.ShouldBe(batches.Length);
        for (int i = 0; i < kept.Count; i++)
        {
            kept[i].Span.SequenceEqual(batches[i]).ShouldBeTrue();
            kept[i].Owner.Release();
            Should.Throw<ObjectDisposedException>(kept[i].Owner.Release); // Ours was the last reference.
        }
    }

    [Fact]
    public async Task Calls_work_over_tls()
    {
        using RSA key = RSA.Create(2048);
        CertificateRequest request = new("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using X509Certificate2 certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        RpcRoutes routes = new();
        routes.Duplex(ProducerRpc.ServeProduceStream(PooledPayloadAllocator.Instance), EchoAsync);
        await using RpcTestServer server = await RpcTestServer.StartAsync(routes, configure: kestrel =>
            kestrel.ConfigureEndpointDefaults(listener => listener.UseHttps(certificate)));
        int port = server.Address.Port;
        SslClientAuthenticationOptions trusting = new()
        {
            RemoteCertificateValidationCallback = (_, presented, _, _) => presented?.GetCertHashString() == certificate.GetCertHashString(),
        };
        using RpcChannel channel = new(new Uri($"https://localhost:{port}"), TimeProvider.System, new RpcChannelOptions { Tls = trusting });
        await using DuplexCall<OutgoingProduce, ProduceReply> call = channel.Duplex(ProducerRpc.ProduceStream, default, CancellationToken.None);

        await ProduceAsync(call, 1);

        using RpcChannel distrusting = new(new Uri($"https://localhost:{port}"), TimeProvider.System);
        await using DuplexCall<OutgoingProduce, ProduceReply> refused = distrusting.Duplex(ProducerRpc.ProduceStream, default, CancellationToken.None);
        (await Should.ThrowAsync<RpcException>(refused.MoveNextAsync().AsTask())).Status.ShouldBe(GrpcStatusCode.Unavailable);
    }

    private static async Task ProduceAsync(DuplexCall<OutgoingProduce, ProduceReply> call, ulong correlation)
    {
        await call.WriteAsync(new OutgoingProduce(correlation, "orders", 0, Acks.All, new byte[1000]));
        (await call.MoveNextAsync()).ShouldBeTrue();
        call.Current.Correlation.ShouldBe(correlation);
    }

    private static async Task EchoAsync(RpcRequests<IncomingProduce> requests, RpcResponses<ProduceReply> responses, RpcContext context)
    {
        while (await requests.MoveNextAsync())
        {
            using IncomingProduce request = requests.Current;
            await responses.WriteAsync(new(request.Correlation, 0, request.Batch.Length, -1, DurabilityReached.LocalFsync));
        }
    }
}
