using StreamHouse.Broker.Producers;

namespace StreamHouse.Broker.Segments;

/// <summary>What an inspection found in one segment object.</summary>
/// <param name="Key">The object.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Header">Its header; null when that is damaged.</param>
/// <param name="Slices">Its slices; empty when the table is damaged.</param>
/// <param name="Problems">Everything that is wrong, one sentence each; empty when the object is whole.</param>
public sealed record SegmentReport(string Key, long Bytes, SegmentHeader? Header, IReadOnlyList<SliceReport> Slices, IReadOnlyList<string> Problems);

/// <summary>One slice of an inspected segment.</summary>
/// <param name="Slice">What the table says.</param>
/// <param name="CrcMatches">Whether the slice's bytes have the table's checksum.</param>
/// <param name="Index">The sparse index; empty when damaged.</param>
/// <param name="Producers">The producer snapshot; null when damaged.</param>
/// <param name="Batches">The batches up to the first that has no readable header.</param>
public sealed record SliceReport(
    SegmentSlice Slice, bool CrcMatches, IReadOnlyList<SegmentIndexEntry> Index, ProducerSnapshot? Producers, IReadOnlyList<BatchReport> Batches);

/// <summary>One batch of an inspected slice.</summary>
/// <param name="Position">Where it begins in the object.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="BaseOffset">First offset.</param>
/// <param name="NextOffset">Offset after the last.</param>
/// <param name="LeaderEpoch">Epoch of the leader that appended it.</param>
/// <param name="Records">Number of records.</param>
/// <param name="Codec">How it is compressed.</param>
/// <param name="BaseTimestamp">ms since 1970.</param>
/// <param name="MaxTimestamp">ms since 1970.</param>
/// <param name="ProducerId">Its producer, or -1.</param>
/// <param name="ProducerEpoch">That producer's epoch, or -1.</param>
/// <param name="BaseSequence">Sequence of the first record, or -1.</param>
/// <param name="CrcMatches">Whether its bytes have its checksum.</param>
public readonly record struct BatchReport(
    long Position,
    int Bytes,
    long BaseOffset,
    long NextOffset,
    int LeaderEpoch,
    int Records,
    Records.CompressionCodec Codec,
    long BaseTimestamp,
    long MaxTimestamp,
    long ProducerId,
    short ProducerEpoch,
    int BaseSequence,
    bool CrcMatches);
