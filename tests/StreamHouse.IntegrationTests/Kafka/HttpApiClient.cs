using System.Net;
using System.Text.Json.Nodes;
using StreamHouse.IntegrationTests.Http;

namespace StreamHouse.IntegrationTests.Kafka;

/// <summary>The HTTP API, as any program calls it.</summary>
internal sealed class HttpApiClient(Uri server) : IInteropClient, IDisposable
{
    private readonly HttpCalls _http = new(server);

    public string Name => "http";

    public IReadOnlyList<string> Codecs { get; } = ["none"];

    public bool CreatesTopics => false;

    public bool CanWrite(InteropRecord record) => true;

    public async Task ProduceAsync(string topic, string codec, IReadOnlyList<InteropRecord> records)
    {
        JsonObject body = new()
        {
            ["encoding"] = "base64",
            ["records"] = new JsonArray([.. records.Select(ToJson)]),
        };
        (HttpStatusCode status, JsonNode? answer) = await _http.SendAsync(HttpMethod.Post, $"/v1/topics/{topic}/records", body.ToJsonString());
        status.ShouldBe(HttpStatusCode.OK, answer?.ToJsonString());
    }

    public async Task<IReadOnlyDictionary<string, List<ReadRecord>>> ConsumeAsync(IReadOnlyDictionary<string, int> topics)
    {
        Dictionary<string, List<ReadRecord>> read = [];
        foreach ((string topic, int count) in topics)
        {
            List<JsonNode> records = await _http.ReadAsync($"/v1/topics/{topic}/partitions/0/records?offset=0&limit={count}&encoding=base64");
            read.Add(topic, [.. records.Select(FromJson)]);
        }
        return read;
    }

    /// <summary>The committed offsets of a group.</summary>
    public async Task<List<(string Topic, int Partition, long Offset)>> CommittedAsync(string group)
    {
        (HttpStatusCode status, JsonNode? answer) = await _http.SendAsync(HttpMethod.Get, $"/v1/groups/{group}/offsets");
        status.ShouldBe(HttpStatusCode.OK, answer?.ToJsonString());
        return [.. answer!["offsets"]!.AsArray().Select(o => ((string)o!["topic"]!, (int)o["partition"]!, (long)o["offset"]!))];
    }

    public void Dispose() => _http.Dispose();

    private static JsonObject ToJson(InteropRecord record)
    {
        JsonObject json = new()
        {
            ["key"] = ToBase64(record.Key),
            ["value"] = ToBase64(record.Value),
            ["partition"] = 0,
            ["headers"] = new JsonArray([.. record.Headers.Select(h => new JsonObject { ["key"] = h.Name, ["value"] = ToBase64(h.Value) })]),
        };
        if (record.TimestampMs is { } ms)
        {
            json["timestamp"] = ms;
        }
        return json;
    }

    private static ReadRecord FromJson(JsonNode record)
    {
        InteropRecord read = new(
            FromBase64(record["key"]),
            FromBase64(record["value"]),
            [.. (record["headers"]?.AsArray() ?? []).Select(h => ((string)h!["key"]!, FromBase64(h["value"])))],
            null);
        return new ReadRecord((long)record["offset"]!, (long)record["timestamp"]!, read.Describe());
    }

    private static string? ToBase64(byte[]? bytes) => bytes is null ? null : Convert.ToBase64String(bytes);

    private static byte[]? FromBase64(JsonNode? text) => text is null ? null : Convert.FromBase64String((string)text!);
}
