using System.Net;
using Google.Protobuf;
using StreamHouse.Broker;
using StreamHouse.Broker.Groups;
using StreamHouse.Rpc.Services;
using StreamHouse.Rpc.V1;
using StreamHouse.Server.Grpc.Errors;
using StreamHouse.Server.Grpc.Runtime;
using GroupProtocol = StreamHouse.Broker.Groups.GroupProtocol;
using LeavingMember = StreamHouse.Broker.Groups.LeavingMember;
using MemberAssignment = StreamHouse.Broker.Groups.MemberAssignment;

namespace StreamHouse.Server.Grpc.Groups;

/// <summary>Serves the members of <c>streamhouse.v1.GroupService</c>: joining, assignments, heartbeats, leaving.</summary>
internal sealed class GroupService(IBroker broker)
{
    /// <summary>Adds the methods.</summary>
    public void AddTo(RpcRoutes routes)
    {
        routes.Unary(GroupRpc.Join.Server, JoinAsync);
        routes.Unary(GroupRpc.Sync.Server, SyncAsync);
        routes.Unary(GroupRpc.Heartbeat.Server, HeartbeatAsync);
        routes.Unary(GroupRpc.Leave.Server, LeaveAsync);
    }

    /// <summary>Who a member claims to be.</summary>
    /// <exception cref="BrokerException">The request names no member.</exception>
    public static MemberIdentity IdentityOf(GroupMemberIdentity? member) => member is null
        ? throw new BrokerException(BrokerErrorCode.InvalidRequest, "The request names no member.")
        : new MemberIdentity(member.MemberId, member.Generation, member.HasInstanceId ? member.InstanceId : null);

    private async ValueTask<JoinGroupResponse> JoinAsync(JoinGroupRequest request, RpcContext context)
    {
        JoinResult joined = await broker.Groups.JoinAsync(
            new JoinRequest
            {
                Group = request.Group,
                MemberId = request.MemberId,
                InstanceId = request.HasInstanceId ? request.InstanceId : null,
                RequireMemberId = true,
                CanSkipAssignment = true,
                ClientId = request.ClientId,
                ClientHost = HostOf(context.Http.Connection.RemoteIpAddress),
                SessionTimeout = TimeSpan.FromMilliseconds(request.SessionTimeoutMs),
                RebalanceTimeout = TimeSpan.FromMilliseconds(request.RebalanceTimeoutMs == 0 ? request.SessionTimeoutMs : request.RebalanceTimeoutMs),
                ProtocolType = request.ProtocolType,
                Protocols = [.. request.Protocols.Select(p => new GroupProtocol(p.Name, p.Metadata.Memory))],
            },
            context.Aborted);
        if (joined.Error == BrokerErrorCode.MemberIdRequired)
        {
            return new JoinGroupResponse { MemberIdRequired = true, MemberId = joined.MemberId };
        }
        ThrowIfFailed(joined.Error, joined.Message);
        JoinGroupResponse response = new()
        {
            MemberId = joined.MemberId,
            Generation = joined.Generation,
            ProtocolType = joined.ProtocolType,
            Protocol = joined.Protocol,
            LeaderId = joined.LeaderId,
            SkipAssignment = joined.SkipAssignment,
        };
        foreach (Broker.Groups.JoinedMember member in joined.Members)
        {
            // The coordinator never changes these bytes again.
            Rpc.V1.JoinedMember told = new() { MemberId = member.MemberId, Metadata = UnsafeByteOperations.UnsafeWrap(member.Metadata) };
            if (member.InstanceId is { } instance)
            {
                told.InstanceId = instance;
            }
            response.Members.Add(told);
        }
        return response;
    }

    private async ValueTask<SyncGroupResponse> SyncAsync(SyncGroupRequest request, RpcContext context)
    {
        SyncResult synced = await broker.Groups.SyncAsync(
            new SyncRequest
            {
                Group = request.Group,
                Member = IdentityOf(request.Member),
                Assignments = [.. request.Assignments.Select(a => new MemberAssignment(a.MemberId, a.Assignment.Memory))],
            },
            context.Aborted);
        ThrowIfFailed(synced.Error, synced.Message);
        return new SyncGroupResponse
        {
            ProtocolType = synced.ProtocolType, Protocol = synced.Protocol, Assignment = UnsafeByteOperations.UnsafeWrap(synced.Assignment),
        };
    }

    private async ValueTask<GroupHeartbeatResponse> HeartbeatAsync(GroupHeartbeatRequest request, RpcContext context)
    {
        BrokerErrorCode error = await broker.Groups.HeartbeatAsync(request.Group, IdentityOf(request.Member), context.Aborted);
        if (error == BrokerErrorCode.RebalanceInProgress)
        {
            return new GroupHeartbeatResponse { RebalanceInProgress = true };
        }
        ThrowIfFailed(error, null);
        return new GroupHeartbeatResponse();
    }

    private async ValueTask<LeaveGroupResponse> LeaveAsync(LeaveGroupRequest request, RpcContext context)
    {
        LeaveResult left = await broker.Groups.LeaveAsync(
            request.Group, [.. request.Members.Select(m => new LeavingMember(m.MemberId, m.HasInstanceId ? m.InstanceId : null, m.Reason))], context.Aborted);
        ThrowIfFailed(left.Error, null);
        LeaveGroupResponse response = new();
        for (int i = 0; i < left.Members.Count; i++)
        {
            Rpc.V1.LeavingMember asked = request.Members[i];
            LeaveGroupResponse.Types.Member outcome = new() { MemberId = asked.MemberId };
            if (asked.HasInstanceId)
            {
                outcome.InstanceId = asked.InstanceId;
            }
            if (left.Members[i] != BrokerErrorCode.None)
            {
                outcome.Error = BrokerErrors.Detail(left.Members[i], GroupErrors.MessageOf(left.Members[i]));
            }
            response.Members.Add(outcome);
        }
        return response;
    }

    private static string HostOf(IPAddress? address) =>
        address is null ? "" : $"/{(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address)}";

    private static void ThrowIfFailed(BrokerErrorCode error, string? message)
    {
        if (error != BrokerErrorCode.None)
        {
            throw new BrokerException(error, message ?? GroupErrors.MessageOf(error));
        }
    }
}
