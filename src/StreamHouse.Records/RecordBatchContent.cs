namespace StreamHouse.Records;

/// <summary>What the records of a batch say, as found by <see cref="RecordBatchValidator.ValidateRecords"/>.</summary>
/// <param name="MaxTimestamp">Greatest record timestamp, Unix milliseconds; the header's may differ when the producer was careless.</param>
/// <param name="OffsetOfMaxTimestamp">Offset of the first record that has it.</param>
/// <param name="KeylessRecords">How many records have a null key, which compacted topics refuse.</param>
/// <param name="PayloadBytes">Bytes of the records, decompressed.</param>
public readonly record struct RecordBatchContent(long MaxTimestamp, long OffsetOfMaxTimestamp, int KeylessRecords, int PayloadBytes);
