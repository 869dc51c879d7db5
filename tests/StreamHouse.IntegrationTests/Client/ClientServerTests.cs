using System.Text;
using StreamHouse.Client;
using StreamHouse.Client.Administration;
using StreamHouse.Client.Consumers;
using StreamHouse.Client.Producers;
using StreamHouse.IntegrationTests.Support;
using StreamHouse.Records;

namespace StreamHouse.IntegrationTests.Client;

/// <summary>The .NET client and a real server process.</summary>
public sealed class ClientServerTests
{
    [Fact]
    public async Task Records_come_back_as_they_were_sent()
    {
        await using ServerProcess server = await ServerProcess.StartAsync();
        await using StreamHouseClient client = new(server.Grpc.ToString());
        await client.Admin.CreateTopicAsync(new NewTopic("orders") { Partitions = 3 });
        DateTimeOffset time = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_123);
        await using Producer producer = client.CreateProducer(new ProducerOptions { Compression = CompressionCodec.Gzip });
        RecordMetadata whole = await producer.SendAsync(
            "orders", "k"u8, "v"u8, [new RecordHeader("trace", "1"u8.ToArray()), new RecordHeader("none", null)], time, partition: 2);
        RecordMetadata nulls = await producer.SendAsync("orders", default, default, partition: 2);

