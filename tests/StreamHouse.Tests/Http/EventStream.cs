namespace StreamHouse.Tests.Http;

/// <summary>A reader of server-sent events, by the rules of the HTML standard.</summary>
internal sealed class EventStream : IAsyncDisposable
{
    private readonly HttpResponseMessage _response;
    private readonly StreamReader _reader;
    private readonly CancellationTokenSource _timeout = new(TimeSpan.FromSeconds(15));

    private EventStream(HttpResponseMessage response, Stream stream)
    {
        _response = response;
        _reader = new StreamReader(stream);
    }

    public static async Task<EventStream> OpenAsync(HttpTestServer server, string path, string? lastEventId = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (lastEventId is not null)
        {
            request.Headers.Add("Last-Event-ID", lastEventId);
        }
        HttpResponseMessage response = await server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        response.StatusCode.ShouldBe(System.Net.HttpStatusCode.OK);
        response.Content.Headers.ContentType!.MediaType.ShouldBe("text/event-stream");
        return new EventStream(response, await response.Content.ReadAsStreamAsync());
    }

    /// <summary>The next event that has data; null at the end of the stream.</summary>
    public async Task<ServerEvent?> ReadAsync()
    {
        string id = "", kind = "message";
        string? data = null;
        while (await ReadLineAsync() is { } line)
        {
            if (line.Length == 0)
            {
                if (data is not null)
                {
                    return new ServerEvent(id, kind, data);
                }
                continue;
            }
            int colon = line.IndexOf(':');
            string value = line[(colon + 1)..].TrimStart(' ');
            switch (line[..colon])
            {
                case "id":
                    id = value;
                    break;
                case "event":
                    kind = value;
                    break;
                case "data":
                    data = data is null ? value : data + "\n" + value;
                    break;
                default:
                    break;
            }
        }
        return null;
    }

    /// <summary>The next line as it stands, comments included.</summary>
    public async Task<string?> ReadLineAsync() => await _reader.ReadLineAsync(_timeout.Token);

    public ValueTask DisposeAsync()
    {
        _reader.Dispose();
        _response.Dispose();
        _timeout.Dispose();
        return ValueTask.CompletedTask;
    }
}

internal sealed record ServerEvent(string Id, string Kind, string Data)
{
    public System.Text.Json.Nodes.JsonNode Json => System.Text.Json.Nodes.JsonNode.Parse(Data)!;

    public string Value => (string)Json["value"]!;
}
