using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using StreamHouse.Server.Hosting;
using StreamHouse.Server.Kafka.Connections;
using StreamHouse.Server.Kafka.Dispatch;
using StreamHouse.Server.Kafka.Polling;

namespace StreamHouse.Server.Kafka.Listeners;

/// <summary>
/// The Kafka ports, on plain sockets: a large request is received in one go into the buffer it stays in, which no web server's pipeline does.
/// </summary>
internal sealed class KafkaListener : IAsyncDisposable
{
    private const int Backlog = 1024;
    private static readonly TimeSpan Sweep = TimeSpan.FromSeconds(1);

    private readonly KafkaServices _services;
    private readonly IReadOnlyList<KafkaEndpoint> _endpoints;
    private readonly SslServerAuthenticationOptions? _tls;
    private readonly List<Socket> _sockets = [];
    private EventLoops? _eventLoops;
    private readonly ConnectionTable _table;
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<Task> _loops = [];
    private long _refusalLogged;

    /// <param name="endpoints">Where to listen.</param>
    /// <param name="services">What serves the connections.</param>
    public KafkaListener(IReadOnlyList<KafkaEndpoint> endpoints, KafkaServices services)
    {
        _endpoints = endpoints;
        _services = services;
        _table = new ConnectionTable(services.Options);
        _tls = KafkaEndpoints.TlsOf(services.Options);
    }

    /// <summary>Open connections.</summary>
    public int Connections => _table.Count;

    /// <summary>Binds the ports and begins to accept.</summary>
    /// <returns>The listeners' names with the addresses in use, in their order.</returns>
    /// <exception cref="StartupException">An address cannot be bound.</exception>
    public IReadOnlyList<(string Name, IPEndPoint Endpoint)> Start()
    {
        foreach (KafkaEndpoint endpoint in _endpoints)
        {
            _sockets.Add(Bind(endpoint));
        }
        _eventLoops = StartLoops();
        for (int i = 0; i < _sockets.Count; i++)
        {
            _loops.Add(AcceptAsync(_sockets[i], _endpoints[i]));
        }
        _loops.Add(SweepAsync());
        return [.. _endpoints.Zip(_sockets, static (e, s) => (e.Name, (IPEndPoint)s.LocalEndPoint!))];
    }

