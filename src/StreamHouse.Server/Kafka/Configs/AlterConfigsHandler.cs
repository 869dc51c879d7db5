using StreamHouse.Broker;
using StreamHouse.Broker.Topics;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;
using StreamHouse.Server.Kafka.Dispatch;

namespace StreamHouse.Server.Kafka.Configs;

/// <summary>Replaces all settings of topics: those not named go back to their defaults.</summary>
internal sealed class AlterConfigsHandler(IBroker broker) : IKafkaHandler<AlterConfigsRequest, AlterConfigsResponse>
{
    public async ValueTask<AlterConfigsResponse> HandleAsync(AlterConfigsRequest request, KafkaCall call) => new()
    {
        Responses = await ConfigResource.ChangeAsync(
            request.Resources, r => (r.ResourceType, r.ResourceName), r => AlterAsync(r, request.ValidateOnly), Answer),
    };

    public AlterConfigsResponse Refuse(AlterConfigsRequest request, KafkaErrorCode error, string message) => new()
    {
        Responses = [.. request.Resources.Select(r => Answer(r.ResourceType, r.ResourceName, new PartFailure(error, message)))],
    };

    private static AlterConfigsResponse.Resource Answer(sbyte type, string name, PartFailure failure) =>
        new() { ResourceType = type, ResourceName = name, ErrorCode = failure.Code, ErrorMessage = failure.Message };

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
