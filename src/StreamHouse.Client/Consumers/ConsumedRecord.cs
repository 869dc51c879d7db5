using StreamHouse.Records;

namespace StreamHouse.Client.Consumers;

/// <summary>A record with memory of its own.</summary>
public sealed class ConsumedRecord
{
    internal ConsumedRecord(string topic, int partition, in Record record)
    {
        Topic = topic;
        Partition = partition;
        Offset = record.Offset;
        TimestampMs = record.Timestamp;

        // One array for key and value.
        ReadOnlySpan<byte> key = record.Key.Span;
        ReadOnlySpan<byte> value = record.Value.Span;
        byte[] bytes = key.Length + value.Length == 0 ? [] : GC.AllocateUninitializedArray<byte>(key.Length + value.Length);
        key.CopyTo(bytes);
        value.CopyTo(bytes.AsSpan(key.Length));

        // The casts matter: a plain null would become an empty Memory.
        Key = record.IsKeyNull ? (ReadOnlyMemory<byte>?)null : bytes.AsMemory(0, key.Length);
        Value = record.IsValueNull ? (ReadOnlyMemory<byte>?)null : bytes.AsMemory(key.Length);
        Headers = record.HeaderCount == 0 ? [] : HeadersOf(record);
    }

    /// <summary>The topic.</summary>
    public string Topic { get; }

    /// <summary>The partition.</summary>
    public int Partition { get; }

    /// <summary>The offset in the partition.</summary>
    public long Offset { get; }

    /// <summary>The timestamp in ms since 1970: the producer's, or the broker's where the topic uses append time.</summary>
    public long TimestampMs { get; }

    /// <summary>The timestamp.</summary>
    public DateTimeOffset Timestamp => DateTimeOffset.FromUnixTimeMilliseconds(TimestampMs);

    /// <summary>The key, or null.</summary>
    public ReadOnlyMemory<byte>? Key { get; }

    /// <summary>The value, or null: a tombstone on a compacted topic.</summary>
    public ReadOnlyMemory<byte>? Value { get; }

    /// <summary>The headers in their order.</summary>
    public IReadOnlyList<RecordHeader> Headers { get; }

    private static List<RecordHeader> HeadersOf(in Record record)
    {
        List<RecordHeader> headers = new(record.HeaderCount);
        foreach (RecordHeaderView header in record.Headers)
        {
            headers.Add(header.ToHeader());
        }
        return headers;
    }
}
