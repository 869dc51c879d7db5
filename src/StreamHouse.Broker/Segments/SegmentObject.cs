using StreamHouse.Broker.Metadata;

namespace StreamHouse.Broker.Segments;

/// <summary>A segment ready to be stored.</summary>
/// <param name="Id">The upload's id.</param>
/// <param name="Key">Where it is stored.</param>
/// <param name="Content">Its bytes; the pieces that hold batches refer to the caller's buffers.</param>
/// <param name="Bytes">Total of <paramref name="Content"/>.</param>
/// <param name="Slices">One per slice added, in that order.</param>
public sealed record SegmentObject(Guid Id, string Key, IReadOnlyList<ReadOnlyMemory<byte>> Content, long Bytes, IReadOnlyList<SegmentSlice> Slices)
{
    /// <summary>What the manifest is told once the object is stored.</summary>
    /// <param name="holder">The committing incarnation.</param>
    public ObjectCommit ToCommit(Guid holder)
    {
        var slices = new SliceCommit[Slices.Count];
        for (int i = 0; i < slices.Length; i++)
        {
            slices[i] = Slices[i].ToCommit();
        }
        return new ObjectCommit(Id, Key, Bytes, holder, slices);
    }
}
