using System.Net;
using System.Net.Sockets;

namespace StreamHouse.IntegrationTests.Objects;

/// <summary>
/// Passes TCP bytes on to a server. While <see cref="LoseAnswers"/> is above zero, a connection whose request matches loses its answer: the server has acted,
/// the client sees a closed connection.
/// </summary>
internal sealed class FaultyProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Uri _target;
    private readonly string _marker;
    private readonly Task _accepting;
    private int _lose;

    /// <param name="target">The server.</param>
    /// <param name="marker">Text in the request line of requests whose answers are lost.</param>
    public FaultyProxy(string target, string marker)
    {
        _target = new Uri(target);
        _marker = marker;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public string Endpoint => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    public int LoseAnswers
    {
        get => Volatile.Read(ref _lose);
        set => Volatile.Write(ref _lose, value);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = PassAsync(await _listener.AcceptTcpClientAsync(_stopping.Token));
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }

    private async Task PassAsync(TcpClient client)
    {
        using (client)
        using (var server = new TcpClient())
        {
            try
            {
                await server.ConnectAsync(_target.Host, _target.Port, _stopping.Token);
                var connection = new Connection();
                Task up = UpAsync(client.GetStream(), server.GetStream(), connection);
                await DownAsync(server.GetStream(), client.GetStream(), connection);
                client.Close();
                server.Close();
                await up;
            }
            catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // One side went away.
            }
        }
    }

    private async Task UpAsync(NetworkStream from, NetworkStream to, Connection connection)
    {
        byte[] buffer = new byte[64 * 1024];
        int read;
        while ((read = await from.ReadAsync(buffer, _stopping.Token)) > 0)
        {
            if (System.Text.Encoding.Latin1.GetString(buffer, 0, read).Contains(_marker, StringComparison.Ordinal))
            {
                connection.Marked = true;
            }
            await to.WriteAsync(buffer.AsMemory(0, read), _stopping.Token);
        }
    }

    private async Task DownAsync(NetworkStream from, NetworkStream to, Connection connection)
    {
        byte[] buffer = new byte[64 * 1024];
        int read;
        while ((read = await from.ReadAsync(buffer, _stopping.Token)) > 0)
        {
            bool interim = System.Text.Encoding.Latin1.GetString(buffer, 0, Math.Min(read, 12)).Contains(" 100", StringComparison.Ordinal);
            if (connection.Marked && !interim && Interlocked.Decrement(ref _lose) >= 0)
            {
                return;
            }
            await to.WriteAsync(buffer.AsMemory(0, read), _stopping.Token);
        }
    }

    private sealed class Connection
    {
        public volatile bool Marked;
    }
}
