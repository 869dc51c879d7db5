namespace StreamHouse.IntegrationTests.Kafka;

/// <summary>What one client writes, every client reads: each codec, headers, nulls and empties, byte for byte.</summary>
[Collection(Audits.AuditSuite.Name)]
public sealed class MatrixTests(ITestOutputHelper output)
{
    [Fact]
    public async Task What_each_client_writes_every_client_reads_byte_for_byte()
    {
        await KafkaTools.RequireAsync();
        await using KafkaServer server = await KafkaServer.StartAsync();
        await using DotnetClient dotnet = new(server.Process.Grpc.ToString());
        using HttpApiClient http = new(server.Process.Http);
        await using ScriptedClient confluent = new("confluent", ClientProcess.StartConfluent(server.Bootstrap));
        // Both refuse headers that are null; kafka-python also records that have neither key nor value.
        await using ScriptedClient kafkaPython = new(
            "kafka-python",
            ClientProcess.StartKafkaPython(server.Bootstrap),
            r => r.Headers.Any(h => h.Value is null) || (r.Key is null && r.Value is null));
        await using ScriptedClient kafkaJs = new("kafkajs", ClientProcess.StartKafkaJs(server.Bootstrap), r => r.Headers.Any(h => h.Value is null));
        IInteropClient[] clients = [new KcatClient(server.Bootstrap), confluent, kafkaPython, kafkaJs, dotnet, http];

        Dictionary<string, (IInteropClient Client, string Codec, IReadOnlyList<InteropRecord> Records)> written = [];
        await Task.WhenAll(clients.Select(async client =>
        {
            foreach (string codec in client.Codecs)
            {
                string topic = $"{client.Name}-{codec}";
                List<InteropRecord> records = [.. InteropRecord.Samples.Where(client.CanWrite)];
                if (!client.CreatesTopics)
                {
                    await dotnet.CreateTopicAsync(topic);
                }
                await client.ProduceAsync(topic, codec, records);
                lock (written)
                {
                    written.Add(topic, (client, codec, records));
                }
            }
        }));
        foreach ((string topic, (_, string codec, IReadOnlyList<InteropRecord> records)) in written)
        {
            // Otherwise the codec would not have been tried. Small batches may stay as they are: compressed they would be larger.
            (await dotnet.CodecsOfAsync(topic, records.Count)).ShouldContain(codec, topic);
        }

        Dictionary<string, int> counts = written.ToDictionary(w => w.Key, w => w.Value.Records.Count);
        IReadOnlyDictionary<string, List<ReadRecord>>[] read = await Task.WhenAll(clients.Select(c => c.ConsumeAsync(counts)));

        foreach ((string topic, (IInteropClient writer, _, IReadOnlyList<InteropRecord> records)) in written)
        {
            foreach ((IInteropClient reader, List<ReadRecord> log) in clients.Zip(read, (c, r) => (c, r[topic])))
            {
                string pair = $"{topic} read by {reader.Name}";
                log.Select(r => r.Offset).ShouldBe(Enumerable.Range(0, records.Count).Select(i => (long)i), pair);
                for (int i = 0; i < records.Count; i++)
                {
                    log[i].Description.ShouldBe(reader.Describe(records[i]), $"{pair}, offset {i}");
                }
                // kcat cannot set timestamps; whatever it was, all readers see the same.
                log.Select(r => r.TimestampMs).ShouldBe(
                    writer.Name == "kcat" ? read[0][topic].Select(r => r.TimestampMs) : records.Select(r => r.TimestampMs!.Value), pair);
            }
        }
        output.WriteLine($"{written.Count} topics, {clients.Length} readers, {counts.Values.Sum() * clients.Length} records read");
        await server.WireShouldBeWellFormedAsync(0, 1, 2, 3, 10, 11, 13, 14, 18, 22);
    }
}
