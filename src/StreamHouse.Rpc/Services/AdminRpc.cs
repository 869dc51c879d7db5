using StreamHouse.Rpc.Grpc;
using StreamHouse.Rpc.V1;

namespace StreamHouse.Rpc.Services;

/// <summary>The methods of <c>streamhouse.v1.AdminService</c>, all unary.</summary>
public static class AdminRpc
{
    /// <summary>The service's full name.</summary>
    public const string Service = "streamhouse.v1.AdminService";

    /// <summary>Creates a topic.</summary>
    public static RpcMethod<CreateTopicRequest, CreateTopicResponse> CreateTopic { get; } = new(Service, "CreateTopic");

    /// <summary>Describes a topic and its partitions.</summary>
    public static RpcMethod<GetTopicRequest, GetTopicResponse> GetTopic { get; } = new(Service, "GetTopic");

    /// <summary>Lists topics by name, page by page.</summary>
    public static RpcMethod<ListTopicsRequest, ListTopicsResponse> ListTopics { get; } = new(Service, "ListTopics");

    /// <summary>Changes a topic's settings or adds partitions.</summary>
    public static RpcMethod<AlterTopicRequest, AlterTopicResponse> AlterTopic { get; } = new(Service, "AlterTopic");

    /// <summary>Deletes a topic.</summary>
    public static RpcMethod<DeleteTopicRequest, DeleteTopicResponse> DeleteTopic { get; } = new(Service, "DeleteTopic");

    /// <summary>Finds offsets: first, last, by time.</summary>
    public static RpcMethod<ListOffsetsRequest, ListOffsetsResponse> ListOffsets { get; } = new(Service, "ListOffsets");

    /// <summary>Commits offsets of a consumer group.</summary>
    public static RpcMethod<CommitGroupOffsetsRequest, CommitGroupOffsetsResponse> CommitGroupOffsets { get; } = new(Service, "CommitGroupOffsets");

    /// <summary>Reads the committed offsets of a consumer group.</summary>
    public static RpcMethod<FetchGroupOffsetsRequest, FetchGroupOffsetsResponse> FetchGroupOffsets { get; } = new(Service, "FetchGroupOffsets");

    /// <summary>Lists the consumer groups with committed offsets.</summary>
    public static RpcMethod<ListGroupsRequest, ListGroupsResponse> ListGroups { get; } = new(Service, "ListGroups");

    /// <summary>Lists the slices of objects that hold a topic, page by page.</summary>
    public static RpcMethod<ListSegmentsRequest, ListSegmentsResponse> ListSegments { get; } = new(Service, "ListSegments");

    /// <summary>Describes the server.</summary>
    public static RpcMethod<GetStatusRequest, GetStatusResponse> GetStatus { get; } = new(Service, "GetStatus");
}
