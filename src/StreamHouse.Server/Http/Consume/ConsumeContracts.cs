using System.Text.Json;

namespace StreamHouse.Server.Http.Consume;

/// <summary>Shape of a read's answer for the OpenAPI document; the answer itself is written by <see cref="RecordJson"/>, without these objects.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="Partition">The partition.</param>
/// <param name="Records">Records in offset order.</param>
/// <param name="NextOffset">Where to read on.</param>
/// <param name="HighWatermark">Offset after the last that readers see.</param>
/// <param name="LogStartOffset">First readable offset.</param>
internal sealed record FetchAnswer(
    string Topic, int Partition, IReadOnlyList<ConsumedRecord> Records, long NextOffset, long HighWatermark, long LogStartOffset);

/// <summary>Shape of one record read.</summary>
internal sealed record ConsumedRecord
{
    /// <summary>Its partition, on event streams only.</summary>
    public int? Partition { get; init; }

    /// <summary>Its offset.</summary>
    public required long Offset { get; init; }

    /// <summary>Its timestamp, ms since 1970.</summary>
    public required long Timestamp { get; init; }

    /// <summary>Its key, or null.</summary>
    public required string? Key { get; init; }

    /// <summary><c>base64</c> when the key could not be written as asked.</summary>
    public string? KeyEncoding { get; init; }

    /// <summary>Its value, or null.</summary>
    public required JsonElement? Value { get; init; }

    /// <summary><c>base64</c> when the value could not be written as asked.</summary>
    public string? ValueEncoding { get; init; }

    /// <summary>Its headers in order; missing when there are none.</summary>
    public IReadOnlyList<ConsumedHeader>? Headers { get; init; }
}

/// <summary>Shape of one header read.</summary>
internal sealed record ConsumedHeader(string Key, string? Value, string? ValueEncoding);
