using StreamHouse.Broker;
using StreamHouse.Broker.Diagnostics;
using StreamHouse.Kafka;
using StreamHouse.Server.Configuration;
using StreamHouse.Server.Hosting;
using StreamHouse.Server.Kafka.ApiVersions;
using StreamHouse.Server.Kafka.Cluster;
using StreamHouse.Server.Kafka.Configs;
using StreamHouse.Server.Kafka.Connections;
using StreamHouse.Server.Kafka.Dispatch;
using StreamHouse.Server.Kafka.Fetching;
using StreamHouse.Server.Kafka.Groups;
using StreamHouse.Server.Kafka.Listeners;
using StreamHouse.Server.Kafka.Metadata;
using StreamHouse.Server.Kafka.Offsets;
using StreamHouse.Server.Kafka.Producers;
using StreamHouse.Server.Kafka.Producing;
using StreamHouse.Server.Kafka.Topics;

namespace StreamHouse.Server.Kafka;

/// <summary>The Kafka protocol over one broker: every API it serves is named here.</summary>
internal static class KafkaFrontEnd
{
    /// <summary>Puts the listener together; <see cref="KafkaListener.Start"/> binds it.</summary>
    /// <exception cref="StartupException">An address or the certificate cannot be used.</exception>
    public static KafkaListener Create(IBroker broker, BrokerMetrics metrics, TimeProvider clock, ServerSettings settings, ILoggerFactory logs)
    {
        KafkaOptions options = settings.Get<KafkaOptions>();
        return Create(broker, metrics, clock, options, KafkaEndpoints.Of(settings.Get<ServerOptions>(), options), logs);
    }

    /// <summary>Puts the listener together for given endpoints.</summary>
    /// <exception cref="StartupException">The certificate cannot be used.</exception>
    public static KafkaListener Create(
        IBroker broker, BrokerMetrics metrics, TimeProvider clock, KafkaOptions options, IReadOnlyList<KafkaEndpoint> endpoints, ILoggerFactory logs)
    {
        ILogger log = logs.CreateLogger("StreamHouse.Kafka");
        KafkaMetrics kafkaMetrics = new(metrics, clock);
        KafkaHandlers handlers = new(kafkaMetrics, log);
        handlers.Add(ApiKey.Produce, new ProduceApi(broker, metrics, kafkaMetrics, clock));
        handlers.Add(ApiKey.Fetch, new FetchApi(broker, metrics, kafkaMetrics, clock, options));
        handlers.Add(new ApiVersionsHandler(handlers));
        handlers.Add(new MetadataHandler(broker, options));
        handlers.Add(new ListOffsetsHandler(broker));
        handlers.Add(new OffsetForLeaderEpochHandler(broker));
        handlers.Add(new InitProducerIdHandler(broker));
        AddGroups(handlers, broker, clock, options);
        AddAdministration(handlers, broker, clock, options);
        return new KafkaListener(
            endpoints, new KafkaServices(options, handlers, broker.Buffers, new RequestMemory(options.RequestsBytesMax), kafkaMetrics, clock, log));
    }

    private static void AddGroups(KafkaHandlers handlers, IBroker broker, TimeProvider clock, KafkaOptions options)
    {
        handlers.Add(new FindCoordinatorHandler(options));
        handlers.Add(new JoinGroupHandler(broker.Groups));
        handlers.Add(new SyncGroupHandler(broker.Groups));
        handlers.Add(new HeartbeatHandler(broker.Groups));
        handlers.Add(new LeaveGroupHandler(broker.Groups));
        handlers.Add(new OffsetCommitHandler(broker));
        handlers.Add(new OffsetFetchHandler(broker));
        handlers.Add(new OffsetDeleteHandler(broker));
        handlers.Add(new DescribeGroupsHandler(broker.Groups));
        handlers.Add(new ListGroupsHandler(broker.Groups));
        handlers.Add(new DeleteGroupsHandler(broker.Groups, clock));
    }

    private static void AddAdministration(KafkaHandlers handlers, IBroker broker, TimeProvider clock, KafkaOptions options)
    {
        handlers.Add(new CreateTopicsHandler(broker, options));
        handlers.Add(new DeleteTopicsHandler(broker));
        handlers.Add(new CreatePartitionsHandler(broker, options));
        handlers.Add(new DeleteRecordsHandler(broker, clock));
        handlers.Add(new DescribeConfigsHandler(broker, options));
        handlers.Add(new AlterConfigsHandler(broker));
        handlers.Add(new IncrementalAlterConfigsHandler(broker));
        handlers.Add(new DescribeClusterHandler(broker, options));
        handlers.Add(new DescribeLogDirsHandler(broker));
        handlers.Add(new ListPartitionReassignmentsHandler());
    }
}
