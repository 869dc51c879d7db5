namespace StreamHouse.Records;

/// <summary>Where a batch comes from, which decides what it may contain.</summary>
public enum RecordBatchOrigin
{
    /// <summary>From a producer: dense offsets, no control records, no flags that only a broker sets.</summary>
    Producer,

    /// <summary>From the log: may be a control batch, may have append time, and compaction may have removed records.</summary>
    Log,
}
