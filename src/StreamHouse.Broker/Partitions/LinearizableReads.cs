using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Broker.Partitions;

/// <summary>
/// Reads of <see cref="ReadConsistency.Linearizable"/>: first the metadata confirms that this process leads the partition in its writer's epoch, by a
/// read of the lease row that began after the request arrived; then the request is answered from memory like any other.
/// </summary>
/// <remarks>
/// <para>
/// Why that is linearizable for topics that acknowledge from objects; appends are those with <see cref="Acks.All"/>, the others are acknowledged
/// before they have happened. Batches become visible, and are acknowledged, only after their slice was committed by a transaction that requires the
/// lease row to name this holder and epoch; taking a lease changes both and starts the new leader at the row's committed end. Commits and take-overs
/// are therefore in one order, that of their transactions on the row. Let an append take effect when its leader raises the high watermark, or, if
/// that leader is deposed first, at the take-over, in offset order: always between its request and its acknowledgement, whoever sends that.
/// </para>
/// <para>
/// Say the row was read at moment <c>t</c>, and showed epoch <c>E</c> and this holder. Then no later epoch had begun at <c>t</c>: everything
/// acknowledged until then was acknowledged in <c>E</c>, by this process, and is below its high watermark, or before <c>E</c>, and is below the end
/// at which <c>E</c> began. The high watermark is taken after <c>t</c>, so it includes all of that. It is not ahead of what took effect either: if
/// the process still leads when it takes the mark, the mark is the log's end at that moment; if it was deposed at <c>u</c> between, the mark lies
/// between the log's end at <c>t</c> and the end with which the next epoch began, and the read takes its place among the appends that took effect at <c>u</c>. Both moments
/// are after the request and before its answer, also when the answer has waited for data. One confirmation is enough for that.
/// </para>
/// <para>
/// Where a commit's answer was lost, the row's end may lie above the high watermark: nobody has been shown or promised those batches yet, and the
/// leader shows them once the commit, tried again, turns out to have happened. So the row's end is not needed, only its epoch and holder.
/// </para>
/// <para>
/// Topics that acknowledge from the node log are led by the process that owns the cluster's data folder, which no other can take over while it runs;
/// what it acknowledged the next start recovers. The row is read all the same: it tells a process whose leases were taken in spite of that.
/// </para>
/// </remarks>
internal sealed class LinearizableReads(
    Func<TopicPartition, PartitionWriter?> find, ReadBarrier barrier, FetchCoordinator fetches, TimeProvider clock, EngineBreak broken)
{
    /// <summary>See <see cref="IBroker.FetchAsync"/>. The wait for data is shortened by the time the confirmation took.</summary>
    public async ValueTask<FetchResult> FetchAsync(FetchRequest request, CancellationToken ct)
    {
        long started = clock.GetTimestamp();
        PartitionFetch?[]? refused = await ConfirmAsync(request.Partitions, ct);
        TimeSpan left = request.WaitMax;
        if (left > TimeSpan.Zero)
        {
            left -= clock.GetElapsedTime(started);
            left = left < TimeSpan.Zero ? TimeSpan.Zero : left;
        }
        return await fetches.FetchAsync(request with { WaitMax = left, Refused = refused }, ct);
    }

    /// <summary>Ends once it is confirmed that a partition's writer leads it.</summary>
    /// <exception cref="BrokerException">
    /// <see cref="BrokerErrorCode.NotLeader"/>: another does. <see cref="BrokerErrorCode.UnknownTopic"/>: it was deleted.
    /// <see cref="BrokerErrorCode.TimedOut"/>, <see cref="BrokerErrorCode.Overloaded"/>: not confirmed.
    /// </exception>
    public async Task ConfirmAsync(PartitionWriter writer, CancellationToken ct)
    {
        if (broken == EngineBreak.SkipTheReadBarrier)
        {
            return;
        }
        IReadOnlyDictionary<TopicPartition, Lease> rows = await barrier.ReadAsync([writer.Partition], ct);
        if (Check(writer, rows) is { } refusal)
        {
            throw new BrokerException(refusal.Error, refusal.Message);
        }
    }

    // What is refused, by place in the request; null when nothing is. Only what was confirmed is left to the read: a partition that is not led
    // now may be by then, on the word of a row that was read before the request came.
    private async Task<PartitionFetch?[]?> ConfirmAsync(IReadOnlyList<FetchPartition> wanted, CancellationToken ct)
    {
        if (broken == EngineBreak.SkipTheReadBarrier)
        {
            return null;
        }
        PartitionWriter?[] writers = new PartitionWriter?[wanted.Count];
        PartitionFetch?[]? refused = null;
        List<TopicPartition> led = new(wanted.Count);
        for (int i = 0; i < writers.Length; i++)
        {
            TopicPartition partition = wanted[i].Partition;
            if (find(partition) is not { } writer)
            {
                Refuse(i, fetches.Unknown(partition));
            }
            else if (writer.ReadRefusal is { } refusal)
            {
                Refuse(i, new PartitionFetch { Partition = partition, Error = refusal.Error, Message = refusal.Message });
            }
            else
            {
                writers[i] = writer;
                led.Add(partition);
            }
        }
        if (led.Count == 0)
        {
            return refused;
        }
        IReadOnlyDictionary<TopicPartition, Lease>? rows = null;
        BrokerException? failure = null;
        try
        {
            rows = await barrier.ReadAsync(led, ct);
        }
        catch (BrokerException e)
        {
            failure = e;
        }
        for (int i = 0; i < writers.Length; i++)
        {
            if (writers[i] is { } writer && (rows is null ? (failure!.Code, failure.Message) : Check(writer, rows)) is { } refusal)
            {
                Refuse(i, new PartitionFetch { Partition = writer.Partition, Error = refusal.Error, Message = refusal.Message });
            }
        }
        return refused;

        void Refuse(int place, PartitionFetch answer) => (refused ??= new PartitionFetch?[wanted.Count])[place] = answer;
    }

    private static (BrokerErrorCode Error, string Message)? Check(PartitionWriter writer, IReadOnlyDictionary<TopicPartition, Lease> rows)
    {
        if (!rows.TryGetValue(writer.Partition, out Lease? row) || row.TopicDeleted)
        {
            return (BrokerErrorCode.UnknownTopic, $"Topic '{writer.Topic}' has been deleted.");
        }
        return row.Epoch == writer.Epoch && row.Holder == writer.Holder
            ? null
            : (BrokerErrorCode.NotLeader, $"Another process leads this partition: its epoch is {row.Epoch} and no longer {writer.Epoch}.");
    }
}
