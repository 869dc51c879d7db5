using Microsoft.Extensions.Logging;
using StreamHouse.Broker.Buffers;
using StreamHouse.Broker.Diagnostics;
using StreamHouse.Broker.NodeLogs;

namespace StreamHouse.Broker.Partitions;

/// <summary>What all partitions of a process share.</summary>
internal sealed record PartitionServices(
    TimeProvider Clock,
    NodeLog NodeLog,
    SlabArena Slabs,
    TailMemory Memory,
    AppendAdmission Admission,
    AppendTimeouts AppendTimeouts,
    BatchValidator Validator,
    BrokerMetrics Metrics,
    IProducerSnapshots ProducerSnapshots,
    Func<bool> LeasesAreSure,
    EngineBreak Break,
    ILogger Logger);

/// <summary>Where a partition finds the producer state stored with its newest slice.</summary>
internal interface IProducerSnapshots
{
    /// <summary>
    /// What makes up the state as of a partition's newest slice: a whole snapshot, and the partial ones of later slices to lay over it, in
    /// that order; nothing when there are no slices.
    /// </summary>
    /// <param name="partition">Which.</param>
    /// <param name="logStart">Damage in slices that end at or below it does not count: their records are gone, and so are duplicates of them.</param>
    /// <param name="ct">Ends the reads.</param>
    /// <exception cref="BrokerException">
    /// <see cref="BrokerErrorCode.DataDamaged"/>: an object is missing or damaged; the message names it and says what to do. Another code: it cannot be read now.
    /// </exception>
    Task<IReadOnlyList<Producers.ProducerSnapshot>> LoadAsync(Topics.TopicPartition partition, long logStart, CancellationToken ct);
}
