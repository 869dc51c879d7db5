using System.Net.Security;

namespace StreamHouse.Rpc.Grpc.Client;

/// <summary>How a channel connects and what it accepts.</summary>
public sealed record RpcChannelOptions
{
    /// <summary>Time a connection attempt may take.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Idle time on a connection with open calls after which it is pinged.</summary>
    public TimeSpan KeepAliveDelay { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Time without an answer to a ping after which the connection is given up, and its calls fail with UNAVAILABLE.</summary>
    public TimeSpan KeepAliveTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Bytes a server may send on one stream before they are read; 64 KiB to 16 MiB.</summary>
    public int StreamWindowBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>Largest message accepted from the server.</summary>
    public int ReceiveMessageBytesMax { get; init; } = 64 * 1024 * 1024;

    /// <summary>TLS settings for <c>https</c> addresses; null takes the platform's.</summary>
    public SslClientAuthenticationOptions? Tls { get; init; }
}
