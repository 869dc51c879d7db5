using StreamHouse.Broker;
using StreamHouse.Broker.Topics;
using StreamHouse.Rpc.Services;
using StreamHouse.Rpc.V1;
using StreamHouse.Server.Grpc.Runtime;

namespace StreamHouse.Server.Grpc.Admin;

/// <summary>Serves the topics of <c>streamhouse.v1.AdminService</c>.</summary>
internal sealed class AdminService(IBroker broker)
{
    private const int PageDefault = 100;
    private const int PageMax = 1000;

    /// <summary>Adds the methods.</summary>
    public void AddTo(RpcRoutes routes)
    {
        routes.Unary(AdminRpc.CreateTopic.Server, CreateTopicAsync);
        routes.Unary(AdminRpc.GetTopic.Server, GetTopic);
        routes.Unary(AdminRpc.ListTopics.Server, ListTopics);
        routes.Unary(AdminRpc.AlterTopic.Server, AlterTopicAsync);
        routes.Unary(AdminRpc.DeleteTopic.Server, DeleteTopicAsync);
    }

    /// <summary>The size of a page: what is asked for within 1 to 1,000; 0 takes the default.</summary>
    /// <exception cref="BrokerException">A negative size.</exception>
    public static int PageSize(int asked) => asked switch
    {
        < 0 => throw new BrokerException(BrokerErrorCode.InvalidRequest, $"page_size is {asked}; it must not be negative."),
        0 => PageDefault,
        _ => Math.Min(asked, PageMax),
    };

    private async ValueTask<CreateTopicResponse> CreateTopicAsync(CreateTopicRequest request, RpcContext context)
    {
        var config = TopicConfig.Parse(request.Configs);
        Durability? durability = AdminMessages.DurabilityOf(request.Durability);
        int? partitions = request.Partitions switch
        {
            < 0 => throw new BrokerException(BrokerErrorCode.InvalidPartitions, $"partitions is {request.Partitions}; it must not be negative."),
            0 => null,
            _ => request.Partitions,
        };
        if (!request.ValidateOnly)
        {
            return new CreateTopicResponse
            {
                Topic = AdminMessages.Of(await broker.CreateTopicAsync(request.Name, partitions, durability, config, context.Aborted)),
            };
        }
        broker.CheckNewTopic(request.Name, partitions);
        return new CreateTopicResponse();
    }

    private ValueTask<GetTopicResponse> GetTopic(GetTopicRequest request, RpcContext context)
    {
        TopicDescription topic = broker.Require(request.Topic, request.TopicId);
        GetTopicResponse response = new() { Topic = AdminMessages.Of(topic) };
        foreach ((string name, string value) in topic.Config.Effective())
        {
            response.EffectiveConfigs.Add(name, value);
        }
        string leader = broker.Status.Incarnation.ToString("D");
        response.Partitions.AddRange(broker.DescribePartitions(topic.Id).Select(p => AdminMessages.Of(p, leader)));
        return ValueTask.FromResult(response);
    }

    private ValueTask<ListTopicsResponse> ListTopics(ListTopicsRequest request, RpcContext context)
    {
        int size = PageSize(request.PageSize);
        List<TopicDescription> page = [.. broker.ListTopics()
            .Where(t => t.Name.StartsWith(request.Prefix, StringComparison.Ordinal) && string.CompareOrdinal(t.Name, request.PageToken) > 0)
            .OrderBy(t => t.Name, StringComparer.Ordinal)
            .Take(size + 1)];
        ListTopicsResponse response = new();
        response.Topics.AddRange(page.Take(size).Select(AdminMessages.Of));
        if (page.Count > size)
        {
            response.NextPageToken = page[size - 1].Name;
        }
        return ValueTask.FromResult(response);
    }

    private async ValueTask<AlterTopicResponse> AlterTopicAsync(AlterTopicRequest request, RpcContext context)
    {
        TopicDescription topic = broker.Require(request.Topic, Guid.Empty);
        if (request.Partitions < 0)
        {
            throw new BrokerException(BrokerErrorCode.InvalidPartitions, $"partitions is {request.Partitions}; it must not be negative.");
        }
        TopicConfigChange[] changes =
        [
            .. request.ResetConfigs.Select(static name => new TopicConfigChange(name, TopicConfigOperation.Reset)),
            .. request.SetConfigs.Select(static c => new TopicConfigChange(c.Key, TopicConfigOperation.Set, c.Value)),
        ];
        topic.Config.Apply(changes);
        // Partitions first: that may be refused, and then nothing has changed.
        if (request.Partitions != 0)
        {
            topic = await broker.AddPartitionsAsync(topic.Id, request.Partitions, context.Aborted);
        }
        if (changes.Length > 0)
        {
            topic = await broker.ChangeTopicConfigAsync(topic.Id, changes, context.Aborted);
        }
        return new AlterTopicResponse { Topic = AdminMessages.Of(topic) };
    }

    private async ValueTask<DeleteTopicResponse> DeleteTopicAsync(DeleteTopicRequest request, RpcContext context)
    {
        await broker.DeleteTopicAsync(broker.Require(request.Topic, Guid.Empty).Id, context.Aborted);
        return new DeleteTopicResponse();
    }
}
