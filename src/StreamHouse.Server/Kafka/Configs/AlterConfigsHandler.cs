using StreamHouse.Broker;
using StreamHouse.Broker.Topics;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;
using StreamHouse.Server.Kafka.Dispatch;

namespace StreamHouse.Server.Kafka.Configs;

/// <summary>Replaces all settings of topics: those not named go back to their defaults.</summary>
internal sealed class AlterConfigsHandler(IBroker broker) : IKafkaHandler<AlterConfigsRequest, AlterConfigsResponse>
{
    public async ValueTask<AlterConfigsResponse> HandleAsync(AlterConfigsRequest request, KafkaCall call)
    {
        List<AlterConfigsResponse.Resource> answers = [];
        foreach (IGrouping<(sbyte Type, string Name), AlterConfigsRequest.Resource> asked in request.Resources.GroupBy(r => (r.ResourceType, r.ResourceName)))
        {
            PartFailure failure = await PartFailure.OfAsync(() => asked.Count() == 1
                ? AlterAsync(asked.First(), request.ValidateOnly)
                : throw new BrokerException(BrokerErrorCode.InvalidRequest, $"The request names '{asked.Key.Name}' {asked.Count()} times."));
            answers.Add(new AlterConfigsResponse.Resource
            {
                ResourceType = asked.Key.Type, ResourceName = asked.Key.Name, ErrorCode = failure.Code, ErrorMessage = failure.Message,
            });
        }
        return new AlterConfigsResponse { Responses = [.. answers] };
    }

    public AlterConfigsResponse Refuse(AlterConfigsRequest request, KafkaErrorCode error, string message) => new()
    {
        Responses = [.. request.Resources.Select(r => new AlterConfigsResponse.Resource
        {
            ResourceType = r.ResourceType, ResourceName = r.ResourceName, ErrorCode = error, ErrorMessage = message,
        })],
    };

    private async Task AlterAsync(AlterConfigsRequest.Resource asked, bool validateOnly)
    {
        TopicDescription topic = ConfigResource.RequireChangeable(broker, asked.ResourceType, asked.ResourceName);
        TopicConfig config = TopicSettings.Replacing(topic, asked.Configs.Select(c => KeyValuePair.Create(c.Name, c.Value)));
        if (!validateOnly)
        {
            await broker.SetTopicConfigAsync(topic.Id, config, CancellationToken.None);
        }
    }
}
