using System.ComponentModel.DataAnnotations;

namespace StreamHouse.Server.Grpc.Consuming;

/// <summary>Limits of consuming over gRPC.</summary>
internal sealed record ConsumeOptions : IValidatableObject
{
    /// <summary>Bytes of an answer whose request names no limit. An answer holds at least one batch, however large.</summary>
    [Range(1024, 64 << 20)]
    public int BytesDefault { get; init; } = 1 << 20;

    /// <summary>Bytes of an answer at most, whatever the request asks for.</summary>
    [Range(1024, 64 << 20)]
    public int BytesMax { get; init; } = 16 << 20;

    /// <summary>Longest wait for data at most, whatever the request asks for.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")]
    public TimeSpan WaitMax { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Time without data after which a subscription that names no interval is sent a heartbeat.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:10:00")]
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (BytesDefault > BytesMax)
        {
            yield return new ValidationResult($"{BytesDefault} is more than {nameof(BytesMax)} ({BytesMax}).", [nameof(BytesDefault)]);
        }
    }
}
