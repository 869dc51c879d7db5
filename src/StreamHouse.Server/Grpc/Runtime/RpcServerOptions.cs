namespace StreamHouse.Server.Grpc.Runtime;

/// <summary>Limits of the gRPC runtime.</summary>
internal sealed record RpcServerOptions
{
    /// <summary>Largest request message accepted, in bytes: a batch of the largest size a topic may allow, and what surrounds it.</summary>
    public int RequestMessageBytesMax { get; init; } = 33 * 1024 * 1024;

    /// <summary>Bytes a client may send on one stream before they are read; 64 KiB to 64 MiB.</summary>
    public int StreamWindowBytes { get; init; } = 2 * 1024 * 1024;

    /// <summary>Bytes a client may send on one connection before they are read; at least <see cref="StreamWindowBytes"/>.</summary>
    public int ConnectionWindowBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>Calls open at once on one connection.</summary>
    public int StreamsPerConnectionMax { get; init; } = 1000;

    /// <summary>Response bytes written but not yet taken by the network, per connection and stream.</summary>
    public int ResponseBufferBytesMax { get; init; } = 1024 * 1024;
}
