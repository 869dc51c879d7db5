using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace StreamHouse.Server.Grpc.Runtime;

/// <summary>Raises Kestrel's HTTP/2 limits, which are meant for web pages, to what streams of batches need.</summary>
internal static class KestrelTuning
{
    private const int FrameBytes = 256 * 1024;

    /// <summary>Applies the options' limits. They hold for all of the server's HTTP/2 listeners.</summary>
    public static void ApplyRpcLimits(this KestrelServerOptions kestrel, RpcServerOptions options)
    {
        Http2Limits http2 = kestrel.Limits.Http2;
        http2.InitialStreamWindowSize = options.StreamWindowBytes;
        http2.InitialConnectionWindowSize = options.ConnectionWindowBytes;
        http2.MaxStreamsPerConnection = options.StreamsPerConnectionMax;
        http2.MaxFrameSize = FrameBytes;
        http2.KeepAlivePingDelay = TimeSpan.FromSeconds(30);
        http2.KeepAlivePingTimeout = TimeSpan.FromSeconds(20);
        // A consumer that pauses is not an attacker. HTTP/2 knows this limit only for the whole server; pings find peers that are gone.
        kestrel.Limits.MinResponseDataRate = null;
        kestrel.Limits.MaxResponseBufferSize = options.ResponseBufferBytesMax;
        kestrel.AddServerHeader = false;
    }
}
