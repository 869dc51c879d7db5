using Microsoft.Extensions.Logging;
using StreamHouse.Broker.Diagnostics;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.NodeLogs;
using StreamHouse.Broker.Segments;

namespace StreamHouse.Broker;

/// <summary>What the engine needs from outside.</summary>
/// <param name="Metadata">The metadata store.</param>
/// <param name="Objects">The object store.</param>
/// <param name="LogDevice">The folder of the node log.</param>
/// <param name="Clock">Time.</param>
/// <param name="Random">Random numbers and ids.</param>
/// <param name="Metrics">Measurements.</param>
/// <param name="Loggers">Logs.</param>
public sealed record BrokerPorts(
    IMetadataStore Metadata, IObjectStore Objects, ILogDevice LogDevice, TimeProvider Clock, IRandomSource Random, BrokerMetrics Metrics,
    ILoggerFactory Loggers);
