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
    ILogger Logger);

/// <summary>Where a partition finds the producer state stored with its newest slice.</summary>
internal interface IProducerSnapshots
{
    /// <summary>The snapshot of a partition's newest slice; empty when it has none.</summary>
    /// <exception cref="BrokerException">It cannot be read.</exception>
    Task<Producers.ProducerSnapshot> LoadAsync(Topics.TopicPartition partition, CancellationToken ct);
}
