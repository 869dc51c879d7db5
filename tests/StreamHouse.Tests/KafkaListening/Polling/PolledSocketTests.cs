using System.Net;
using System.Net.Sockets;
using StreamHouse.Server.Kafka.Polling;

namespace StreamHouse.Tests.KafkaListening.Polling;

/// <summary>Real connections on an event loop that hears of changes only: nothing that happens to them may be missed, or be taken for another's.</summary>
public sealed class PolledSocketTests : IAsyncDisposable
{
    private readonly EventLoop _loop = new();
    private readonly Socket _listening = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public PolledSocketTests()
    {
        _listening.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listening.Listen();
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await EventLoop.LeaveAsync();
        _listening.Dispose();
        _loop.Dispose();
    }

    [Fact]
    public async Task What_arrives_is_received_on_the_loop()
    {
        (Socket client, PolledSocket server) = await ConnectAsync();
        using Socket _ = client;
        using PolledSocket __ = server;
        Task<(string, bool)> received = ReceiveOnceAsync(server);

        client.Send("hello"u8);

        (await Soon(received)).ShouldBe(("hello", true));
    }

    [Fact]
    public async Task What_had_arrived_before_the_first_wait_is_received_on_the_loop_too()
    {
        (Socket client, PolledSocket server) = await ConnectAsync();
        using Socket _ = client;
        using PolledSocket __ = server;
        client.Send("early"u8);
        await Task.Delay(20, Token);

        await _loop.EnterAsync();
        Task<(string, bool)> received = ReceiveOnceAsync(server);
        await EventLoop.LeaveAsync();

        (await Soon(received)).ShouldBe(("early", true));
    }

    [Fact]
    public async Task Bytes_and_the_end_that_come_at_once_are_both_seen()
    {
        for (int i = 0; i < 100; i++)
        {
            (Socket client, PolledSocket server) = await ConnectAsync();
            using Socket _ = client;
            using PolledSocket __ = server;
            client.Send("last"u8);
            client.Shutdown(SocketShutdown.Send);

            (await Soon(ReceiveAllAsync(server))).ShouldBe("last"u8.ToArray());
        }
    }

    [Fact]
    public async Task Long_transfers_in_both_directions_at_once_arrive_whole()
    {
        (Socket client, PolledSocket server) = await ConnectAsync();
        using Socket _ = client;
        using PolledSocket __ = server;
        byte[] there = new byte[20_000_000];
        byte[] back = new byte[20_000_000];
        new Random(1).NextBytes(there);
        new Random(2).NextBytes(back);

        Task<byte[]> receiving = ReceiveAllAsync(server);
        Task sending = SendAllAsync(server, back);
        Task sent = Task.Run(async () =>
        {
            for (int at = 0; at < there.Length;)
            {
                at += await client.SendAsync(there.AsMemory(at, Math.Min(777_777, there.Length - at)), Token);
            }
            client.Shutdown(SocketShutdown.Send);
        }, Token);
        byte[] got = new byte[back.Length];
        for (int at = 0; at < got.Length;)
        {
            int bytes = await client.ReceiveAsync(got.AsMemory(at, Math.Min(100_000, got.Length - at)), Token);
            bytes.ShouldBeGreaterThan(0);
            at += bytes;
        }

        await Soon(sending);
        await Soon(sent);
        got.AsSpan().SequenceEqual(back).ShouldBeTrue();
        (await Soon(receiving)).AsSpan().SequenceEqual(there).ShouldBeTrue();
    }

    [Fact]
    public async Task Sender_waits_for_a_client_that_has_ended_its_side_and_reads_later()
    {
        (Socket client, PolledSocket server) = await ConnectAsync();
        using Socket _ = client;
        using PolledSocket __ = server;
        await Soon(ReceiveAllAsync(server, ends: () => client.Shutdown(SocketShutdown.Send)));
        int filled = await FillAsync(server);

        Task<int> room = server.WaitWritableOnPoolAsync().AsTask();
        await Task.Delay(100, Token);
        room.IsCompleted.ShouldBeFalse();

        byte[] buffer = new byte[1 << 20];
        for (int read = 0; read < filled;)
        {
            read += await client.ReceiveAsync(buffer, Token);
        }
        await Soon(room);
    }

    [Fact]
    public async Task Reset_by_the_client_ends_a_wait_and_fails_what_comes_after()
    {
        (Socket client, PolledSocket server) = await ConnectAsync();
        using PolledSocket _ = server;
        Task<(string, bool)> received = ReceiveOnceAsync(server);

        client.LingerState = new LingerOption(true, 0);
        client.Dispose();

        await Should.ThrowAsync<IOException>(() => Soon(received));
        Should.Throw<IOException>(() => Send(server, "x"u8.ToArray()));
    }

