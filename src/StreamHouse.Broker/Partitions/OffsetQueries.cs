using StreamHouse.Broker.Topics;

namespace StreamHouse.Broker.Partitions;

/// <summary>The same question to many partitions.</summary>
public static class OffsetQueries
{
    private const int AskedAheadMax = 256;

    /// <summary>
    /// Asks partitions for an offset, in order, as the answers are enumerated. Linearizable questions are asked up to 256 ahead, so that they share
    /// their reads of the metadata; others one at a time.
    /// </summary>
    /// <param name="broker">Whom to ask.</param>
    /// <param name="partitions">Where.</param>
    /// <param name="query">Which.</param>
    /// <param name="timestampMs">For <see cref="OffsetQuery.ByTimestamp"/>: ms since 1970.</param>
    /// <param name="consistency">How fresh the answers must be.</param>
    /// <param name="ct">Ends the waits.</param>
    /// <returns>The answers in the order of the partitions; each may fail with <see cref="BrokerException"/>.</returns>
    public static IEnumerable<Task<OffsetResult>> FindOffsets(
        this IBroker broker, IEnumerable<TopicPartition> partitions, OffsetQuery query, long timestampMs, ReadConsistency consistency,
        CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(broker);
        ArgumentNullException.ThrowIfNull(partitions);
        return Ask();

        IEnumerable<Task<OffsetResult>> Ask()
        {
            int ahead = consistency == ReadConsistency.Linearizable ? AskedAheadMax : 1;
            Queue<Task<OffsetResult>> asked = new(ahead);
            foreach (TopicPartition partition in partitions)
            {
                if (asked.Count == ahead)
                {
                    yield return asked.Dequeue();
                }
                asked.Enqueue(broker.FindOffsetAsync(partition, query, timestampMs, consistency, ct));
            }
            while (asked.TryDequeue(out Task<OffsetResult>? answer))
            {
                yield return answer;
            }
        }
    }
}
