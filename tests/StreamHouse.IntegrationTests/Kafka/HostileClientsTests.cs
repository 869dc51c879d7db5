using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using StreamHouse.IntegrationTests.Audits;
using StreamHouse.IntegrationTests.Support;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;

namespace StreamHouse.IntegrationTests.Kafka;

/// <summary>Every kind of bad input at once against a real process, while honest clients produce and consume. What each kind is answered is BadInputTests' matter.</summary>
[Collection(AuditSuite.Name)]
public sealed class HostileClientsTests(ITestOutputHelper output)
{
    private const string Topic = "load";
    private const int Partitions = 4;
    private const int Attackers = 8;
    private const int AttacksOfEach = 300;
    private const long MemoryBytesMax = 400L << 20;

    private readonly GroupLedger _group = new();
    private readonly AuditLedger _log = new();

    private static readonly Dictionary<string, Func<Random, Socket, Task>> Attacks = new()
    {
        ["random bytes"] = (random, socket) => SendAsync(socket, Bytes(random, random.Next(1, 5000))),
        ["random body"] = (random, socket) => SendAsync(socket, Request(random, (short)random.Next(0, 61), (short)random.Next(-1, 18), Bytes(random, random.Next(0, 500)))),
        ["unknown API"] = (random, socket) => SendAsync(socket, Request(random, (short)random.Next(100, 30_000), 0, [])),
        ["negative size"] = (_, socket) => SendAsync(socket, [0x80, 0, 0, 0, 0, 3, 0, 0]),
        ["more than the limit"] = (_, socket) => SendAsync(socket, [0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 9]),
        ["announced and never sent"] = (_, socket) => SendAsync(socket, [2, 0, 0, 0, 0, 0, 0, 9]),
        ["half of a large request"] = (random, socket) => SendAsync(socket, Produce(random, 1 << 20)[..(1 << 19)]),
        ["huge array"] = (random, socket) => SendAsync(socket, Request(random, 3, 1, [0x7f, 0xff, 0xff, 0xff])),
        ["corrupt batch"] = (random, socket) => CallAsync(socket, Produce(random, random.Next(100, 100_000))),
        ["old magic"] = (random, socket) => CallAsync(socket, Produce(random, 200, magic: (byte)random.Next(0, 2))),
        ["batch over max.message.bytes"] = (random, socket) => CallAsync(socket, Produce(random, 3 << 20)),
        ["a session that is not there"] = (random, socket) => CallAsync(socket, Frame(new FetchRequest { SessionId = random.Next(1, int.MaxValue), SessionEpoch = 5 }, 12)),
        ["a generation that is not there"] = (random, socket) => CallAsync(
            socket, Frame(new HeartbeatRequest { GroupId = "honest", GenerationId = random.Next(), MemberId = "nobody" }, 4)),
        ["half closed"] = async (random, socket) =>
        {
            await SendAsync(socket, Frame(new FetchRequest { MaxWaitMs = 60_000, MinBytes = 1 }, 12));
            socket.Shutdown(SocketShutdown.Send);
            await ReadToEndAsync(socket);
        },
        ["reset"] = async (random, socket) =>
        {
            await SendAsync(socket, Produce(random, 10_000));
            socket.LingerState = new LingerOption(true, 0);
        },
        ["answers nobody reads"] = async (random, socket) =>
        {
            for (int i = 0; i < 20; i++)
            {
                await SendAsync(socket, Frame(new MetadataRequest { Topics = null }, 9));
            }
        },
    };

    [Fact]
    public async Task Honest_clients_go_on_undisturbed_and_memory_stays_bounded()
    {
        await KafkaTools.RequireAsync();
        await using KafkaServer server = await KafkaServer.StartAsync(
            isRecorded: false, "Kafka:TransferTimeout=5s", "Kafka:RequestsBytesMax=33554432", "Kafka:AutoCreateTopics=false");
        await using (DotnetClient dotnet = new(server.Process.Grpc.ToString()))
        {
            await dotnet.CreateTopicAsync(Topic, Partitions);
        }
        await using Flood flood = await Flood.StartAsync(server.Bootstrap, _log, 0, Topic, Partitions, Flood.Never);
        await using GroupMember member = await GroupMember.JoinAsync("honest", ClientProcess.StartConfluent(server.Bootstrap), _group, "honest", Topic, "range");
        await UntilAsync(() => _log.Acknowledged > 0 && !_group.Delivered.IsEmpty, "Producing and consuming have begun.");
        long before = _log.Acknowledged;
        int deliveredBefore = _group.Delivered.Count;

        List<Socket>[] left = await Task.WhenAll(Enumerable.Range(0, Attackers).Select(i => AttackAsync(new Random(4711 + i), IPEndPoint.Parse(server.Process.Kafka))));
        long during = _log.Acknowledged - before;
        int deliveredDuring = _group.Delivered.Count - deliveredBefore;

        during.ShouldBeGreaterThan(0, "the producer went on meanwhile");
        deliveredDuring.ShouldBeGreaterThan(0, "and so did the consumer");
        await flood.StopAsync();
        await UntilAsync(() => _group.Delivered.Select(d => (d.Partition, d.Offset)).Distinct().Count() >= _log.Acknowledged, "All that was acknowledged is consumed.");
        _log.Faults.ShouldBeEmpty();
        member.Owned.Count.ShouldBe(Partitions, "the group was left alone");
        long peak = ServerMemory.PeakBytes(server.Process.Id);
        peak.ShouldBeLessThan(MemoryBytesMax);
        foreach (Socket socket in left.SelectMany(s => s))
        {
            // Those that were left hanging are closed by the server's timeouts, not by us.
            await ReadToEndAsync(socket);
            socket.Dispose();
        }
        server.Process.Log.ShouldNotContain(" fail: ", Case.Sensitive, "bad input is no failure of the server");
        server.Process.Log.ShouldNotContain(" crit: ", Case.Sensitive);
        using HttpClient http = new() { BaseAddress = server.Process.Http };
        string metrics = await http.GetStringAsync("/metrics", TestContext.Current.CancellationToken);
        CounterOf(metrics, "streamhouse_kafka_connections_rejected_total").ShouldBeGreaterThan(AttacksOfEach);
        CounterOf(metrics, """streamhouse_kafka_errors_total{api="produce",code="corrupt_message"}""").ShouldBeGreaterThan(0);
        CounterOf(metrics, """streamhouse_kafka_errors_total{api="produce",code="invalid_record"}""").ShouldBeGreaterThan(0);
        CounterOf(metrics, """streamhouse_kafka_errors_total{api="heartbeat",code="unknown_member_id"}""").ShouldBeGreaterThan(0);
        output.WriteLine($"{Attackers * AttacksOfEach} attacks, {during} records acknowledged and {deliveredDuring} delivered meanwhile, peak memory {peak >> 20} MiB");
    }