    [Fact]
    public async Task Closing_ends_waits_in_both_directions()
    {
        (Socket client, PolledSocket server) = await ConnectAsync();
        using Socket _ = client;
        Task<(string, bool)> received = ReceiveOnceAsync(server);
        await FillAsync(server);
        Task<int> room = server.WaitWritableOnPoolAsync().AsTask();

        server.Dispose();
        server.Dispose();

        await Soon(room);
        await Should.ThrowAsync<ObjectDisposedException>(() => Soon(received));
        Should.Throw<ObjectDisposedException>(() => Send(server, "x"u8.ToArray()));
    }

    [Fact]
    public async Task Sockets_that_take_the_numbers_of_closed_ones_get_their_own_bytes()
    {
        for (int round = 0; round < 50; round++)
        {
            List<(Socket Client, PolledSocket Server)> pairs = [];
            for (int i = 0; i < 20; i++)
            {
                pairs.Add(await ConnectAsync());
            }
            Task<(string Text, bool)>[] received = [.. pairs.Select(p => ReceiveOnceAsync(p.Server))];
            for (int i = 0; i < pairs.Count; i++)
            {
                pairs[i].Client.Send(System.Text.Encoding.UTF8.GetBytes($"{round}:{i}"));
            }
            for (int i = 0; i < pairs.Count; i++)
            {
                (await Soon(received[i])).Text.ShouldBe($"{round}:{i}");
            }
            foreach ((Socket client, PolledSocket server) in pairs)
            {
                // From either side: there are changes of closed sockets on their way.
                if (round % 2 == 0)
                {
                    client.Dispose();
                }
                server.Dispose();
                client.Dispose();
            }
        }
    }

    private static async Task<(string Text, bool OnLoop)> ReceiveOnceAsync(PolledSocket socket)
    {
        byte[] buffer = new byte[100];
        while (true)
        {
            await socket.WaitReadableAsync();
            bool onLoop = EventLoop.IsCurrent;
            int received = socket.TryReceive(buffer);
            if (received >= 0)
            {
                return (System.Text.Encoding.UTF8.GetString(buffer, 0, received), onLoop);
            }
        }
    }

    private static async Task<byte[]> ReceiveAllAsync(PolledSocket socket, Action? ends = null)
    {
        using MemoryStream all = new();
        byte[] buffer = new byte[65_536];
        while (true)
        {
            ValueTask<int> wait = socket.WaitReadableAsync();
            ends?.Invoke();
            ends = null;
            await wait;
            int received;
            while ((received = socket.TryReceive(buffer)) > 0)
            {
                all.Write(buffer, 0, received);
            }
            if (received == 0)
            {
                return all.ToArray();
            }
        }
    }

    private static async Task SendAllAsync(PolledSocket socket, byte[] bytes)
    {
        for (int at = 0; at < bytes.Length;)
        {
            int sent = Send(socket, bytes, at);
            if (sent < 0)
            {
                await socket.WaitWritableOnPoolAsync();
                continue;
            }
            at += sent;
        }
    }

    private static async Task<int> FillAsync(PolledSocket socket)
    {
        byte[] bytes = new byte[1 << 16];
        int filled = 0;
        // What the kernel still moves on to the client makes room once more.
        for (int refusals = 0; refusals < 5;)
        {
            int sent = Send(socket, bytes);
            if (sent < 0)
            {
                refusals++;
                await Task.Delay(10, Token);
            }
            else
            {
                filled += sent;
            }
        }
        return filled;
    }

    private static unsafe int Send(PolledSocket socket, byte[] bytes, int at = 0)
    {
        fixed (byte* start = bytes)
        {
            return socket.TrySend([new() { Start = start + at, Bytes = (nuint)(bytes.Length - at) }]);
        }
    }

    private static async Task Soon(Task task)
    {
        await task.WaitAsync(TimeSpan.FromSeconds(20), Token);
        // The rest of a test must not hold up the loop.
        await EventLoop.LeaveAsync();
    }

    private static async Task<T> Soon<T>(Task<T> task)
    {
        T result = await task.WaitAsync(TimeSpan.FromSeconds(20), Token);
        await EventLoop.LeaveAsync();
        return result;
    }

    private async Task<(Socket Client, PolledSocket Server)> ConnectAsync()
    {
        Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(_listening.LocalEndPoint!, Token);
        Socket accepted = await _listening.AcceptAsync(Token);
        await _loop.EnterAsync();
        PolledSocket server = new(accepted, _loop);
        await EventLoop.LeaveAsync();
        return (client, server);
    }
}
