using StreamHouse.Broker;
using StreamHouse.Broker.Topics;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;
using StreamHouse.Server.Kafka.Dispatch;

namespace StreamHouse.Server.Kafka.Metadata;

/// <summary>Tells who this cluster is: one broker that leads everything, under the address by which the asking client reaches it.</summary>
internal sealed class MetadataHandler(IBroker broker, KafkaOptions options) : IKafkaHandler<MetadataRequest, MetadataResponse>
{
    private readonly int[] _self = [options.NodeId];
    private readonly string _clusterId = ClusterIdOf(broker.Status.ClusterId);

    /// <summary>A cluster's id as Kafka writes them: 22 characters of base64, safe in URLs.</summary>
    public static string ClusterIdOf(Guid id) =>
        Convert.ToBase64String(id.ToByteArray(bigEndian: true))[..22].Replace('+', '-').Replace('/', '_');

    public async ValueTask<MetadataResponse> HandleAsync(MetadataRequest request, KafkaCall call)
    {
        MetadataResponse response = Describe(request, call);
        bool withOperations = request.IncludeTopicAuthorizedOperations;
        bool wantsAll = request.Topics is null || (call.Version == 0 && request.Topics.Length == 0);
        if (wantsAll)
        {
            response.Topics = [.. broker.ListTopics().Select(t => Describe(t, withOperations))];
            return response;
        }
        // A topic is told once, however often it is named: else a small request could ask for any amount of memory.
        List<MetadataResponse.Topic> topics = [];
        HashSet<(string?, Guid)> named = [];
        foreach (MetadataRequest.Topic asked in request.Topics!)
        {
            if (named.Add(asked.Name is null ? (null, asked.TopicId) : (asked.Name, default)))
            {
                call.Client.Closed.ThrowIfCancellationRequested();
                topics.Add(await FindAsync(asked, request.AllowAutoTopicCreation, withOperations));
            }
        }
        response.Topics = [.. topics];
        return response;
    }

    public MetadataResponse Refuse(MetadataRequest request, KafkaErrorCode error, string message) => new()
    {
        ControllerId = options.NodeId,
        ClusterId = _clusterId,
        Topics = [.. (request.Topics ?? []).Select(t => Unknown(t, error))],
    };

    private static MetadataResponse.Topic Unknown(MetadataRequest.Topic asked, KafkaErrorCode error) =>
        new() { ErrorCode = error, Name = asked.Name, TopicId = asked.TopicId };

    private MetadataResponse Describe(MetadataRequest request, in KafkaCall call) => new()
    {
        Brokers = [new MetadataResponse.Broker { NodeId = options.NodeId, Host = call.Client.AdvertisedHost, Port = call.Client.AdvertisedPort }],
        ClusterId = _clusterId,
        ControllerId = options.NodeId,
        ClusterAuthorizedOperations = AuthorizedOperations.OnCluster(request.IncludeClusterAuthorizedOperations),
    };

    private async ValueTask<MetadataResponse.Topic> FindAsync(MetadataRequest.Topic asked, bool mayCreate, bool withOperations)
    {
        if (asked.Name is null)
        {
            return broker.FindTopic(new TopicId(asked.TopicId)) is { } known
                ? Describe(known, withOperations)
                : Unknown(asked, KafkaErrorCode.UnknownTopicId);
        }
        if (broker.FindTopic(asked.Name) is { } found)
        {
            return Describe(found, withOperations);
        }
        try
        {
            if (mayCreate && options.AutoCreateTopics)
            {
                return Describe(await CreateAsync(asked.Name), withOperations);
            }
            if (broker.FindDeletedTopic(asked.Name) is { } deleted)
            {
                return Leaving(deleted, withOperations);
            }
            TopicName.ThrowIfInvalid(asked.Name);
            return Unknown(asked, KafkaErrorCode.UnknownTopicOrPartition);
        }
        catch (BrokerException e)
        {
            return Unknown(asked, KafkaErrors.Of(e.Code));
        }
    }

    // A topic goes in two steps, as it does in Kafka with ZooKeeper: first its partitions lose their leader. librdkafka 2.0 to 2.6 gives up its hold on a
    // leader only when it is told of another or of none; told at once that there is no topic, a consumer of it cannot be closed any more.
    private MetadataResponse.Topic Leaving(TopicDescription topic, bool withOperations) => new()
    {
        Name = topic.Name,
        TopicId = topic.Id.Value,
        Partitions =
        [
            .. Enumerable.Range(0, topic.Partitions).Select(p => new MetadataResponse.Partition
            {
                ErrorCode = KafkaErrorCode.LeaderNotAvailable,
                PartitionIndex = p,
                LeaderId = -1,
                LeaderEpoch = -1,
                ReplicaNodes = _self,
                IsrNodes = _self,
                OfflineReplicas = _self,
            }),
        ],
        TopicAuthorizedOperations = AuthorizedOperations.OnTopic(withOperations),
    };

    private async ValueTask<TopicDescription> CreateAsync(string name)
    {
        try
        {
            return await broker.CreateTopicAsync(name, null, null, TopicConfig.Default, CancellationToken.None);
        }
        catch (BrokerException e) when (e.Code == BrokerErrorCode.TopicAlreadyExists && broker.FindTopic(name) is { } created)
        {
            // Another request for the same topic was faster: one creation, and both are answered with it.
            return created;
        }
    }

    private MetadataResponse.Topic Describe(TopicDescription topic, bool withOperations)
    {
        IReadOnlyList<PartitionStatus> partitions;
        try
        {
            partitions = broker.DescribePartitions(topic.Id);
        }
        catch (BrokerException e)
        {
            return new MetadataResponse.Topic { ErrorCode = KafkaErrors.Of(e.Code), Name = topic.Name, TopicId = topic.Id.Value };
        }
        var described = new MetadataResponse.Partition[partitions.Count];
        for (int i = 0; i < described.Length; i++)
        {
            described[i] = Describe(partitions[i]);
        }
        return new MetadataResponse.Topic
        {
            Name = topic.Name,
            TopicId = topic.Id.Value,
            Partitions = described,
            TopicAuthorizedOperations = AuthorizedOperations.OnTopic(withOperations),
        };
    }

    private MetadataResponse.Partition Describe(PartitionStatus partition) => new()
    {
        ErrorCode = partition.Online ? KafkaErrorCode.None : KafkaErrorCode.LeaderNotAvailable,
        PartitionIndex = partition.Partition.Partition,
        LeaderId = partition.Online ? options.NodeId : -1,
        LeaderEpoch = (int)partition.LeaderEpoch,
        ReplicaNodes = _self,
        IsrNodes = _self,
        OfflineReplicas = partition.Online ? [] : _self,
    };
}