    /// <summary>Attacks one after the other, each on a connection of its own.</summary>
    /// <returns>Connections that the server has not closed yet.</returns>
    private static async Task<List<Socket>> AttackAsync(Random random, IPEndPoint server)
    {
        List<Socket> open = [];
        string[] names = [.. Attacks.Keys];
        for (int i = 0; i < AttacksOfEach; i++)
        {
            Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 60_000 };
            await socket.ConnectAsync(server);
            string name = names[i % names.Length];
            try
            {
                await Attacks[name](random, socket);
            }
            catch (Exception e) when (e is SocketException or IOException)
            {
                // The server was faster in closing.
            }
            if (name is "announced and never sent" or "half of a large request")
            {
                open.Add(socket);
            }
            else
            {
                socket.Dispose();
            }
        }
        return open;
    }

    private static async Task SendAsync(Socket socket, byte[] bytes)
    {
        for (int sent = 0; sent < bytes.Length;)
        {
            sent += await socket.SendAsync(bytes.AsMemory(sent));
        }
    }

    /// <summary>Sends a request that deserves an answer, and waits for its beginning.</summary>
    private static async Task CallAsync(Socket socket, byte[] request)
    {
        await SendAsync(socket, request);
        using CancellationTokenSource patience = new(TimeSpan.FromMinutes(1));
        (await socket.ReceiveAsync(new byte[4096], patience.Token)).ShouldBeGreaterThan(0, "a request that can be read is answered");
    }

    private static async Task ReadToEndAsync(Socket socket)
    {
        byte[] buffer = new byte[64 * 1024];
        using CancellationTokenSource patience = new(TimeSpan.FromMinutes(1));
        try
        {
            while (await socket.ReceiveAsync(buffer, patience.Token) > 0)
            {
            }
        }
        catch (SocketException)
        {
            // A reset is an end too.
        }
    }

    private static byte[] Bytes(Random random, int length)
    {
        byte[] bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }

    private static byte[] Request(Random random, short api, short version, byte[] body)
    {
        byte[] frame = [0, 0, 0, 0, 0, 0, 0, 0, .. Bytes(random, 4), 0xff, 0xff, .. body];
        BinaryPrimitives.WriteInt32BigEndian(frame, frame.Length - 4);
        BinaryPrimitives.WriteInt16BigEndian(frame.AsSpan(4), api);
        BinaryPrimitives.WriteInt16BigEndian(frame.AsSpan(6), version);
        return frame;
    }

    private static byte[] Produce(Random random, int bytes, byte magic = 2)
    {
        byte[] batch = Bytes(random, bytes);
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(8), bytes - 12);
        batch[16] = magic;
        return Frame(
            new ProduceRequest
            {
                Acks = -1,
                TimeoutMs = 30_000,
                TopicData = [new() { Name = Topic, PartitionData = [new() { Index = random.Next(Partitions), Records = batch }] }],
            },
            9);
    }

    private static byte[] Frame<TRequest>(TRequest request, short version)
        where TRequest : IKafkaMessage<TRequest>
    {
        using KafkaBuffer buffer = new();
        KafkaFrame.WriteRequest(buffer, version, 1, "hostile", request);
        return buffer.WrittenSpan.ToArray();
    }

    private static long CounterOf(string metrics, string series) => metrics.Split('\n').Where(l => l.StartsWith(series + " ", StringComparison.Ordinal))
        .Select(l => long.Parse(l[(series.Length + 1)..], System.Globalization.CultureInfo.InvariantCulture)).SingleOrDefault();

    private static async Task UntilAsync(Func<bool> condition, string what)
    {
        using CancellationTokenSource limit = new(TimeSpan.FromMinutes(2));
        while (!condition())
        {
            limit.IsCancellationRequested.ShouldBeFalse(what);
            await Task.Delay(100, CancellationToken.None);
        }
    }
}