    /// <summary>Accepts nothing new, answers what is in progress until <paramref name="ct"/> ends, then closes every connection.</summary>
    public async Task StopAsync(CancellationToken ct)
    {
        if (_stopping.IsCancellationRequested)
        {
            return;
        }
        await _stopping.CancelAsync();
        foreach (Socket socket in _sockets)
        {
            socket.Dispose();
        }
        await Task.WhenAll(_loops);
        foreach (KafkaConnection connection in _table.Connections)
        {
            connection.End();
        }
        while (_table.Count > 0 && !ct.IsCancellationRequested)
        {
            await Task.Delay(5, CancellationToken.None);
        }
        foreach (KafkaConnection connection in _table.Connections)
        {
            connection.Abort();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync(new CancellationToken(canceled: true));
        _eventLoops?.Dispose();
        _stopping.Dispose();
    }

    private static Socket Bind(KafkaEndpoint endpoint)
    {
        Socket socket = new(endpoint.Requested.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            // .NET sets SO_REUSEADDR: a restart need not wait for old connections to leave TIME_WAIT.
            socket.Bind(endpoint.Requested);
            socket.Listen(Backlog);
            return socket;
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw BindFailures.Explain("Kafka", endpoint.Name == ListenerAddress.InternalName ? "--kafka-port" : "Kafka:Listeners", endpoint.Requested, e);
        }
    }

    private static EventLoops StartLoops()
    {
        try
        {
            return new EventLoops();
        }
        catch (IOException e)
        {
            throw new StartupException(
                ExitCode.Failure, $"Kafka connections cannot be watched: {e.Message}. Raise the limit of open files (ulimit -n).", e);
        }
    }

    private async Task AcceptAsync(Socket listening, KafkaEndpoint endpoint)
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                Socket socket = await listening.AcceptAsync(CancellationToken.None);
                Open(socket, endpoint);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                if (!_stopping.IsCancellationRequested)
                {
                    // Out of file descriptors, or a client that was gone before it was accepted.
                    _services.Log.AcceptFailed(e);
                    await Task.Delay(TimeSpan.FromMilliseconds(100), CancellationToken.None);
                }
            }
        }
    }

    private void Open(Socket socket, KafkaEndpoint endpoint)
    {
        IPEndPoint remote;
        IPEndPoint local;
        try
        {
            socket.NoDelay = true;
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            (remote, local) = ((IPEndPoint)socket.RemoteEndPoint!, (IPEndPoint)socket.LocalEndPoint!);
        }
        catch (SocketException)
        {
            socket.Dispose();
            return;
        }
        if (_table.TryOpen(remote.Address) is { } refusal)
        {
            socket.Dispose();
            _services.Metrics.Refused();
            LogRefusal(refusal);
            return;
        }
        _services.Metrics.Connected();
        _ = ServeAsync(socket, new KafkaClient(endpoint, remote, local), endpoint.UsesTls);
    }

    private async Task ServeAsync(Socket socket, KafkaClient client, bool usesTls)
    {
        using KafkaClient served = client;
        try
        {
            // Neither way does the accepting loop wait for the first request of whoever has just connected.
            if (usesTls)
            {
                await ServeTlsAsync(socket, client);
            }
            else
            {
                EventLoop loop = _eventLoops!.Next();
                await loop.EnterAsync();
                using PlainTransport transport = new(new PolledSocket(socket, loop));
                await ServeAsync(new KafkaConnection(transport, client, _services));
            }
        }
        finally
        {
            _table.Close(client.Remote.Address);
            _services.Metrics.Disconnected();
        }
    }

    private async Task ServeAsync(KafkaConnection connection)
    {
        _table.Add(connection);
        try
        {
            if (_stopping.IsCancellationRequested)
            {
                connection.End();
            }
            await connection.RunAsync();
        }
        finally
        {
            _table.Remove(connection);
        }
    }

    private async Task ServeTlsAsync(Socket socket, KafkaClient client)
    {
        await Task.Yield();
        using Transport? transport = await ShakeHandsAsync(socket, client);
        if (transport is not null)
        {
            await ServeAsync(new KafkaConnection(transport, client, _services));
        }
    }

    private async Task<Transport?> ShakeHandsAsync(Socket socket, KafkaClient client)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        limit.CancelAfter(_services.Options.TlsHandshakeTimeout);
        try
        {
            return await TlsTransport.AcceptAsync(socket, _tls!, limit.Token);
        }
        catch (Exception e) when (e is AuthenticationException or IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            _services.Metrics.Rejected();
            _services.Log.HandshakeFailed(e, client.Remote);
            return null;
        }
    }

    /// <summary>One timer for all connections.</summary>
    private async Task SweepAsync()
    {
        TimeSpan interval = _services.Options.IdleTimeout < 4 * Sweep || _services.Options.TransferTimeout < 4 * Sweep ? Sweep / 20 : Sweep;
        using PeriodicTimer timer = new(interval, _services.Clock);
        try
        {
            while (await timer.WaitForNextTickAsync(_stopping.Token))
            {
                long now = _services.Clock.GetTimestamp();
                foreach (KafkaConnection connection in _table.Connections)
                {
                    CheckTimeouts(connection, now);
                }
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The listener stops.
        }
    }

    // One connection's fault must not end the timeouts of all others.
    private void CheckTimeouts(KafkaConnection connection, long now)
    {
        try
        {
            if (connection.CheckTimeouts(now) is { } timeout)
            {
                if (!timeout.IsIdle)
                {
                    _services.Metrics.Rejected();
                }
                _services.Log.Rejected(connection.Client.Remote, timeout.Reason);
                connection.Abort();
            }
        }
        catch (Exception e)
        {
            _services.Log.Failed(e, connection.Client.Remote);
        }
    }

    private void LogRefusal(string reason)
    {
        long now = _services.Clock.GetTimestamp();
        if (_refusalLogged == 0 || _services.Clock.GetElapsedTime(_refusalLogged, now) > TimeSpan.FromMinutes(1))
        {
            _refusalLogged = now;
            _services.Log.Refused(reason);
        }
    }
}
