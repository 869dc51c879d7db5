using StreamHouse.Broker;
using StreamHouse.Broker.Topics;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;
using StreamHouse.Server.Kafka.Dispatch;

namespace StreamHouse.Server.Kafka.Configs;

/// <summary>Changes single settings of topics: all that a request names of a topic, or none when one is refused.</summary>
internal sealed class IncrementalAlterConfigsHandler(IBroker broker) : IKafkaHandler<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse>
{
    public async ValueTask<IncrementalAlterConfigsResponse> HandleAsync(IncrementalAlterConfigsRequest request, KafkaCall call) => new()
    {
        Responses = await ConfigResource.ChangeAsync(
            request.Resources, r => (r.ResourceType, r.ResourceName), r => AlterAsync(r, request.ValidateOnly), Answer),
    };

    public IncrementalAlterConfigsResponse Refuse(IncrementalAlterConfigsRequest request, KafkaErrorCode error, string message) => new()
    {
        Responses = [.. request.Resources.Select(r => Answer(r.ResourceType, r.ResourceName, new PartFailure(error, message)))],
    };

    private static IncrementalAlterConfigsResponse.Resource Answer(sbyte type, string name, PartFailure failure) =>
        new() { ResourceType = type, ResourceName = name, ErrorCode = failure.Code, ErrorMessage = failure.Message };

    private async Task AlterAsync(IncrementalAlterConfigsRequest.Resource asked, bool validateOnly)
    {
        TopicDescription topic = ConfigResource.RequireChangeable(broker, asked.ResourceType, asked.ResourceName);
        if (asked.Configs.GroupBy(c => c.Name).FirstOrDefault(g => g.Skip(1).Any()) is { } repeated)
        {
            throw new BrokerException(BrokerErrorCode.InvalidRequest, $"The request changes setting '{repeated.Key}' more than once.");
        }
        List<TopicConfigChange> changes = [];
        foreach (IncrementalAlterConfigsRequest.Setting setting in asked.Configs)
        {
            if (TopicSettings.ChangeOf(topic, setting.Name, OperationOf(setting.ConfigOperation), setting.Value) is { } change)
            {
                changes.Add(change);
            }
        }
        topic.Config.Apply(changes);
        if (!validateOnly && changes.Count > 0)
        {
            await broker.ChangeTopicConfigAsync(topic.Id, changes, CancellationToken.None);
        }
    }

    private static TopicConfigOperation OperationOf(sbyte operation) => operation switch
    {
        0 => TopicConfigOperation.Set,
        1 => TopicConfigOperation.Reset,
        2 => TopicConfigOperation.Append,
        3 => TopicConfigOperation.Subtract,
        _ => throw new BrokerException(BrokerErrorCode.InvalidRequest, $"There is no operation {operation} on settings; 0 sets, 1 resets, 2 appends, 3 subtracts."),
    };
}
