using StreamHouse.Records;

namespace StreamHouse.Server.Http.Produce;

/// <summary>A record as a request holds it; its memory may be part of the request's body.</summary>
/// <param name="Partition">Where the sender wants it, or null.</param>
/// <param name="Key">The key, or null.</param>
/// <param name="Value">The value, or null.</param>
/// <param name="TimestampMs">The sender's timestamp, or null.</param>
/// <param name="Headers">Headers in their order.</param>
internal readonly record struct IncomingRecord(
    int? Partition, ReadOnlyMemory<byte>? Key, ReadOnlyMemory<byte>? Value, long? TimestampMs, RecordHeader[] Headers);
