using StreamHouse.Broker;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;
using StreamHouse.Server.Kafka.Dispatch;

namespace StreamHouse.Server.Kafka.Configs;

/// <summary>Tells settings of topics and of this broker, defaults included.</summary>
internal sealed class DescribeConfigsHandler(IBroker broker, KafkaOptions options) : IKafkaHandler<DescribeConfigsRequest, DescribeConfigsResponse>
{
    private readonly BrokerSettings _settings = new(broker.Options, options);

    public ValueTask<DescribeConfigsResponse> HandleAsync(DescribeConfigsRequest request, KafkaCall call)
    {
        List<DescribeConfigsResponse.Result> results = [];
        // Each is told once, however often it is asked for: else a small request could ask for any amount of memory.
        foreach (DescribeConfigsRequest.Resource asked in request.Resources.DistinctBy(r => (r.ResourceType, r.ResourceName)))
        {
            DescribeConfigsResponse.Result result = new() { ResourceType = asked.ResourceType, ResourceName = asked.ResourceName };
            PartFailure failure = PartFailure.Of(() => result.Configs = [.. Wanted(asked).Select(s => Of(s, request))]);
            (result.ErrorCode, result.ErrorMessage) = (failure.Code, failure.Message);
            results.Add(result);
        }
        return ValueTask.FromResult(new DescribeConfigsResponse { Results = [.. results] });
    }

    public DescribeConfigsResponse Refuse(DescribeConfigsRequest request, KafkaErrorCode error, string message) => new()
    {
        Results = [.. request.Resources.Select(r => new DescribeConfigsResponse.Result
        {
            ResourceType = r.ResourceType, ResourceName = r.ResourceName, ErrorCode = error, ErrorMessage = message,
        })],
    };

    private IEnumerable<SettingInfo> Wanted(DescribeConfigsRequest.Resource asked)
    {
        IEnumerable<SettingInfo> all = asked.ResourceType switch
        {
            ConfigResource.Topic => TopicSettings.Describe(ConfigResource.RequireTopic(broker, asked.ResourceName)),
            // What all brokers share could only have been set while they run, which is not possible: there is nothing.
            ConfigResource.Broker => ConfigResource.IsThisBroker(asked.ResourceName, options.NodeId) ? _settings.All : [],
            _ => throw ConfigResource.Unknown(asked.ResourceType),
        };
        return asked.ConfigurationKeys is { } keys ? all.Where(s => keys.Contains(s.Name)) : all;
    }

    private static DescribeConfigsResponse.Setting Of(SettingInfo setting, DescribeConfigsRequest request) => new()
    {
        Name = setting.Name,
        Value = setting.Value,
        ReadOnly = setting.ReadOnly,
        ConfigSource = (sbyte)setting.Source,
        ConfigType = (sbyte)setting.Type,
        Documentation = request.IncludeDocumentation ? setting.Documentation : null,
        Synonyms = request.IncludeSynonyms
            ? [.. setting.Synonyms.Select(s => new DescribeConfigsResponse.Synonym { Name = s.Name, Value = s.Value, Source = (sbyte)s.Source })] : [],
    };
}
