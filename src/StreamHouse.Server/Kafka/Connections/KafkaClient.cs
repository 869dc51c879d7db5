using System.Net;
using StreamHouse.Server.Kafka.Listeners;

namespace StreamHouse.Server.Kafka.Connections;

/// <summary>What is known of the client at the other end of a connection.</summary>
/// <param name="listener">The listener it came through.</param>
/// <param name="remote">Its address.</param>
/// <param name="local">The address it connected to.</param>
internal sealed class KafkaClient(KafkaEndpoint listener, IPEndPoint remote, IPEndPoint local) : IDisposable
{
    private readonly CancellationTokenSource _ending = new();
    private readonly CancellationTokenSource _closed = new();

    /// <summary>Its address.</summary>
    public IPEndPoint Remote { get; } = remote;

    /// <summary>Host name or address by which this client reaches this server.</summary>
    public string AdvertisedHost { get; } = listener.AdvertisedHost ?? Printable(local.Address);

    /// <summary>Port by which this client reaches this server.</summary>
    public int AdvertisedPort { get; } = listener.AdvertisedPort ?? local.Port;

    /// <summary>Ends when no more requests will be read (the client has finished, or the server stops): what waits should answer with what it has.</summary>
    public CancellationToken Ending => _ending.Token;

    /// <summary>Ends when the connection is gone: nobody wants an answer any more.</summary>
    public CancellationToken Closed => _closed.Token;

    /// <summary>Ends when the fetch before has been answered: a connection has one fetch at work at a time.</summary>
    public Task FetchTurn { get; set; } = Task.CompletedTask;

    /// <summary>No more requests will be read.</summary>
    public void End() => Cancel(_ending);

    /// <summary>The connection is gone.</summary>
    public void Close()
    {
        Cancel(_closed);
        Cancel(_ending);
    }

    public void Dispose()
    {
        _ending.Dispose();
        _closed.Dispose();
    }

    private static void Cancel(CancellationTokenSource source)
    {
        try
        {
            source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The connection came to its end by itself at the same moment.
        }
    }

    private static string Printable(IPAddress address) => (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString();
}
