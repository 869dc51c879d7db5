using StreamHouse.Broker.Buffers;
using StreamHouse.Broker.Diagnostics;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Broker.Partitions;

/// <summary>What to read from one partition.</summary>
/// <param name="Partition">Where.</param>
/// <param name="Offset">First offset wanted.</param>
/// <param name="BytesMax">Byte limit for this partition; the first batch is returned even when larger.</param>
/// <param name="LeaderEpoch">The leader epoch the caller believes in, or -1.</param>
public readonly record struct FetchPartition(TopicPartition Partition, long Offset, int BytesMax, int LeaderEpoch = -1);

/// <summary>A read of one or more partitions that may wait for data.</summary>
/// <param name="Partitions">What to read, in order of preference.</param>
/// <param name="BytesMin">Wait until this many bytes are there; 0 or 1 answers with the first batch.</param>
/// <param name="BytesMax">Limit for the whole answer; the first batch is returned even when larger.</param>
/// <param name="WaitMax">Longest wait; zero answers at once. Never negative.</param>
public sealed record FetchRequest(IReadOnlyList<FetchPartition> Partitions, int BytesMin, int BytesMax, TimeSpan WaitMax)
{
    /// <summary>What the answer's bytes count against; null for nothing.</summary>
    public IFetchBudget? Budget { get; init; }

    /// <summary>How fresh the answer must be.</summary>
    public ReadConsistency Consistency { get; init; }

    /// <summary>Answers that are known already, by place in <see cref="Partitions"/>; null for none.</summary>
    internal IReadOnlyList<PartitionFetch?>? Refused { get; init; }
}

/// <summary>
/// Bounds the memory that many answers hold together: whole buffers, each once, however little of one an answer needs and however many answers lie
/// in it. Bytes are set aside before they are read, and a read stops when it holds as many, so that reads that begin at once stay within it, but for
/// the buffers of one batch each, or of the two ends of what lies together in an object. A broker's reads all use the same one, or none.
/// </summary>
public interface IFetchBudget
{
    /// <summary>Sets bytes aside for a read.</summary>
    /// <param name="bytesMax">What the read may return at most, in bytes; its first batch may be larger.</param>
    /// <param name="wait">How long the reader waits for its data, or for room.</param>
    /// <param name="ct">Ends the wait.</param>
    /// <returns>
    /// The bytes set aside, for records and for the buffers they lie in, which may be more or fewer; zero when there was no room in time, and then
    /// nothing is read.
    /// </returns>
    ValueTask<int> ReserveAsync(int bytesMax, TimeSpan wait, CancellationToken ct);

    /// <summary>Gives bytes back.</summary>
    /// <param name="bytes">How many; negative when a read holds more than was set aside.</param>
    void Release(long bytes);
}

/// <summary>Answer to a <see cref="FetchRequest"/>. Dispose it once the bytes are sent: that gives the buffers back.</summary>
/// <param name="partitions">One per requested partition, in the request's order.</param>
public sealed class FetchResult(IReadOnlyList<PartitionFetch> partitions) : IDisposable
{
    private IFetchBudget? _budget;

    /// <summary>One per requested partition, in the request's order.</summary>
    public IReadOnlyList<PartitionFetch> Partitions { get; } = partitions;

    /// <summary>The answer's buffers were counted: <see cref="Dispose"/> gives those back to the budget that no other answer lies in then.</summary>
    internal void ChargeTo(IFetchBudget budget) => _budget = budget;

    /// <inheritdoc/>
    public void Dispose()
    {
        long bytes = 0;
        for (int i = 0; i < Partitions.Count; i++)
        {
            bytes += Partitions[i].LeaveBuffers();
            Partitions[i].Release();
        }
        _budget?.Release(bytes);
        _budget = null;
    }
}

/// <summary>What was read from one partition.</summary>
public sealed class PartitionFetch
{
    private List<BufferSlice>? _slices;

    /// <summary>Which partition.</summary>
    public required TopicPartition Partition { get; init; }

    /// <summary>None, or why nothing was read.</summary>
    public BrokerErrorCode Error { get; init; }

