using StreamHouse.Server.Http;

namespace StreamHouse.Tests.Http;

/// <summary>A server over a <see cref="MemoryBroker"/> for each test.</summary>
public abstract class HttpApiTest : IAsyncLifetime
{
    internal MemoryBroker Broker { get; } = new();

    internal HttpTestServer Server { get; private set; } = null!;

    internal virtual HttpApiOptions Options => new();

    public async ValueTask InitializeAsync() => Server = await HttpTestServer.StartAsync(Broker, Options);

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Waits until something that other threads bring about is so.</summary>
    internal static async Task UntilAsync(Func<bool> condition)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (!condition())
        {
            await Task.Delay(5, timeout.Token);
        }
    }
}
