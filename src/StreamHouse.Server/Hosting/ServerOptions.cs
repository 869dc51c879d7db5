using System.ComponentModel.DataAnnotations;
using System.Net;

namespace StreamHouse.Server.Hosting;

/// <summary>How the process runs.</summary>
public enum ServerMode
{
    /// <summary>Everything in this one process.</summary>
    Unified,
}

/// <summary>How log lines look.</summary>
public enum LogFormat
{
    /// <summary>One readable line for each event.</summary>
    Text,

    /// <summary>One JSON object for each event.</summary>
    Json,
}

/// <summary>Settings of the process itself; they stand at the top level, without a section.</summary>
public sealed record ServerOptions : IValidatableObject
{
    /// <summary>What runs in this process.</summary>
    public ServerMode Mode { get; init; }

    /// <summary>Folder of everything the server keeps; made when it is missing.</summary>
    [Required]
    public string DataDir { get; init; } = "data";

    /// <summary>Address that all listeners bind to: an IP address, <c>localhost</c>, or <c>*</c> for every interface.</summary>
    [Required]
    public string Bind { get; init; } = "127.0.0.1";

    /// <summary>Port of the gRPC listener; 0 takes a free one.</summary>
    [Range(0, 65535)]
    public int GrpcPort { get; init; } = 50051;

    /// <summary>Port of the HTTP listener; 0 takes a free one.</summary>
    [Range(0, 65535)]
    public int HttpPort { get; init; } = 8080;

    /// <summary>Port of the Kafka listener <c>internal</c>; 0 takes a free one.</summary>
    [Range(0, 65535)]
    public int KafkaPort { get; init; } = 9092;

    /// <summary>Open connections of the gRPC and of the HTTP listener, each, above which new ones are closed at once.</summary>
    [Range(1, 1_000_000)]
    public int ConnectionsMax { get; init; } = 10_000;

    /// <summary>Longest time a stop may take after the first signal.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:05:00")]
    public TimeSpan ShutdownTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Least severe events that are logged.</summary>
    public LogLevel LogLevel { get; init; } = LogLevel.Information;

    /// <summary>How log lines look.</summary>
    public LogFormat LogFormat { get; init; }

    /// <summary>The parsed <see cref="Bind"/>.</summary>
    internal IPAddress BindAddress => ParseAddress(Bind) ?? throw new InvalidOperationException("The options were not validated.");

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (ParseAddress(Bind) is null)
        {
            yield return new ValidationResult($"'{Bind}' is not an IP address, 'localhost' or '*'.", [nameof(Bind)]);
        }
        if (GrpcPort != 0 && GrpcPort == HttpPort)
        {
            yield return new ValidationResult($"{GrpcPort} is the port of the gRPC listener too.", [nameof(HttpPort)]);
        }
        if (KafkaPort != 0 && (KafkaPort == GrpcPort || KafkaPort == HttpPort))
        {
            yield return new ValidationResult($"{KafkaPort} is the port of the {(KafkaPort == GrpcPort ? "gRPC" : "HTTP")} listener too.", [nameof(KafkaPort)]);
        }
    }

    private static IPAddress? ParseAddress(string text) => text switch
    {
        "localhost" => IPAddress.Loopback,
        "*" => IPAddress.Any,
        _ => IPAddress.TryParse(text, out IPAddress? address) ? address : null,
    };
}