        whole.ShouldBe(new RecordMetadata(2, 0, time.ToUnixTimeMilliseconds(), RecordDurability.Local));
        nulls.Offset.ShouldBe(1);
        await using Consumer consumer = client.CreateConsumer();
        consumer.Assign("orders", ConsumerStart.Earliest);
        List<ConsumedRecord> read = await ReadAsync(consumer, 2);
        Encoding.UTF8.GetString(read[0].Key!.Value.Span).ShouldBe("k");
        Encoding.UTF8.GetString(read[0].Value!.Value.Span).ShouldBe("v");
        read[0].Timestamp.ShouldBe(time);
        read[0].Headers.Select(header => (header.Key, header.Value is null)).ShouldBe([("trace", false), ("none", true)]);
        (read[1].Key is null, read[1].Value is null, read[1].Offset).ShouldBe((true, true, 1L));
    }

    [Fact]
    public async Task Topics_offsets_and_groups_are_administered()
    {
        await using ServerProcess server = await ServerProcess.StartAsync();
        await using StreamHouseClient client = new(server.Grpc.ToString());
        await client.Admin.CreateTopicAsync(new NewTopic("a") { Partitions = 2, Config = new Dictionary<string, string> { ["retention.ms"] = "60000" } });
        await client.Admin.CreateTopicAsync(new NewTopic("b") { Partitions = 1 });
        (await Should.ThrowAsync<StreamHouseException>(client.Admin.CreateTopicAsync(new NewTopic("a")))).Code.ShouldBe(StreamHouseErrorCode.TopicAlreadyExists);

        List<string> names = [];
        await foreach (TopicInfo topic in client.Admin.ListTopicsAsync())
        {
            names.Add(topic.Name);
        }
        names.ShouldBe(["a", "b"]);
        (await client.Admin.AlterTopicAsync("a", new TopicChanges { Partitions = 3 })).Partitions.ShouldBe(3);
        TopicDetails details = await client.Admin.GetTopicAsync("a");
        details.Topic.Config["retention.ms"].ShouldBe("60000");
        details.Partitions.Count.ShouldBe(3);

        await using (Producer producer = client.CreateProducer())
        {
            await producer.SendAsync("a", default, "v"u8, partition: 1);
        }
        (await client.Admin.ListOffsetsAsync("a", OffsetSpec.Latest)).Select(offset => offset.Offset).ShouldBe([0L, 1L, 0L]);
        await client.Admin.CommitGroupOffsetsAsync("g", [new GroupOffset("a", 1, 1)]);
        GroupOffset committed = (await client.Admin.FetchGroupOffsetsAsync("g")).ShouldHaveSingleItem();
        (committed.Topic, committed.Partition, committed.Offset).ShouldBe(("a", 1, 1L));
        (await client.Admin.ListGroupsAsync()).ShouldBe(["g"]);
        (await client.Admin.GetStatusAsync()).Topics.ShouldBe(2);
        await client.Admin.DeleteTopicAsync("b");
        (await Should.ThrowAsync<StreamHouseException>(client.Admin.GetTopicAsync("b"))).Code.ShouldBe(StreamHouseErrorCode.UnknownTopic);
    }

    [Fact]
    public async Task Kills_under_load_lose_and_repeat_nothing_for_producer_and_consumer()
    {
        const int Partitions = 3;
        string folder = Directory.CreateTempSubdirectory("streamhouse-client-").FullName;
        ServerProcess server = await ServerProcess.StartAsync(folder);
        string port = server.Grpc.Port.ToString(System.Globalization.CultureInfo.InvariantCulture);
        try
        {
            await using StreamHouseClient client = new(server.Grpc.ToString());
            await client.Admin.CreateTopicAsync(new NewTopic("audit") { Partitions = Partitions });
            using CancellationTokenSource stop = new();
            List<long>[] sent = [[], [], []];
            Task producing = ProduceAsync(client, sent, stop.Token);
            List<long>[] read = [[], [], []];
            using CancellationTokenSource enough = new(TimeSpan.FromMinutes(2));
            Task consuming = ConsumeAsync(client, read, enough.Token);
            for (int round = 0; round < 4; round++)
            {
                await Task.Delay(500);
                await server.KillAsync();
                await server.DisposeAsync();
                server = ServerProcess.Launch(folder, ["--grpc-port", port, "--http-port", "0", "--kafka-port", "0"]);
                await server.WaitUntilReadyAsync();
            }
            await Task.Delay(500);
            stop.Cancel();
            await producing;
            while (Enumerable.Range(0, Partitions).Any(partition => Count(read[partition]) < sent[partition].Count) && !enough.IsCancellationRequested)
            {
                await Task.Delay(20);
            }
            enough.Cancel();
            await consuming;
            for (int partition = 0; partition < Partitions; partition++)
            {
                sent[partition].Count.ShouldBeGreaterThan(100);
                read[partition].ShouldBe(sent[partition]);
            }
        }
        finally
        {
            await server.DisposeAsync();
            Directory.Delete(folder, recursive: true);
        }
    }

    // Every record is numbered in its partition and must be acknowledged, whatever happens.
    private static async Task ProduceAsync(StreamHouseClient client, List<long>[] sent, CancellationToken stop)
    {
        await using Producer producer = client.CreateProducer(new ProducerOptions { RequestTimeout = TimeSpan.FromSeconds(3) });
        List<Task<RecordMetadata>> sends = [];
        for (long number = 0; !stop.IsCancellationRequested; number++)
        {
            for (int partition = 0; partition < sent.Length; partition++)
            {
                sends.Add(producer.SendAsync("audit", default, BitConverter.GetBytes(number), partition: partition, ct: CancellationToken.None).AsTask());
                sent[partition].Add(number);
            }
            if (number % 50 == 0)
            {
                await Task.Delay(1, CancellationToken.None);
            }
        }
        for (int i = 0; i < sends.Count; i++)
        {
            (await sends[i]).Offset.ShouldBe(i / sent.Length);
        }
    }

    private static async Task ConsumeAsync(StreamHouseClient client, List<long>[] read, CancellationToken ct)
    {
        await using Consumer consumer = client.CreateConsumer();
        consumer.Assign("audit", ConsumerStart.Earliest);
        try
        {
            await foreach (ConsumedRecord record in consumer.WithCancellation(ct))
            {
                lock (read[record.Partition])
                {
                    record.Offset.ShouldBe(read[record.Partition].Count);
                    read[record.Partition].Add(BitConverter.ToInt64(record.Value!.Value.Span));
                }
            }
        }
        catch (OperationCanceledException)
        {
            // All is read.
        }
    }

    private static int Count(List<long> list)
    {
        lock (list)
        {
            return list.Count;
        }
    }

    private static async Task<List<ConsumedRecord>> ReadAsync(Consumer consumer, int count)
    {
        using CancellationTokenSource limit = new(TimeSpan.FromSeconds(30));
        List<ConsumedRecord> read = [];
        await foreach (ConsumedRecord record in consumer.WithCancellation(limit.Token))
        {
            read.Add(record);
            if (read.Count == count)
            {
                break;
            }
        }
        return read;
    }
}
