namespace StreamHouse.Broker.Segments;

/// <summary>What a read from a segment gave.</summary>
/// <param name="Bytes">Bytes added to the target; 0 when the first batch was larger than allowed.</param>
/// <param name="NextOffset">Where to go on: the offset after the last batch added, or the one asked for when nothing was.</param>
public readonly record struct SegmentReadResult(int Bytes, long NextOffset);
