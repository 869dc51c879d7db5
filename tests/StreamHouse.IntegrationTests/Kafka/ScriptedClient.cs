using System.Text.Json.Nodes;

namespace StreamHouse.IntegrationTests.Kafka;

/// <summary>A client of another's, by its driver.</summary>
/// <param name="name">Its name.</param>
/// <param name="process">The driver; disposed of with this.</param>
/// <param name="cannotWrite">Records that its interface has no way to express.</param>
internal sealed class ScriptedClient(string name, ClientProcess process, Func<InteropRecord, bool>? cannotWrite = null) : IInteropClient, IAsyncDisposable
{
    public string Name => name;

    public IReadOnlyList<string> Codecs { get; } = ["none", "gzip", "snappy", "lz4", "zstd"];

    public bool CreatesTopics => true;

    public bool CanWrite(InteropRecord record) => cannotWrite?.Invoke(record) != true;

    public async Task ProduceAsync(string topic, string codec, IReadOnlyList<InteropRecord> records)
    {
        JsonNode answer = await process.CallAsync(new JsonObject
        {
            ["op"] = "produce",
            ["topic"] = topic,
            ["partition"] = 0,
            ["codec"] = codec,
            ["records"] = new JsonArray([.. records.Select(ToJson)]),
        });
        answer["offsets"]!.AsArray().Select(o => (int)o!).ShouldBe(Enumerable.Range(0, records.Count), $"{name} to {topic}");
    }

    public async Task<IReadOnlyDictionary<string, List<ReadRecord>>> ConsumeAsync(IReadOnlyDictionary<string, int> topics)
    {
        JsonNode answer = await process.CallAsync(new JsonObject
        {
            ["op"] = "consume",
            ["topics"] = new JsonObject(topics.Select(t => KeyValuePair.Create(t.Key, (JsonNode?)t.Value))),
        });
        return answer["topics"]!.AsObject().ToDictionary(t => t.Key, t => t.Value!.AsArray().Select(r => FromJson(r!)).ToList());
    }

    public ValueTask DisposeAsync() => process.DisposeAsync();

    private static JsonObject ToJson(InteropRecord record) => new()
    {
        ["k"] = ToBase64(record.Key),
        ["v"] = ToBase64(record.Value),
        ["h"] = new JsonArray([.. record.Headers.Select(h => new JsonArray(h.Name, ToBase64(h.Value)))]),
        ["t"] = record.TimestampMs,
    };

    private static ReadRecord FromJson(JsonNode record)
    {
        InteropRecord read = new(
            FromBase64(record["k"]),
            FromBase64(record["v"]),
            [.. record["h"]!.AsArray().Select(h => ((string)h![0]!, FromBase64(h[1])))],
            null);
        return new ReadRecord((long)record["o"]!, (long)record["t"]!, read.Describe());
    }

    private static string? ToBase64(byte[]? bytes) => bytes is null ? null : Convert.ToBase64String(bytes);

    private static byte[]? FromBase64(JsonNode? text) => text is null ? null : Convert.FromBase64String((string)text!);
}
