using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Segments;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Broker.Lifecycle;

/// <summary>
/// Decides by an object's own table why the metadata does not know it: something else took its place, it never was committed, or the metadata
/// is older than the object. One instance per search. See docs/adr/0003.
/// </summary>
internal sealed class OrphanJudge(IManifestStore manifest, IObjectStore objects)
{
    // A process leaves at most this many uploads in flight behind (UploadOptions.InFlightMax); one more was committed by someone.
    private const int UncommittedUploadsMax = 64;

    private readonly Dictionary<(TopicPartition Partition, long Epoch), HashSet<long>> _uncommitted = [];

    /// <summary>Judges one object that the metadata does not know.</summary>
    public async Task<OrphanVerdict> JudgeAsync(PendingObject orphan, CancellationToken ct)
    {
        SegmentTable table;
        try
        {
            table = await SegmentInspector.ReadTableAsync(objects, new StoredObject(orphan.Key, orphan.Bytes, default), ct);
        }
        catch (ObjectNotFoundException)
        {
            return OrphanVerdict.Gone;
        }
        catch (SegmentFormatException)
        {
            return OrphanVerdict.Unreadable;
        }
        if (table.ObjectId != orphan.ObjectId)
        {
            return OrphanVerdict.Unreadable;
        }

        // Read after the object was seen: what was committed meanwhile counts.
        IReadOnlyList<PartitionKnowledge> known = await manifest.ReadKnowledgeAsync([.. table.Slices.Select(s => s.Partition)], ct);
        OrphanVerdict worst = OrphanVerdict.Replaced;
        for (int i = 0; i < known.Count; i++)
        {
            OrphanVerdict verdict = Judge(table.Slices[i], known[i]);
            worst = verdict > worst ? verdict : worst;
        }
        return worst;
    }

    private OrphanVerdict Judge(SegmentSlice slice, PartitionKnowledge known) => known.Presence switch
    {
        PartitionPresence.Unknown => OrphanVerdict.Newer,
        PartitionPresence.Deleted => OrphanVerdict.Replaced,
        _ when slice.Epoch > known.Epoch => OrphanVerdict.Newer,
        _ when slice.EndOffset <= known.EndOffset => OrphanVerdict.Replaced,
        _ => CountUncommitted(slice) > UncommittedUploadsMax ? OrphanVerdict.Newer : OrphanVerdict.Uncommitted,
    };

    // Attempts at one upload share their base offset.
    private int CountUncommitted(SegmentSlice slice)
    {
        if (!_uncommitted.TryGetValue((slice.Partition, slice.Epoch), out HashSet<long>? offsets))
        {
            _uncommitted.Add((slice.Partition, slice.Epoch), offsets = []);
        }
        offsets.Add(slice.BaseOffset);
        return offsets.Count;
    }
}

/// <summary>Why the metadata does not know an object, the worst last.</summary>
internal enum OrphanVerdict
{
    /// <summary>It has been deleted meanwhile.</summary>
    Gone,

    /// <summary>Every offset in it was committed with another object, or its topic is deleted: it may go.</summary>
    Replaced,

    /// <summary>It reaches above the committed end: an upload that was cut off, or the last records of newer metadata. It is kept.</summary>
    Uncommitted,

    /// <summary>Its table cannot be read. It is kept.</summary>
    Unreadable,

    /// <summary>Only newer metadata can have made it: everything is kept.</summary>
    Newer,
}
