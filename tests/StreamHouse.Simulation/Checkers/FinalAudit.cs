using StreamHouse.Broker;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;
using StreamHouse.Simulation.Actors;
using StreamHouse.Simulation.World;
using StreamHouse.Simulation.World.Nodes;

namespace StreamHouse.Simulation.Checkers;

/// <summary>Reads everything at the end of a run and holds it against all that anybody knew.</summary>
internal static class FinalAudit
{
    /// <summary>Reads a partition's whole log from its leader.</summary>
    /// <returns>Records by offset, and the log start.</returns>
    /// <exception cref="BrokerException">The process does not lead the partition any more.</exception>
    public static Task<(long Start, List<ulong> Records)> ReadAsync(LocalBroker broker, TopicPartition partition) =>
        ReadAsync(partition, offset => Requests.FetchAsync(broker, partition, offset, 1 << 20, TimeSpan.Zero));

    /// <summary>Reads a partition's whole log from its leader, which is asked for what lies from an offset on.</summary>
    internal static async Task<(long Start, List<ulong> Records)> ReadAsync(TopicPartition partition, Func<long, Task<Fetched>> fetch)
    {
        List<ulong> records = [];
        long start = -1;
        for (long offset = 0; ;)
        {
            Fetched fetched = await fetch(offset);
            if (fetched.Error == BrokerErrorCode.OffsetOutOfRange && fetched.LogStart > offset)
            {
                // Retention has passed by meanwhile.
                (offset, start) = (fetched.LogStart, -1);
                records.Clear();
                continue;
            }
            if (fetched.Error is BrokerErrorCode.NotLeader or BrokerErrorCode.Fenced)
            {
                throw new BrokerException(fetched.Error, fetched.Message!);
            }
            if (fetched.Error != BrokerErrorCode.None)
            {
                throw new InvariantException($"{partition} cannot be read at {offset}: {fetched.Error} {fetched.Message}");
            }
            start = start < 0 ? fetched.LogStart : start;
            long before = offset;
            foreach ((long at, ulong hash) in RecordMaker.Read(fetched.Batches))
            {
                if (at < offset)
                {
                    continue;
                }
                if (at != offset)
                {
                    throw new InvariantException($"{partition}: after {offset - 1} comes {at}.");
                }
                records.Add(hash);
                offset++;
            }
            if (offset >= fetched.HighWatermark)
            {
                return (start, records);
            }
            if (offset == before)
            {
                throw new InvariantException($"{partition} has nothing at {offset}, below its high watermark {fetched.HighWatermark}.");
            }
        }
    }

    /// <summary>Holds a log against the model: what was acknowledged or read is there, where it was, and nothing is there twice.</summary>
    /// <param name="all">Everything that clients know.</param>
    /// <param name="model">What they know of this partition.</param>
    /// <param name="start">Its log start.</param>
    /// <param name="records">Its records from there on.</param>
    /// <param name="epoch">Epoch of its leader, which has been in force since its first record was sequenced; -1 when that is not known.</param>
    public static void Check(LogModel all, PartitionModel model, long start, IReadOnlyList<ulong> records, long epoch = -1)
    {
        model.SeeLogStart(start);
        if (start < model.GoneBelow)
        {
            throw new InvariantException($"{model.Partition} starts at {start}, but everything below {model.GoneBelow} was deleted.");
        }
        foreach ((long offset, KnownRecord known) in model.Known)
        {
            string was = known.Acknowledged ? "acknowledged" : "read";
            if (offset >= start + records.Count)
            {
                throw new InvariantException($"{model.Partition}: {known.Record:x16}, {was} at {offset} ({known.By}), is lost: the log ends at {start + records.Count}.");
            }
            if (offset >= start && records[(int)(offset - start)] != known.Record)
            {
                throw new InvariantException($"{model.Partition}: at {offset} lies {records[(int)(offset - start)]:x16}, but {known.Record:x16} was {was} there ({known.By}).");
            }
        }
        for (int i = 0; i < records.Count; i++)
        {
            if (!all.Made.Contains(records[i]))
            {
                throw new InvariantException($"{model.Partition}: {records[i]:x16} lies at {start + i}, but nobody has sent it.");
            }
            model.Learn(start + i, records[i], acknowledged: false, "the audit");
        }
        WeakAudit.Check(model, start, records, epoch);
        CheckOrder(model);
    }

    // What was appended without an answer, and never came into the log, took no effect; what did has its place by now.
    private static void CheckOrder(PartitionModel model)
    {
        List<LogOperation> operations = [];
        foreach (AppendOperation append in model.Appends)
        {
            if (model.Find(append.First) is { } offset)
            {
                operations.Add(new LogOperation(append.Began, append.Ended, offset, append.Count));
            }
        }
        foreach (EndOperation asked in model.Ends)
        {
            operations.Add(new LogOperation(asked.Began, asked.Ended, asked.Offset, 0));
        }
        if (!Linearizability.Holds(operations))
        {
            throw new InvariantException($"{model.Partition}: no order of its {operations.Count} operations explains all of their answers.");
        }
    }

    /// <summary>Holds the metadata's topics against those that were acknowledged: no more and no fewer.</summary>
    public static async Task CheckTopicsAsync(SimWorld world, LogModel model)
    {
        foreach (TopicDescription topic in await world.Database.Store.ListTopicsAsync(CancellationToken.None))
        {
            if (!model.Topics.Exists(t => t.Id == topic.Id && !t.Gone))
            {
                throw new InvariantException($"The metadata has a topic {topic.Name} ({topic.Id}) that nobody has, or that was deleted.");
            }
        }
        foreach (SimNode node in world.Nodes)
        {
            foreach (TopicModel topic in model.Topics)
            {
                topic.Check(node.Broker!, node.Name);
            }
        }
    }

    /// <summary>Holds a group's committed offsets against what its members were promised.</summary>
    public static async Task CheckGroupAsync(LogModel model, GroupModel group, LocalBroker broker)
    {
        IReadOnlyList<GroupOffset> found = await broker.Groups.FetchOffsetsAsync(group.Name, null, CancellationToken.None);
        foreach (TopicPartition partition in model.Live)
        {
            group.Fetched(partition, found.FirstOrDefault(o => o.Partition == partition), group.FloorOf(partition), "the audit");
        }
    }

    /// <summary>Holds the manifest against the bucket: rows without gap or overlap, each backed by an object of the right size, the last ending where the lease does.</summary>
    public static async Task CheckManifestAsync(SimWorld world, Lease lease)
    {
        IReadOnlyList<SegmentRow> rows = await world.Database.Store.ListSegmentsAsync(lease.Partition, 0, int.MaxValue, CancellationToken.None);
        long end = rows.Count == 0 ? lease.EndOffset : rows[0].BaseOffset;
        foreach (SegmentRow row in rows)
        {
            if (row.BaseOffset != end)
            {
                throw new InvariantException($"{lease.Partition}: the manifest goes from {end} to {row.BaseOffset}.");
            }
            if (world.Bucket.Find(row.Key)?.Bytes.Length != row.ObjectBytes)
            {
                throw new InvariantException($"{lease.Partition}: the manifest has [{row.BaseOffset}, {row.EndOffset}) in {row.Key}, which is not in the bucket.");
            }
            end = row.EndOffset;
        }
        if (end != lease.EndOffset || (rows.Count > 0 && rows[0].BaseOffset > lease.LogStartOffset))
        {
            throw new InvariantException(
                $"{lease.Partition}: the manifest ends at {end} and the lease at {lease.EndOffset}; the log starts at {lease.LogStartOffset}.");
        }
    }
}
