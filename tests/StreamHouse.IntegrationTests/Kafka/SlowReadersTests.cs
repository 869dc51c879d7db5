using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using StreamHouse.IntegrationTests.Audits;
using StreamHouse.IntegrationTests.Support;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;
using StreamHouse.Records;
using StreamHouse.Tests.KafkaListening;

namespace StreamHouse.IntegrationTests.Kafka;

/// <summary>Many clients ask a real process for much and take nothing, again and again.</summary>
[Collection(AuditSuite.Name)]
public sealed class SlowReadersTests(ITestOutputHelper output)
{
    private const string Topic = "t";
    private const int Batches = 160;
    private const int ValueBytes = 900_000;
    private const int SlowReaders = 64;
    private const int ClosedMin = 4;
    private const int AskedBytes = 50 << 20;
    private const long MemoryBytesMax = 400L << 20;
    private static readonly TimeSpan RoundMax = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan TransferTimeout = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task Memory_stays_bounded_and_others_are_served()
    {
        await using ServerProcess server = await ServerProcess.StartAsync(args:
        [
            "--set", "Kafka:FetchesBytesMax=33554432", "--set", $"Kafka:TransferTimeout={TransferTimeout.TotalSeconds}s", "--set", "Tail:RetainedBytesMax=0",
        ]);
        IPEndPoint address = IPEndPoint.Parse(server.Kafka);
        await using (DotnetClient dotnet = new(server.Grpc.ToString()))
        {
            await dotnet.CreateTopicAsync(Topic, 1);
        }
        using RawClient honest = await RawClient.ConnectAsync(address);
        for (int i = 0; i < Batches; i++)
        {
            await ProduceAsync(honest, i);
        }
        using CancellationTokenSource stop = new();
        using HttpClient http = new() { BaseAddress = server.Http };
        Task[] slow = [.. Enumerable.Range(0, SlowReaders).Select(i => ReadSlowlyAsync(address, i, stop.Token))];

        // Everything, from beginning to end, again and again, and new records beside it.
        int rounds = 0;
        int produced = Batches;
        for (; rounds == 0 || await ClosedAsync(http) < ClosedMin; rounds++)
        {
            List<int> read = [];
            using CancellationTokenSource limit = new(RoundMax);
            while (read.Count < produced)
            {
                limit.IsCancellationRequested.ShouldBeFalse($"only {read.Count} of {produced} batches were read within {RoundMax}");
                await ReadAsync(honest, read).WaitAsync(RoundMax);
            }
            read.ShouldBe(Enumerable.Range(0, produced));
            await ProduceAsync(honest, produced++);
        }

        long peak = ServerMemory.PeakBytes(server.Id);
        await stop.CancelAsync();
        await Task.WhenAll(slow);
        peak.ShouldBeLessThan(MemoryBytesMax);
        output.WriteLine($"{produced} batches read {rounds} times beside {SlowReaders} slow readers; peak memory {peak >> 20} MiB");
    }

    private static async Task ProduceAsync(RawClient client, int number)
    {
        using RecordBatchBuilder builder = new();
        builder.Add(TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds(), default, Encoding.UTF8.GetBytes(number.ToString(CultureInfo.InvariantCulture).PadRight(ValueBytes)));
        ProduceResponse.Partition answer = await client.ProduceAsync(Topic, builder.Build(new RecordBatchOptions()).ToArray());
        answer.ErrorCode.ShouldBe(KafkaErrorCode.None);
    }

    private static async Task ReadAsync(RawClient client, List<int> read)
    {
        FetchResponse response = await client.FetchAsync(RawClient.FetchOf(Topic, read.Count, waitMs: 5000));
        FetchResponse.Partition partition = response.Responses.Single().Partitions.Single();
        partition.ErrorCode.ShouldBe(KafkaErrorCode.None);
        ReadOnlyMemory<byte> bytes = partition.Records ?? default;
        using RecordBatchReader reader = new();
        while (bytes.Length > 0)
        {
            int size = (int)new RecordBatchView(bytes.Span).SizeBytes;
            foreach (StreamHouse.Records.Record record in reader.Open(bytes.Span[..size]))
            {
                record.Offset.ShouldBe(read.Count);
                read.Add(int.Parse(Encoding.UTF8.GetString(record.Value.Span), NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture));
            }
            bytes = bytes[size..];
        }
    }

    // Asks from another place each time, so that what the answers hold is not the same.
    private static async Task ReadSlowlyAsync(IPEndPoint address, int number, CancellationToken ct)
    {
        try
        {
            for (int round = 0; !ct.IsCancellationRequested; round++)
            {
                using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
                await socket.ConnectAsync(address, ct);
                int offset = ((number * 37) + (round * 53)) % (Batches - 60);
                FetchRequest request = RawClient.FetchOf(Topic, offset, waitMs: 60_000, maxBytes: AskedBytes, partitionMaxBytes: AskedBytes);
                await socket.SendAsync(RawClient.Frame(request, 12, round), ct);

                // Longer than the server is patient.
                await Task.Delay(2 * TransferTimeout, ct);
            }
        }
        catch (OperationCanceledException)
        {
            // The test has seen enough.
        }
    }

    private static async Task<long> ClosedAsync(HttpClient http)
    {
        const string Series = "streamhouse_kafka_connections_rejected_total ";
        string metrics = await http.GetStringAsync("/metrics");
        return long.Parse(metrics.Split('\n').Single(l => l.StartsWith(Series, StringComparison.Ordinal))[Series.Length..], CultureInfo.InvariantCulture);
    }
}
