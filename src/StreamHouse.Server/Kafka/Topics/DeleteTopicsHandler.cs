using StreamHouse.Broker;
using StreamHouse.Broker.Topics;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;
using StreamHouse.Server.Kafka.Dispatch;

namespace StreamHouse.Server.Kafka.Topics;

/// <summary>Deletes topics, by name or by id.</summary>
internal sealed class DeleteTopicsHandler(IBroker broker) : IKafkaHandler<DeleteTopicsRequest, DeleteTopicsResponse>
{
    public async ValueTask<DeleteTopicsResponse> HandleAsync(DeleteTopicsRequest request, KafkaCall call)
    {
        List<DeleteTopicsResponse.Topic> answers = [];
        foreach (DeleteTopicsRequest.Topic asked in TopicsOf(request))
        {
            DeleteTopicsResponse.Topic answer = new() { Name = asked.Name, TopicId = asked.TopicId };
            PartFailure failure = await PartFailure.OfAsync(async () =>
            {
                TopicDescription topic = Find(asked);
                (answer.Name, answer.TopicId) = (topic.Name, topic.Id.Value);
                await broker.DeleteTopicAsync(topic.Id, CancellationToken.None);
            });
            (answer.ErrorCode, answer.ErrorMessage) = (failure.Code, failure.Message);
            answers.Add(answer);
        }
        return new DeleteTopicsResponse { Responses = [.. answers] };
    }

    public DeleteTopicsResponse Refuse(DeleteTopicsRequest request, KafkaErrorCode error, string message) => new()
    {
        Responses = [.. TopicsOf(request).Select(t => new DeleteTopicsResponse.Topic
        {
            Name = t.Name, TopicId = t.TopicId, ErrorCode = error, ErrorMessage = message,
        })],
    };

    private static IEnumerable<DeleteTopicsRequest.Topic> TopicsOf(DeleteTopicsRequest request) =>
        request.TopicNames.Select(name => new DeleteTopicsRequest.Topic { Name = name }).Concat(request.Topics);

    private TopicDescription Find(DeleteTopicsRequest.Topic asked)
    {
        if (asked.Name is null)
        {
            return broker.FindTopic(new TopicId(asked.TopicId))
                ?? throw new PartRefusedException(KafkaErrorCode.UnknownTopicId, $"There is no topic with the id {asked.TopicId:D}.");
        }
        return asked.TopicId == Guid.Empty
            ? broker.RequireTopic(asked.Name)
            : throw new BrokerException(BrokerErrorCode.InvalidRequest, "A topic is named, or its id is given; not both.");
    }
}