    /// <summary>For a person, with an error.</summary>
    public string? Message { get; init; }

    /// <summary>Readers see offsets below this one; -1 with an error that hides it.</summary>
    public long HighWatermark { get; set; } = -1;

    /// <summary>Readers of committed records see offsets below this one.</summary>
    public long LastStableOffset { get; set; } = -1;

    /// <summary>End of what is sequenced: at or above <see cref="HighWatermark"/>.</summary>
    public long LogEndOffset { get; set; } = -1;

    /// <summary>First readable offset.</summary>
    public long LogStartOffset { get; init; } = -1;

    /// <summary>The leader's epoch.</summary>
    public long LeaderEpoch { get; init; } = -1;

    /// <summary>Whole record batches, back to back, in pieces whose borders need not be those of batches. The first may begin below the wanted offset.</summary>
    public IReadOnlyList<BufferSlice> Slices => _slices ?? (IReadOnlyList<BufferSlice>)[];

    /// <summary>Bytes in <see cref="Slices"/>.</summary>
    public int Bytes { get; private set; }

    /// <summary>Records in <see cref="Slices"/> at or after the wanted offset.</summary>
    internal long Records { get; private set; }

    /// <summary>Where <see cref="Slices"/> were read from.</summary>
    internal ReadSource Source { get; set; }

    /// <summary>What counts the buffers of <see cref="Slices"/>; null without a budget.</summary>
    internal FetchHold? Hold { get; init; }

    /// <summary>Counts records of pieces that are added.</summary>
    internal void Count(long records) => Records += records;

    /// <summary>Takes over the ends as they are now: bytes that were read from objects may lie above those of the moment the read began.</summary>
    internal void RefreshEnds(PartitionStatus now) =>
        (HighWatermark, LastStableOffset, LogEndOffset) = (now.HighWatermark, now.HighWatermark, now.LogEndOffset);

    /// <summary>Adds a piece, passing on one reference to its buffer.</summary>
    internal void Add(BufferSlice slice)
    {
        _slices ??= [];

        // Pieces of one buffer mostly follow one another.
        if (Hold is { } hold && (_slices.Count == 0 || _slices[^1].Owner != slice.Owner))
        {
            hold.Enter(slice.Owner);
        }
        _slices.Add(slice);
        Bytes += slice.Length;
    }

    /// <summary>Counts the buffers no more, before <see cref="Release"/>.</summary>
    /// <returns>Bytes of those that no other answer lies in.</returns>
    internal long LeaveBuffers()
    {
        long bytes = 0;
        for (int i = 0; Hold is not null && i < (_slices?.Count ?? 0); i++)
        {
            if (i == 0 || _slices![i].Owner != _slices[i - 1].Owner)
            {
                bytes += _slices![i].Owner.LeaveAnswer();
            }
        }
        return bytes;
    }

    internal void Release()
    {
        if (_slices is { } slices)
        {
            _slices = null;
            Bytes = 0;
            foreach (BufferSlice slice in slices)
            {
                slice.Owner.Release();
            }
        }
    }
}

/// <summary>Which offset is asked for.</summary>
public enum OffsetQuery
{
    /// <summary>The first readable offset.</summary>
    Earliest,

    /// <summary>The high watermark: the next offset a reader will see.</summary>
    Latest,

    /// <summary>The first offset whose record has a timestamp at or after the given one.</summary>
    ByTimestamp,

    /// <summary>The offset of the record with the largest timestamp.</summary>
    MaxTimestamp,

    /// <summary>The first readable offset that is not in objects; the high watermark when everything is.</summary>
    EarliestUntiered,

    /// <summary>The last readable offset that is in objects; -1 when there is none.</summary>
    LatestTiered,
}

/// <summary>An offset and the timestamp of its record.</summary>
/// <param name="Offset">The offset, or -1 when no record matches.</param>
/// <param name="TimestampMs">The record's timestamp, or -1.</param>
/// <param name="LeaderEpoch">The epoch of that offset, or -1.</param>
public readonly record struct OffsetResult(long Offset, long TimestampMs, long LeaderEpoch);
