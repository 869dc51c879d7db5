using StreamHouse.Broker;
using StreamHouse.Broker.Topics;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;
using StreamHouse.Server.Kafka.Dispatch;

namespace StreamHouse.Server.Kafka.Topics;

/// <summary>Raises numbers of partitions, or tells whether they could be raised.</summary>
internal sealed class CreatePartitionsHandler(IBroker broker, KafkaOptions options) : IKafkaHandler<CreatePartitionsRequest, CreatePartitionsResponse>
{
    public async ValueTask<CreatePartitionsResponse> HandleAsync(CreatePartitionsRequest request, KafkaCall call)
    {
        List<CreatePartitionsResponse.Result> answers = [];
        foreach (IGrouping<string, CreatePartitionsRequest.Topic> asked in request.Topics.GroupBy(t => t.Name))
        {
            PartFailure failure = await PartFailure.OfAsync(() => asked.Count() == 1
                ? RaiseAsync(asked.First(), request.ValidateOnly)
                : throw new BrokerException(BrokerErrorCode.InvalidRequest, $"The request names the topic '{asked.Key}' {asked.Count()} times."));
            answers.Add(new CreatePartitionsResponse.Result { Name = asked.Key, ErrorCode = failure.Code, ErrorMessage = failure.Message });
        }
        return new CreatePartitionsResponse { Results = [.. answers] };
    }

    public CreatePartitionsResponse Refuse(CreatePartitionsRequest request, KafkaErrorCode error, string message) => new()
    {
        Results = [.. request.Topics.Select(t => new CreatePartitionsResponse.Result { Name = t.Name, ErrorCode = error, ErrorMessage = message })],
    };

    private async Task RaiseAsync(CreatePartitionsRequest.Topic asked, bool validateOnly)
    {
        TopicDescription topic = broker.RequireTopic(asked.Name);
        broker.CheckAddedPartitions(topic.Id, asked.Count);
        if (asked.Assignments is { } assignments)
        {
            int added = asked.Count - topic.Partitions;
            if (assignments.Length != added)
            {
                throw new PartRefusedException(
                    KafkaErrorCode.InvalidReplicaAssignment, $"{added} partitions are to be added, but {assignments.Length} are assigned to brokers.");
            }
            ReplicaAssignments.CheckBrokers(assignments.Select(a => a.BrokerIds), options.NodeId);
        }
        if (!validateOnly)
        {
            await broker.AddPartitionsAsync(topic.Id, asked.Count, CancellationToken.None);
        }
    }
}
