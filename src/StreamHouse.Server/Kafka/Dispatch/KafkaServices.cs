using StreamHouse.Broker.Buffers;
using StreamHouse.Server.Kafka.Connections;

namespace StreamHouse.Server.Kafka.Dispatch;

/// <summary>What all connections share.</summary>
/// <param name="Options">Limits.</param>
/// <param name="Handlers">The APIs served.</param>
/// <param name="Buffers">Where requests are read into.</param>
/// <param name="Memory">What requests may hold.</param>
/// <param name="Metrics">What is counted.</param>
/// <param name="Clock">The time.</param>
/// <param name="Log">Where to log.</param>
internal sealed record KafkaServices(
    KafkaOptions Options, KafkaHandlers Handlers, BufferPool Buffers, RequestMemory Memory, KafkaMetrics Metrics, TimeProvider Clock, ILogger Log);
