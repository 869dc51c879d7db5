using System.Diagnostics;
using System.Runtime.InteropServices;
using StreamHouse.IntegrationTests.Support;
using StreamHouse.Rpc.Errors;
using StreamHouse.Rpc.Grpc;
using StreamHouse.Rpc.Grpc.Client;
using StreamHouse.Rpc.Producing;
using StreamHouse.Rpc.Services;
using StreamHouse.Rpc.V1;
using StreamHouse.Server.Hosting;

namespace StreamHouse.IntegrationTests.Server;

/// <summary>How the real process ends: asked to, asked twice, or because its node log cannot be written.</summary>
public sealed class ShutdownTests
{
    private const int Terminate = 15;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Produces_in_flight_at_a_stop_are_answered_and_what_was_acknowledged_is_kept()
    {
        string folder = Directory.CreateTempSubdirectory("streamhouse-test-").FullName;
        try
        {
            List<string> acknowledged = [];
            List<ErrorCode> refusals = [];
            string topic;
            await using (ServerProcess server = await ServerProcess.StartAsync(folder))
            {
                using RpcChannel channel = new(server.Grpc, TimeProvider.System);
                topic = await channel.CreateTopicAsync(partitions: 4);
                Task[] producers = [.. Enumerable.Range(0, 8).Select(i => ProduceUntilRefusedAsync(channel, topic, i, acknowledged, refusals))];
                await UntilAsync(() => Count(acknowledged) > 200);

                long began = Stopwatch.GetTimestamp();
                (await server.StopAsync()).ShouldBe(ExitCode.Success, server.Log);

                Stopwatch.GetElapsedTime(began).ShouldBeLessThan(TimeSpan.FromSeconds(10));
                await Task.WhenAll(producers).WaitAsync(TimeSpan.FromSeconds(10), Token);
            }
            refusals.ShouldAllBe(code => code == ErrorCode.ShuttingDown || code == ErrorCode.None);

            await using ServerProcess next = await ServerProcess.StartAsync(folder);
            using RpcChannel again = new(next.Grpc, TimeProvider.System);
            HashSet<string> kept = [];
            for (int partition = 0; partition < 4; partition++)
            {
                long offset = 0;
                while (await again.FetchAsync(topic, partition, offset) is { Count: > 0 } records)
                {
                    kept.UnionWith(records.Select(r => r.Value));
                    offset = records[^1].Offset + 1;
                }
            }
            acknowledged.ShouldAllBe(value => kept.Contains(value));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Stream_of_produces_is_answered_in_order_up_to_the_stop()
    {
        await using ServerProcess server = await ServerProcess.StartAsync();
        using RpcChannel channel = new(server.Grpc, TimeProvider.System);
        string topic = await channel.CreateTopicAsync();
        ulong answered = 0;
        await using var stream = channel.Duplex(ProducerRpc.ProduceStream, default, Token);
        Task writer = Task.Run(async () =>
        {
            try
            {
                for (ulong i = 1; ; i++)
                {
                    await stream.WriteAsync(new OutgoingProduce(i, topic, 0, Acks.All, GrpcCalls.BatchOf($"{i}")));
                }
            }
            catch (Exception e) when (e is RpcException or IOException or OperationCanceledException or InvalidOperationException)
            {
                // The stop ends the stream.
            }
        });

        RpcException? end = null;
        try
        {
            while (await stream.MoveNextAsync())
            {
                stream.Current.Correlation.ShouldBe(++answered);
                if (answered == 100)
                {
                    server.Signal(Terminate);
                }
            }
        }
        catch (RpcException e)
        {
            end = e;
        }

        (await server.WaitForExitAsync()).ShouldBe(ExitCode.Success, server.Log);
        await writer.WaitAsync(TimeSpan.FromSeconds(10), Token);
        answered.ShouldBeGreaterThanOrEqualTo(100UL);
        (end is null || end.Status is GrpcStatusCode.Unavailable).ShouldBeTrue($"{end?.Status} {end?.Message}");
    }

    [Fact]
    public async Task Second_signal_ends_the_process_at_once()
    {
        await using ServerProcess server = await ServerProcess.StartAsync(args: ["--set", "ShutdownTimeout=00:01:00"]);
        using System.Net.Sockets.TcpClient client = new();
        await client.ConnectAsync(server.Http.Host, server.Http.Port, Token);
        // A request whose body never comes keeps the drain waiting.
        await client.GetStream().WriteAsync("POST /v1/topics HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{"u8.ToArray(), Token);
        await Task.Delay(200, Token);
        server.Signal(Terminate);
        await UntilAsync(() => server.Log.Contains("SIGTERM", StringComparison.Ordinal));
        await Task.Delay(300, Token);
        long began = Stopwatch.GetTimestamp();

        server.Signal(Terminate);

        (await server.WaitForExitAsync()).ShouldBe(ExitCode.Interrupted, server.Log);
        Stopwatch.GetElapsedTime(began).ShouldBeLessThan(TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task Node_log_that_cannot_be_written_ends_the_process_and_loses_nothing_acknowledged()
    {
        string folder = Directory.CreateTempSubdirectory("streamhouse-test-").FullName;
        try
        {
            string topic;
            List<string> acknowledged = [];
            // The signal that goes with EFBIG would end the process before it sees the error.
            await using (ServerProcess server = await ServerProcess.StartAsync(folder, shell: "trap '' XFSZ"))
            {
                using RpcChannel channel = new(server.Grpc, TimeProvider.System);
                topic = await channel.CreateTopicAsync();
                for (int i = 0; i < 20; i++)
                {
                    await channel.ProduceAsync(topic, 0, $"{i}");
                    acknowledged.Add($"{i}");
                }

                // From now on the kernel refuses every write of the process to a file (EFBIG): not a lack of space that could pass.
                LimitFileSize(server.Id, 1);
                RpcException failed = await Should.ThrowAsync<RpcException>(() => channel.ProduceAsync(topic, 0, "never durable"));

                (await server.WaitForExitAsync()).ShouldBe(ExitCode.StorageFailed, server.Log);
                failed.Status.ShouldNotBe(GrpcStatusCode.OK);
            }
            await using ServerProcess next = await ServerProcess.StartAsync(folder);
            using RpcChannel again = new(next.Grpc, TimeProvider.System);
            (await again.FetchAsync(topic, 0, 0)).Select(r => r.Value).Take(20).ShouldBe(acknowledged);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task ProduceUntilRefusedAsync(RpcChannel channel, string topic, int producer, List<string> acknowledged, List<ErrorCode> refusals)
    {
        try
        {
            for (int i = 0; ; i++)
            {
                string value = $"{producer}:{i}";
                await channel.ProduceAsync(topic, producer % 4, value);
                lock (acknowledged)
                {
                    acknowledged.Add(value);
                }
            }
        }
        catch (RpcException e)
        {
            e.Status.ShouldBe(GrpcStatusCode.Unavailable, e.Message);
            lock (refusals)
            {
                refusals.Add(e.Detail()?.Code ?? ErrorCode.None);
            }
        }
    }

    private static int Count(List<string> values)
    {
        lock (values)
        {
            return values.Count;
        }
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using CancellationTokenSource limit = new(TimeSpan.FromSeconds(20));
        while (!condition())
        {
            await Task.Delay(5, limit.Token);
        }
    }

    private static void LimitFileSize(int pid, ulong bytes)
    {
        const int FileSize = 1;
        ulong[] limits = [bytes, bytes];
        PrLimit(pid, FileSize, limits, 0).ShouldBe(0, Marshal.GetLastPInvokeErrorMessage());
    }

    [DllImport("libc", EntryPoint = "prlimit", SetLastError = true)]
    private static extern int PrLimit(int pid, int resource, ulong[] limits, nint old);
}
