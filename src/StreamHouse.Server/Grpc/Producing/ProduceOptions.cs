using System.ComponentModel.DataAnnotations;

namespace StreamHouse.Server.Grpc.Producing;

/// <summary>Limits of producing over gRPC.</summary>
internal sealed record ProduceOptions
{
    /// <summary>Requests of one stream that may wait for their acknowledgement; more are not read.</summary>
    [Range(1, 100_000)]
    public int StreamRequestsMax { get; init; } = 512;

    /// <summary>Bytes of one stream's requests that may wait for their acknowledgement; more are not read. One request always may.</summary>
    [Range(64 * 1024, 1 << 30)]
    public int StreamBytesMax { get; init; } = 16 << 20;
}
