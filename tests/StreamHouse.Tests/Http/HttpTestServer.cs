using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using StreamHouse.Broker;
using StreamHouse.Broker.Diagnostics;
using StreamHouse.Server.Hosting;
using StreamHouse.Server.Http;

namespace StreamHouse.Tests.Http;

/// <summary>The HTTP API on a loopback port, as the server hosts it.</summary>
internal sealed class HttpTestServer : IAsyncDisposable
{
    private readonly WebListener _listener;
    private IServiceProvider? _services;

    private HttpTestServer(IBroker broker, HttpApiOptions options)
    {
        Metrics = new BrokerMetrics();
        _listener = new WebListener(
            new ServerOptions { HttpPort = 0 },
            NullLoggerFactory.Instance,
            services => services.AddSingleton(broker).AddSingleton(Metrics).AddHttpApi(options),
            app =>
            {
                app.MapHttpApi();
                _services = app.Services;
            });
    }

    public BrokerMetrics Metrics { get; }

    /// <summary>Breaks connections off at once when a test stops reading, instead of draining them.</summary>
    public HttpClient Client { get; } = new(new SocketsHttpHandler { ResponseDrainTimeout = TimeSpan.Zero }) { Timeout = TimeSpan.FromSeconds(30) };

    public T Service<T>()
        where T : notnull => _services!.GetRequiredService<T>();

    public static async Task<HttpTestServer> StartAsync(IBroker broker, HttpApiOptions? options = null)
    {
        var server = new HttpTestServer(broker, options ?? new HttpApiOptions());
        IPEndPoint endpoint = await server._listener.StartAsync(CancellationToken.None);
        server.Client.BaseAddress = new Uri($"http://{endpoint}");
        return server;
    }

    /// <summary>Stops as the process does on SIGTERM.</summary>
    public async Task StopAsync(TimeSpan within)
    {
        using var timeout = new CancellationTokenSource(within);
        await _listener.StopAsync(timeout.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync(TimeSpan.FromSeconds(5));
        Client.Dispose();
        await _listener.DisposeAsync();
        Metrics.Dispose();
    }

    /// <summary>Sends a request and reads its answer as JSON.</summary>
    public async Task<Answer> SendAsync(HttpMethod method, string path, string? body = null, string type = "application/json")
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            request.Content.Headers.ContentType = type.Length == 0 ? null : MediaTypeHeaderValue.Parse(type);
        }
        return await SendAsync(request);
    }

    public async Task<Answer> SendAsync(HttpRequestMessage request)
    {
        using HttpResponseMessage response = await Client.SendAsync(request);
        string text = await response.Content.ReadAsStringAsync();
        string? type = response.Content.Headers.ContentType?.MediaType;
        return new Answer(response.StatusCode, type, text, response.Headers.ToDictionary(h => h.Key, h => string.Join(",", h.Value)));
    }

    public Task<Answer> GetAsync(string path) => SendAsync(HttpMethod.Get, path);

    public Task<Answer> PostAsync(string path, string body, string type = "application/json") => SendAsync(HttpMethod.Post, path, body, type);

    public async Task CreateTopicAsync(string name, int partitions = 1) =>
        (await PostAsync("/v1/topics", $$"""{"name":"{{name}}","partitions":{{partitions}}}""")).Status.ShouldBe(HttpStatusCode.Created);
}

/// <summary>An answer, its body read.</summary>
internal sealed record Answer(HttpStatusCode Status, string? Type, string Text, IReadOnlyDictionary<string, string> Headers)
{
    public JsonNode Json => JsonNode.Parse(Text)!;

    /// <summary>Checks that this is a problem document with all its members, and that its words contain <paramref name="words"/>.</summary>
    public void ShouldBeProblem(HttpStatusCode status, BrokerErrorCode code, string words)
    {
        Status.ShouldBe(status, Text);
        Type.ShouldBe("application/problem+json");
        ((int)Json["status"]!).ShouldBe((int)status);
        ((string?)Json["code"]).ShouldBe(code.ToString());
        ((bool)Json["retriable"]!).ShouldBe(code.IsRetriable());
        ((string?)Json["type"]).ShouldNotBeNull().ShouldStartWith("urn:streamhouse:problem:");
        ((string?)Json["title"]).ShouldNotBeNullOrEmpty();
        ((string?)Json["instance"]).ShouldNotBeNull().ShouldStartWith("/");
        ((string?)Json["detail"]).ShouldNotBeNull().ShouldContain(words);
    }
}
