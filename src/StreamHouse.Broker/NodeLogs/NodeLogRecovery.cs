namespace StreamHouse.Broker.NodeLogs;

/// <summary>What a folder's files say they belong to.</summary>
/// <param name="NodeLogId">The log.</param>
/// <param name="ClusterId">Its cluster.</param>
public sealed record NodeLogIdentity(Guid NodeLogId, Guid ClusterId);

/// <summary>An opened node log.</summary>
/// <param name="Log">Ready for appends.</param>
/// <param name="Groups">
/// Per group, in order, the batches that are not tiered: gapless from the group's tiered end. The receiver owns one reference to each batch's buffer.
/// All of them are synced: the high watermark may be the end of the last.
/// </param>
/// <param name="GroupsMet">Every group the log's files hold a batch of, tiered and deleted ones included.</param>
public sealed record NodeLogRecovery(
    NodeLog Log, IReadOnlyDictionary<long, IReadOnlyList<RecoveredBatch>> Groups, IReadOnlySet<long> GroupsMet);
