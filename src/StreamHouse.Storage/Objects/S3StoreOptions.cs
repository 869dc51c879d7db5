using System.ComponentModel.DataAnnotations;

namespace StreamHouse.Storage.Objects;

/// <summary>Settings of <see cref="S3ObjectStore"/>.</summary>
public sealed record S3StoreOptions
{
    /// <summary>The bucket; it must exist. <c>STREAMHOUSE_BUCKET</c></summary>
    public required string Bucket { get; init; }

    /// <summary>Address of an S3-compatible server; null for Amazon's own. <c>AWS_ENDPOINT_URL</c></summary>
    public string? EndpointUrl { get; init; }

    /// <summary>Region, also part of the signature. <c>AWS_REGION</c></summary>
    public string Region { get; init; } = "us-east-1";

    /// <summary>Access key id; null takes what the machine or container offers (profile, role). <c>AWS_ACCESS_KEY_ID</c></summary>
    public string? AccessKeyId { get; init; }

    /// <summary>Secret of the access key. Never logged or shown. <c>AWS_SECRET_ACCESS_KEY</c></summary>
    public string? SecretAccessKey { get; init; }

    /// <summary>Allows an <c>http:</c> endpoint: data then travels in the clear. <c>AWS_ALLOW_HTTP</c></summary>
    public bool AllowHttp { get; init; }

    /// <summary>Objects of at least this many bytes are sent in parts; 8 MiB to 4 GiB.</summary>
    [Range(typeof(long), "8388608", "4294967296")]
    public long MultipartFromBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>Size of a part in bytes; 5 MiB (Amazon's minimum) to 1 GiB.</summary>
    [Range(5 << 20, 1 << 30)]
    public int PartBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>Parts of one object sent at the same time; 1 to 32.</summary>
    [Range(1, 32)]
    public int PartsInFlightMax { get; init; } = 4;

    /// <summary>Time for one request, its body included; 1 s to 10 min.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan AttemptTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Times a request is tried in all when faults are transient; 1 to 20.</summary>
    [Range(1, 20)]
    public int AttemptsMax { get; init; } = 5;

    /// <summary>Wait before the second attempt; it doubles, with jitter, up to 5 s. 1 ms to 5 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:00:05")]
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Reads the settings that have well-known environment variables.</summary>
    /// <param name="read">Gives a variable's value, or null.</param>
    /// <returns>Null when no bucket is named.</returns>
    public static S3StoreOptions? FromEnvironment(Func<string, string?> read)
    {
        ArgumentNullException.ThrowIfNull(read);
        return Value("STREAMHOUSE_BUCKET") is { } bucket
            ? new S3StoreOptions
            {
                Bucket = bucket,
                EndpointUrl = Value("AWS_ENDPOINT_URL"),
                Region = Value("AWS_REGION") ?? "us-east-1",
                AccessKeyId = Value("AWS_ACCESS_KEY_ID"),
                SecretAccessKey = Value("AWS_SECRET_ACCESS_KEY"),
                AllowHttp = Value("AWS_ALLOW_HTTP") is "1" or "true" or "TRUE" or "True",
            }
            : null;

        string? Value(string name) => string.IsNullOrWhiteSpace(read(name)) ? null : read(name)!.Trim();
    }

    /// <summary>What is missing or out of range, one sentence each, naming the variable; empty when all is well.</summary>
    public IReadOnlyList<string> Validate()
    {
        var problems = new List<string>();
        if (string.IsNullOrWhiteSpace(Bucket))
        {
            problems.Add("STREAMHOUSE_BUCKET is empty; name the bucket that holds the objects.");
        }
        if ((AccessKeyId is null) != (SecretAccessKey is null))
        {
            problems.Add("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must be set together, or neither.");
        }
        if (string.IsNullOrWhiteSpace(Region))
        {
            problems.Add("Region (AWS_REGION) is empty.");
        }
        ValidateEndpoint(problems);
        Check(MultipartFromBytes is >= 8L << 20 and <= 4L << 30, nameof(MultipartFromBytes), "8388608 to 4294967296");
        Check(PartBytes is >= 5 << 20 and <= 1 << 30, nameof(PartBytes), "5242880 to 1073741824");
        Check(PartsInFlightMax is >= 1 and <= 32, nameof(PartsInFlightMax), "1 to 32");
        Check(AttemptTimeout >= TimeSpan.FromSeconds(1) && AttemptTimeout <= TimeSpan.FromMinutes(10), nameof(AttemptTimeout), "1 s to 10 min");
        Check(AttemptsMax is >= 1 and <= 20, nameof(AttemptsMax), "1 to 20");
        Check(RetryDelay >= TimeSpan.FromMilliseconds(1) && RetryDelay <= TimeSpan.FromSeconds(5), nameof(RetryDelay), "1 ms to 5 s");
        return problems;

        void Check(bool inRange, string name, string range)
        {
            if (!inRange)
            {
                problems.Add($"{name} is out of range; {range} is allowed.");
            }
        }
    }

    /// <summary>Never shows the secret.</summary>
    public override string ToString() => $"bucket {Bucket} at {EndpointUrl ?? $"Amazon S3, {Region}"}";

    private void ValidateEndpoint(List<string> problems)
    {
        if (EndpointUrl is null)
        {
            return;
        }
        if (!Uri.TryCreate(EndpointUrl, UriKind.Absolute, out Uri? endpoint) || endpoint.Scheme is not ("http" or "https"))
        {
            problems.Add($"EndpointUrl (AWS_ENDPOINT_URL) is '{EndpointUrl}'; it must be an http or https address.");
        }
        else if (endpoint.Scheme == "http" && !AllowHttp)
        {
            problems.Add($"EndpointUrl (AWS_ENDPOINT_URL) is '{EndpointUrl}', which is not encrypted; use https, or set AWS_ALLOW_HTTP=true if that is meant.");
        }
    }
}
