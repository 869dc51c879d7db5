using Google.Protobuf;
using Microsoft.Extensions.Logging;
using StreamHouse.Client.Transport;
using StreamHouse.Rpc.Services;
using StreamHouse.Rpc.V1;

namespace StreamHouse.Client.Groups;

/// <summary>Who a member is to the server.</summary>
internal sealed record MemberIdentity(string MemberId, int Generation);

/// <summary>A member's requests; one attempt each.</summary>
internal sealed class MemberCalls(IClientTransport transport, string group, GroupMemberOptions options)
{
    /// <summary>What an answer that the group makes wait may need beyond that wait.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    /// <summary>Waits until the generation is decided.</summary>
    public Task<JoinGroupResponse> JoinAsync(string memberId, Subscription subscription, CancellationToken ct)
    {
        JoinGroupRequest request = new()
        {
            Group = group,
            MemberId = memberId,
            ClientId = options.ClientId,
            SessionTimeoutMs = (int)options.SessionTimeout.TotalMilliseconds,
            RebalanceTimeoutMs = (int)Math.Ceiling(options.RebalanceTimeout.TotalMilliseconds),
            ProtocolType = ConsumerProtocol.ProtocolType,
        };
        if (options.InstanceId is { } instance)
        {
            request.InstanceId = instance;
        }
        foreach (AssignmentStrategy strategy in options.Strategies)
        {
            request.Protocols.Add(new GroupProtocol
            {
                Name = ConsumerProtocol.NameOf(strategy),
                Metadata = UnsafeByteOperations.UnsafeWrap(ConsumerProtocol.Write(subscription, strategy)),
            });
        }
        return transport.CallAsync(GroupRpc.Join, request, options.RebalanceTimeout + Grace, ct);
    }

    /// <summary>Waits for the leader's assignments, or brings them.</summary>
    public Task<SyncGroupResponse> SyncAsync(MemberIdentity member, IReadOnlyCollection<MemberAssignment> assignments, CancellationToken ct)
    {
        SyncGroupRequest request = new() { Group = group, Member = ToMessage(member) };
        request.Assignments.Add(assignments);
        return transport.CallAsync(GroupRpc.Sync, request, options.RebalanceTimeout + Grace, ct);
    }

    /// <returns>Whether the group rebalances.</returns>
    public async Task<bool> HeartbeatAsync(MemberIdentity member, CancellationToken ct)
    {
        GroupHeartbeatRequest request = new() { Group = group, Member = ToMessage(member) };
        return (await transport.CallAsync(GroupRpc.Heartbeat, request, options.SessionTimeout / 3, ct)).RebalanceInProgress;
    }

    /// <summary>Leaves; a failure is logged, and the member's session then ends by itself.</summary>
    public async Task TryLeaveAsync(string memberId, string reason, TimeSpan timeout, ILogger log, CancellationToken ct)
    {
        LeaveGroupRequest request = new() { Group = group, Members = { new LeavingMember { MemberId = memberId, Reason = reason } } };
        try
        {
            await transport.CallAsync(GroupRpc.Leave, request, timeout, ct);
        }
        catch (StreamHouseException e)
        {
            Log.LeaveFailed(log, group, e.Message);
        }
    }

    public Task<CommitOffsetsResponse> CommitAsync(MemberIdentity member, List<OffsetToCommit> offsets, TimeSpan timeout, CancellationToken ct)
    {
        CommitOffsetsRequest request = new() { Group = group, Member = ToMessage(member) };
        foreach (OffsetToCommit offset in offsets)
        {
            request.Offsets.Add(new GroupOffset
            {
                Topic = offset.Partition.Topic, Partition = offset.Partition.Partition, Offset = offset.Offset, LeaderEpoch = -1,
            });
        }
        return transport.CallAsync(GroupRpc.Commit, request, timeout, ct);
    }

    private GroupMemberIdentity ToMessage(MemberIdentity member)
    {
        GroupMemberIdentity identity = new() { MemberId = member.MemberId, Generation = member.Generation };
        if (options.InstanceId is { } instance)
        {
            identity.InstanceId = instance;
        }
        return identity;
    }
}
