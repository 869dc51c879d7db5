using System.Text.Json;
using StreamHouse.Broker;
using StreamHouse.Broker.Partitions;

namespace StreamHouse.Server.Http.Produce;

/// <summary>Shape of a produce body for the OpenAPI document; the body itself is read by <see cref="RecordsJson"/>, without these objects.</summary>
internal sealed record ProduceBody
{
    /// <summary>Encoding of values: <c>string</c> (default), <c>base64</c> or <c>json</c>.</summary>
    public string? Encoding { get; init; }

    /// <summary>Encoding of keys and header values: <c>string</c> or <c>base64</c>.</summary>
    public string? KeyEncoding { get; init; }

    /// <summary>The records, in order.</summary>
    public required IReadOnlyList<ProduceRecord> Records { get; init; }
}

/// <summary>Shape of one record of a produce body.</summary>
internal sealed record ProduceRecord
{
    /// <summary>Required; null makes a record without a value.</summary>
    public required JsonElement? Value { get; init; }

    /// <summary>The key; missing or null for none.</summary>
    public string? Key { get; init; }

    /// <summary>Where to; without it the key decides as in Kafka's clients, or, without a key, the server.</summary>
    public int? Partition { get; init; }

    /// <summary>Milliseconds since 1970; the time of arrival when missing.</summary>
    public long? Timestamp { get; init; }

    /// <summary>An object of names and values, or an array of <c>{"key":…,"value":…}</c> when order or repeated names matter.</summary>
    public JsonElement? Headers { get; init; }

    /// <summary>Overrides the request's.</summary>
    public string? Encoding { get; init; }

    /// <summary>Overrides the request's.</summary>
    public string? KeyEncoding { get; init; }
}

/// <summary>Answer to a produce request.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="Records">What became of each record, in the request's order.</param>
internal sealed record ProduceAnswer(string Topic, IReadOnlyList<RecordOutcome> Records);

/// <summary>Answer to a produce request that waits for nothing (acks=0).</summary>
/// <param name="Topic">The topic.</param>
/// <param name="Accepted">Records handed to the broker, of which nothing more is known.</param>
internal sealed record ProduceAccepted(string Topic, int Accepted);

/// <summary>What became of a record.</summary>
/// <param name="Partition">Where it went.</param>
/// <param name="Offset">Its offset, when it was acknowledged.</param>
/// <param name="Timestamp">The broker's timestamp in ms since 1970, for topics with LogAppendTime.</param>
/// <param name="Durability">What the acknowledgement is worth: <c>eventual</c>, <c>local</c> or <c>object</c>.</param>
/// <param name="Code">Name of the error code, when it was refused.</param>
/// <param name="Detail">Why, when it was refused.</param>
/// <param name="Retriable">Whether it may succeed when sent again, when it was refused.</param>
internal readonly record struct RecordOutcome(
    int Partition, long? Offset, long? Timestamp, string? Durability, string? Code = null, string? Detail = null, bool? Retriable = null)
{
    public static RecordOutcome Of(int partition, int index, in AppendResult result) => result.Error == BrokerErrorCode.None
        ? new(
            partition, result.BaseOffset + index, result.LogAppendTimeMs < 0 ? null : result.LogAppendTimeMs, DurabilityText(result.Durability))
        : new(partition, null, null, null, result.Error.ToString(), result.Message, result.Error.IsRetriable());

    private static string DurabilityText(AckDurability durability) => durability switch
    {
        AckDurability.Eventual => "eventual",
        AckDurability.Local => "local",
        AckDurability.Object => "object",
        _ => throw new ArgumentOutOfRangeException(nameof(durability), durability, "Not a durability."),
    };
}
