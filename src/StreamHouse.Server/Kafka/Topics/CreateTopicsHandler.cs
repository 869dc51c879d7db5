using StreamHouse.Broker;
using StreamHouse.Broker.Topics;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;
using StreamHouse.Server.Kafka.Configs;
using StreamHouse.Server.Kafka.Dispatch;

namespace StreamHouse.Server.Kafka.Topics;

/// <summary>Creates topics, or tells whether they could be created. Each is created or refused by itself.</summary>
internal sealed class CreateTopicsHandler(IBroker broker, KafkaOptions options) : IKafkaHandler<CreateTopicsRequest, CreateTopicsResponse>
{
    public async ValueTask<CreateTopicsResponse> HandleAsync(CreateTopicsRequest request, KafkaCall call)
    {
        List<CreateTopicsResponse.Topic> answers = [];
        foreach (IGrouping<string, CreateTopicsRequest.Topic> asked in request.Topics.GroupBy(t => t.Name))
        {
            CreateTopicsResponse.Topic answer = new() { Name = asked.Key };
            PartFailure failure = await PartFailure.OfAsync(() => asked.Count() == 1
                ? CreateAsync(asked.First(), request.ValidateOnly, answer)
                : throw new BrokerException(BrokerErrorCode.InvalidRequest, $"The request names the topic '{asked.Key}' {asked.Count()} times."));
            (answer.ErrorCode, answer.ErrorMessage) = (failure.Code, failure.Message);
            answers.Add(answer);
        }
        return new CreateTopicsResponse { Topics = [.. answers] };
    }

    public CreateTopicsResponse Refuse(CreateTopicsRequest request, KafkaErrorCode error, string message) => new()
    {
        Topics = [.. request.Topics.Select(t => new CreateTopicsResponse.Topic { Name = t.Name, ErrorCode = error, ErrorMessage = message })],
    };

    private async Task CreateAsync(CreateTopicsRequest.Topic asked, bool validateOnly, CreateTopicsResponse.Topic answer)
    {
        int? partitions = PartitionsOf(asked);
        (TopicConfig config, Durability? durability) =
            TopicSettings.ForNewTopic(asked.Configs.Select(c => KeyValuePair.Create(c.Name, c.Value)));
        TopicDescription topic;
        if (validateOnly)
        {
            broker.CheckNewTopic(asked.Name, partitions);
            TopicOptions defaults = broker.Options.Topics;
            topic = new TopicDescription(
                default, asked.Name, partitions ?? defaults.PartitionsDefault, durability ?? defaults.DurabilityDefault, config, default);
        }
        else
        {
            topic = await broker.CreateTopicAsync(asked.Name, partitions, durability, config, CancellationToken.None);
        }
        answer.TopicId = topic.Id.Value;
        answer.NumPartitions = topic.Partitions;
        answer.ReplicationFactor = ReplicaAssignments.ReplicationFactor;
        answer.Configs = [.. TopicSettings.Describe(topic).Select(s => new CreateTopicsResponse.Setting
        {
            Name = s.Name, Value = s.Value, ReadOnly = s.ReadOnly, ConfigSource = (sbyte)s.Source,
        })];
    }

    // Null for the server's default.
    private int? PartitionsOf(CreateTopicsRequest.Topic asked)
    {
        if (asked.Assignments.Length == 0)
        {
            ReplicaAssignments.CheckFactor(asked.ReplicationFactor);
            return asked.NumPartitions == -1 ? null : asked.NumPartitions;
        }
        if (asked.NumPartitions != -1 || asked.ReplicationFactor != -1)
        {
            throw new BrokerException(
                BrokerErrorCode.InvalidRequest, "A topic whose partitions are assigned to brokers has -1 for its number of partitions and for its replication factor.");
        }
        CreateTopicsRequest.Assignment[] ordered = [.. asked.Assignments.OrderBy(a => a.PartitionIndex)];
        for (int i = 0; i < ordered.Length; i++)
        {
            if (ordered[i].PartitionIndex != i)
            {
                throw new PartRefusedException(
                    KafkaErrorCode.InvalidReplicaAssignment, $"Assigned partitions must be numbered from 0 on, each once; where {i} was due stands {ordered[i].PartitionIndex}.");
            }
        }
        ReplicaAssignments.CheckBrokers(ordered.Select(a => a.BrokerIds), options.NodeId);
        return ordered.Length;
    }
}
