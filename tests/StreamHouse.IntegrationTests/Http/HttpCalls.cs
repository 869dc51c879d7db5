using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json.Nodes;

namespace StreamHouse.IntegrationTests.Http;

/// <summary>Calls of the HTTP API as any program makes them.</summary>
internal sealed class HttpCalls(Uri server) : IDisposable
{
    private readonly HttpClient _client = new(new SocketsHttpHandler { ResponseDrainTimeout = TimeSpan.Zero })
    {
        BaseAddress = server, Timeout = TimeSpan.FromSeconds(30),
    };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async Task<(HttpStatusCode Status, JsonNode? Answer)> SendAsync(
        HttpMethod method, string path, string? body = null, string type = "application/json")
    {
        using HttpRequestMessage request = new(method, path);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        }
        using HttpResponseMessage response = await _client.SendAsync(request, Token);
        string text = await response.Content.ReadAsStringAsync(Token);
        return (response.StatusCode, text.Length == 0 ? null : JsonNode.Parse(text));
    }

    public Task<string> TextAsync(string path) => _client.GetStringAsync(path, Token);

    public async Task CreateTopicAsync(string name, int partitions = 1, string durability = "local")
    {
        (HttpStatusCode status, JsonNode? answer) = await SendAsync(
            HttpMethod.Post, "/v1/topics", $$"""{"name":"{{name}}","partitions":{{partitions}},"durability":"{{durability}}"}""");
        status.ShouldBe(HttpStatusCode.Created, answer?.ToJsonString());
    }

    public async Task ProduceAsync(string topic, string body)
    {
        (HttpStatusCode status, JsonNode? answer) = await SendAsync(HttpMethod.Post, $"/v1/topics/{topic}/records", body);
        status.ShouldBe(HttpStatusCode.OK, answer?.ToJsonString());
    }

    public async Task<List<JsonNode>> ReadAsync(string path)
    {
        (HttpStatusCode status, JsonNode? answer) = await SendAsync(HttpMethod.Get, path);
        status.ShouldBe(HttpStatusCode.OK, answer?.ToJsonString());
        return [.. answer!["records"]!.AsArray().Select(r => r!)];
    }

    /// <summary>Asks for readiness until it is as expected, at most 10 s: answers are kept for a second.</summary>
    /// <returns>The last answer.</returns>
    public async Task<HttpStatusCode> ReadinessAsync(HttpStatusCode expected)
    {
        for (int i = 0; ; i++)
        {
            (HttpStatusCode status, _) = await SendAsync(HttpMethod.Get, "/health/ready");
            if (status == expected || i == 50)
            {
                return status;
            }
            await Task.Delay(200, Token);
        }
    }

    /// <summary>The next events that carry records.</summary>
    public async IAsyncEnumerable<(string Id, string Data)> FollowAsync(string path, string? lastId, int count, [EnumeratorCancellation] CancellationToken ct = default)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct, Token);
        patience.CancelAfter(TimeSpan.FromSeconds(20));
        using HttpRequestMessage request = new(HttpMethod.Get, path);
        if (lastId is not null)
        {
            request.Headers.Add("Last-Event-ID", lastId);
        }
        using HttpResponseMessage response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, patience.Token);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        using StreamReader reader = new(await response.Content.ReadAsStreamAsync(patience.Token));
        string id = "";
        while (count > 0 && await reader.ReadLineAsync(patience.Token) is { } line)
        {
            if (line.StartsWith("id: ", StringComparison.Ordinal))
            {
                id = line[4..];
            }
            else if (line.StartsWith("data: ", StringComparison.Ordinal))
            {
                count--;
                yield return (id, line[6..]);
            }
        }
    }

    public void Dispose() => _client.Dispose();
}
