namespace StreamHouse.Simulation.Checkers;

/// <summary>
/// What holds for records that were sent once and acknowledged when they were sequenced, or not at all: each is in the log once or not at all, in the
/// order they were sent, and without a crash all of them are.
/// </summary>
internal static class WeakAudit
{
    /// <summary>Holds a whole log against them.</summary>
    /// <param name="model">What clients know of the partition.</param>
    /// <param name="start">Its log start.</param>
    /// <param name="records">Its records from there on.</param>
    /// <param name="epoch">The epoch in force, in which nothing can have been lost; -1 for none.</param>
    public static void Check(PartitionModel model, long start, IReadOnlyList<ulong> records, long epoch)
    {
        foreach (IGrouping<long, WeakAppend> leader in model.Weak.GroupBy(w => w.Epoch))
        {
            WeakAppend? lost = null;
            foreach (WeakAppend append in leader.OrderBy(w => w.Offset).Where(w => w.Offset >= start))
            {
                int at = (int)(append.Offset - start);
                bool present = at + append.Records.Length <= records.Count && records.Skip(at).Take(append.Records.Length).SequenceEqual(append.Records);
                if (present && lost is not null)
                {
                    throw new InvariantException(
                        $"{model.Partition}: of epoch {leader.Key} the records at {lost.Offset} are lost, but not those at {append.Offset} after them.");
                }
                if (!present && leader.Key == epoch)
                {
                    throw new InvariantException($"{model.Partition}: the records sequenced at {append.Offset} in epoch {epoch} are lost, and nothing has crashed since.");
                }
                lost = present ? lost : append;
            }
        }
        foreach (List<ulong> order in model.Orders)
        {
            long last = -1;
            foreach (ulong record in order)
            {
                if (model.Find(record) is { } offset)
                {
                    if (offset < last)
                    {
                        throw new InvariantException($"{model.Partition}: {record:x16} lies at {offset}, but was sent after what lies at {last}.");
                    }
                    last = offset;
                }
            }
        }
    }
}
