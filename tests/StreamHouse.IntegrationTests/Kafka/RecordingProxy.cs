using System.Net;
using System.Net.Sockets;

namespace StreamHouse.IntegrationTests.Kafka;

/// <summary>Stands between Kafka clients and a server, at an address that outlives the server, and keeps all that passes in a capture file.</summary>
internal sealed class RecordingProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly PacketCapture? _capture;
    private readonly Lock _lock = new();
    private readonly List<Task> _relays = [];
    private readonly Task _accepting;
    private volatile IPEndPoint? _server;

    /// <summary>Begins to listen.</summary>
    /// <param name="isRecording">Whether it keeps what passes.</param>
    public RecordingProxy(bool isRecording)
    {
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        CapturePath = Path.Combine(Path.GetTempPath(), $"streamhouse-test-{Guid.NewGuid():n}.pcap");
        _capture = isRecording ? new PacketCapture(CapturePath, Port) : null;
        _accepting = AcceptAsync();
    }

    /// <summary>Where clients connect to, on 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>The capture file; complete when this is disposed of, and then the caller's to delete.</summary>
    public string CapturePath { get; }

    /// <summary>The server behind it. While there is none, connections are closed.</summary>
    public IPEndPoint? Server
    {
        get => _server;
        set => _server = value;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        await Task.WhenAll(_relays);
        _capture?.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                Socket client = await _listener.AcceptSocketAsync(_stop.Token);
                lock (_lock)
                {
                    _relays.RemoveAll(r => r.IsCompleted);
                    _relays.Add(RelayAsync(client));
                }
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task RelayAsync(Socket client)
    {
        using Socket server = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using (client)
        {
            client.NoDelay = true;
            try
            {
                await server.ConnectAsync(_server ?? new IPEndPoint(IPAddress.Loopback, 1), _stop.Token);
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException)
            {
                return;
            }
            PacketCapture.Connection? connection = _capture?.Open();
            using var end = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            Task up = PassAsync(client, server, connection, fromClient: true, end);
            Task down = PassAsync(server, client, connection, fromClient: false, end);
            await up;
            await down;
        }
    }

    private static async Task PassAsync(Socket from, Socket to, PacketCapture.Connection? connection, bool fromClient, CancellationTokenSource end)
    {
        byte[] buffer = new byte[64 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer, end.Token) is var read and > 0)
            {
                connection?.Add(fromClient, buffer.AsSpan(0, read));
                for (int sent = 0; sent < read;)
                {
                    sent += await to.SendAsync(buffer.AsMemory(sent, read - sent), end.Token);
                }
            }
            to.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            // One side has gone without a word: so does the other.
            await end.CancelAsync();
        }
    }
}
