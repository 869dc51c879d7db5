using StreamHouse.Rpc.Grpc;
using StreamHouse.Rpc.V1;

namespace StreamHouse.Rpc.Services;

/// <summary>The methods of <c>streamhouse.v1.GroupService</c>, all unary.</summary>
public static class GroupRpc
{
    /// <summary>The service's full name.</summary>
    public const string Service = "streamhouse.v1.GroupService";

    /// <summary>Joins a group, or joins again.</summary>
    public static RpcMethod<JoinGroupRequest, JoinGroupResponse> Join { get; } = new(Service, "Join");

    /// <summary>Asks for an assignment, or brings everybody's.</summary>
    public static RpcMethod<SyncGroupRequest, SyncGroupResponse> Sync { get; } = new(Service, "Sync");

    /// <summary>Keeps a member's session alive.</summary>
    public static RpcMethod<GroupHeartbeatRequest, GroupHeartbeatResponse> Heartbeat { get; } = new(Service, "Heartbeat");

    /// <summary>Removes members.</summary>
    public static RpcMethod<LeaveGroupRequest, LeaveGroupResponse> Leave { get; } = new(Service, "Leave");

    /// <summary>Commits offsets.</summary>
    public static RpcMethod<CommitOffsetsRequest, CommitOffsetsResponse> Commit { get; } = new(Service, "Commit");

    /// <summary>Reads committed offsets.</summary>
    public static RpcMethod<FetchOffsetsRequest, FetchOffsetsResponse> Fetch { get; } = new(Service, "Fetch");

    /// <summary>Describes a group and its members.</summary>
    public static RpcMethod<DescribeGroupRequest, DescribeGroupResponse> Describe { get; } = new(Service, "Describe");

    /// <summary>Lists groups.</summary>
    public static RpcMethod<ListConsumerGroupsRequest, ListConsumerGroupsResponse> List { get; } = new(Service, "List");

    /// <summary>Deletes a group without members.</summary>
    public static RpcMethod<DeleteGroupRequest, DeleteGroupResponse> Delete { get; } = new(Service, "Delete");

    /// <summary>Removes committed offsets.</summary>
    public static RpcMethod<DeleteOffsetsRequest, DeleteOffsetsResponse> DeleteOffsets { get; } = new(Service, "DeleteOffsets");
}
