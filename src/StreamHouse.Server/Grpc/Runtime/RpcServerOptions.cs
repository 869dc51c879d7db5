using System.ComponentModel.DataAnnotations;

namespace StreamHouse.Server.Grpc.Runtime;

/// <summary>Limits of the gRPC runtime.</summary>
internal sealed record RpcServerOptions : IValidatableObject
{
    /// <summary>Largest request message accepted, in bytes: a batch of the largest size a topic may allow, and what surrounds it.</summary>
    [Range(64 * 1024, 64 * 1024 * 1024)]
    public int RequestMessageBytesMax { get; init; } = 33 * 1024 * 1024;

    /// <summary>Bytes a client may send on one stream before they are read; 64 KiB to 64 MiB.</summary>
    [Range(64 * 1024, 64 * 1024 * 1024)]
    public int StreamWindowBytes { get; init; } = 2 * 1024 * 1024;

    /// <summary>Bytes a client may send on one connection before they are read; at least <see cref="StreamWindowBytes"/>.</summary>
    [Range(64 * 1024, 256 * 1024 * 1024)]
    public int ConnectionWindowBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>Calls open at once on one connection.</summary>
    [Range(1, 100_000)]
    public int StreamsPerConnectionMax { get; init; } = 1000;

    /// <summary>Response bytes written but not yet taken by the network, per connection and stream.</summary>
    [Range(16 * 1024, 64 * 1024 * 1024)]
    public int ResponseBufferBytesMax { get; init; } = 1024 * 1024;

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (ConnectionWindowBytes < StreamWindowBytes)
        {
            yield return new ValidationResult(
                $"{ConnectionWindowBytes} is less than {nameof(StreamWindowBytes)} ({StreamWindowBytes}).", [nameof(ConnectionWindowBytes)]);
        }
    }
}
