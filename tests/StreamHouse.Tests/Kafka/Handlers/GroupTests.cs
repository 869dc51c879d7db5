using System.Text;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;

namespace StreamHouse.Tests.Kafka.Handlers;

public sealed class GroupTests
{
    public static TheoryData<short> JoinVersions => [.. Enumerable.Range(0, 10).Select(v => (short)v)];

    [Theory]
    [MemberData(nameof(JoinVersions))]
    public async Task Lone_member_joins_gets_its_assignment_lives_and_leaves_in_every_version(short version)
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        short sync = Math.Min(version, (short)5);
        short heartbeat = Math.Min(version, (short)4);

        JoinGroupResponse joined = await JoinAsync(rig.Client, version);

        (joined.ErrorCode, joined.GenerationId, joined.Leader).ShouldBe((KafkaErrorCode.None, 1, joined.MemberId));
        (joined.ProtocolName, joined.ProtocolType).ShouldBe(("range", version >= 7 ? "consumer" : null));
        JoinGroupResponse.Member member = joined.Members.ShouldHaveSingleItem();
        (member.MemberId, Encoding.UTF8.GetString(member.Metadata)).ShouldBe((joined.MemberId, "subscription"));

        SyncGroupResponse synced = await SyncAsync(rig.Client, joined, "all of it", sync);
        (synced.ErrorCode, Encoding.UTF8.GetString(synced.Assignment)).ShouldBe((KafkaErrorCode.None, "all of it"));

        (await HeartbeatAsync(rig.Client, joined.MemberId, 1, heartbeat)).ShouldBe(KafkaErrorCode.None);
        (await HeartbeatAsync(rig.Client, joined.MemberId, 2, heartbeat)).ShouldBe(KafkaErrorCode.IllegalGeneration);
        (await HeartbeatAsync(rig.Client, "stranger", 1, heartbeat)).ShouldBe(KafkaErrorCode.UnknownMemberId);

        (await LeaveAsync(rig.Client, joined.MemberId, sync)).ShouldBe(KafkaErrorCode.None);
        (await HeartbeatAsync(rig.Client, joined.MemberId, 1, heartbeat)).ShouldBe(KafkaErrorCode.UnknownMemberId);
    }

    [Theory]
    [InlineData(3, false)]
    [InlineData(4, true)]
    [InlineData(9, true)]
    public async Task New_members_of_newer_clients_are_told_their_id_first(short version, bool required)
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();

        JoinGroupResponse first = await rig.Client.CallAsync<JoinGroupRequest, JoinGroupResponse>(Join(""), version);

        first.ErrorCode.ShouldBe(required ? KafkaErrorCode.MemberIdRequired : KafkaErrorCode.None);
        first.MemberId.ShouldNotBeEmpty();
        first.GenerationId.ShouldBe(required ? -1 : 1);
    }

    [Fact]
    public async Task Leader_assigns_to_every_member_and_describe_shows_it()
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        using KafkaTestClient other = rig.Connect();
        JoinGroupResponse one = await JoinAsync(rig.Client, 9);
        await SyncAsync(rig.Client, one, "all", 5);
        Task<JoinGroupResponse> joining = JoinAsync(other, 9);
        await WaitForRebalanceAsync(rig.Client, one);

        JoinGroupResponse again = await rig.Client.CallAsync<JoinGroupRequest, JoinGroupResponse>(Join(one.MemberId), 9);
        JoinGroupResponse two = await joining;

        (again.GenerationId, two.GenerationId, again.Members.Length, two.Members.Length).ShouldBe((2, 2, 2, 0));
        (again.Leader, two.Leader).ShouldBe((one.MemberId, one.MemberId));
        Task<SyncGroupResponse> waiting = other.CallAsync<SyncGroupRequest, SyncGroupResponse>(Sync(two), 5);
        SyncGroupRequest assignment = Sync(again);
        assignment.Assignments = [Part(one.MemberId, "left"), Part(two.MemberId, "right")];
        SyncGroupResponse synced = await rig.Client.CallAsync<SyncGroupRequest, SyncGroupResponse>(assignment, 5);
        (Encoding.UTF8.GetString(synced.Assignment), Encoding.UTF8.GetString((await waiting).Assignment)).ShouldBe(("left", "right"));

        DescribeGroupsResponse.Group described = await DescribeAsync(rig, "g");
        (described.GroupState, described.ProtocolType, described.ProtocolData).ShouldBe(("Stable", "consumer", "range"));
        described.Members.Select(m => (m.MemberId, m.ClientId, m.ClientHost, Encoding.UTF8.GetString(m.MemberMetadata), Encoding.UTF8.GetString(m.MemberAssignment)))
            .ShouldBe([(one.MemberId, "test", "/127.0.0.1", "subscription", "left"), (two.MemberId, "test", "/127.0.0.1", "subscription", "right")]);
    }

    [Fact]
    public async Task Answers_to_a_connection_stay_in_order_while_a_join_waits()
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        using KafkaTestClient other = rig.Connect();
        JoinGroupResponse one = await JoinAsync(rig.Client, 9);
        await SyncAsync(rig.Client, one, "all", 5);

        await other.SendAsync(Join(""), 3);
        await WaitForRebalanceAsync(rig.Client, one);
        await rig.Client.CallAsync<JoinGroupRequest, JoinGroupResponse>(Join(one.MemberId), 3);

        (await other.ReadAsync<JoinGroupResponse>(3)).GenerationId.ShouldBe(2);
    }

    [Theory]
    [InlineData("session too short")]
    [InlineData("session negative")]
    [InlineData("no group")]
    [InlineData("stranger")]
    [InlineData("no protocol")]
    [InlineData("no protocol type")]
    public async Task Bad_join_is_refused(string wrong)
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        JoinGroupRequest join = Join(wrong == "stranger" ? "stranger" : "");
        join.SessionTimeoutMs = wrong switch { "session too short" => 5, "session negative" => -1, _ => join.SessionTimeoutMs };
        join.GroupId = wrong == "no group" ? "" : "g";
        join.Protocols = wrong == "no protocol" ? [] : join.Protocols;
        join.ProtocolType = wrong == "no protocol type" ? "" : join.ProtocolType;

        JoinGroupResponse answer = await rig.Client.CallAsync<JoinGroupRequest, JoinGroupResponse>(join, 9);

        answer.ErrorCode.ShouldBe(wrong switch
        {
            "no group" => KafkaErrorCode.InvalidGroupId,
            "stranger" => KafkaErrorCode.UnknownMemberId,
            "no protocol" or "no protocol type" => KafkaErrorCode.InconsistentGroupProtocol,
            _ => KafkaErrorCode.InvalidSessionTimeout,
        });
        answer.GenerationId.ShouldBe(-1);
    }

    [Fact]
    public async Task Several_members_leave_together_and_static_ones_by_name()
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        JoinGroupRequest join = Join("");
        join.GroupInstanceId = "static";
        JoinGroupResponse joined = await rig.Client.CallAsync<JoinGroupRequest, JoinGroupResponse>(join, 9);
        joined.ErrorCode.ShouldBe(KafkaErrorCode.None);
        joined.Members.ShouldHaveSingleItem().GroupInstanceId.ShouldBe("static");

        LeaveGroupResponse left = await rig.Client.CallAsync<LeaveGroupRequest, LeaveGroupResponse>(
            new LeaveGroupRequest { GroupId = "g", Members = [new() { MemberId = "stranger" }, new() { GroupInstanceId = "static", Reason = "enough" }] }, 5);

        left.ErrorCode.ShouldBe(KafkaErrorCode.None);
        left.Members.Select(m => (m.GroupInstanceId, m.ErrorCode)).ShouldBe([(null, KafkaErrorCode.UnknownMemberId), ("static", KafkaErrorCode.None)]);
    }

    [Theory]
    [InlineData(8)]
    [InlineData(9)]
    public async Task Static_leader_that_comes_back_is_told_not_to_assign_or_that_another_leads(short version)
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        JoinGroupRequest join = Join("");
        join.GroupInstanceId = "static";
        JoinGroupResponse before = await rig.Client.CallAsync<JoinGroupRequest, JoinGroupResponse>(join, version);
        SyncGroupRequest sync = Sync(before);
        sync.GroupInstanceId = "static";
        sync.Assignments = [Part(before.MemberId, "all of it")];
        (await rig.Client.CallAsync<SyncGroupRequest, SyncGroupResponse>(sync, 5)).ErrorCode.ShouldBe(KafkaErrorCode.None);

        JoinGroupResponse back = await rig.Client.CallAsync<JoinGroupRequest, JoinGroupResponse>(join, version);

        (back.ErrorCode, back.GenerationId).ShouldBe((KafkaErrorCode.None, before.GenerationId));
        back.MemberId.ShouldNotBe(before.MemberId);
        back.SkipAssignment.ShouldBe(version >= 9);
        back.Leader.ShouldBe(version >= 9 ? back.MemberId : before.MemberId);
        back.Members.Select(m => (m.MemberId, m.GroupInstanceId)).ShouldBe(version >= 9 ? [(back.MemberId, "static")] : []);
        SyncGroupRequest again = Sync(back);
        again.GroupInstanceId = "static";
        Encoding.UTF8.GetString((await rig.Client.CallAsync<SyncGroupRequest, SyncGroupResponse>(again, 5)).Assignment).ShouldBe("all of it");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(5)]
    public async Task Unknown_group_is_dead_and_not_an_error(short version)
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();

        DescribeGroupsResponse response = await rig.Client.CallAsync<DescribeGroupsRequest, DescribeGroupsResponse>(
            new DescribeGroupsRequest { Groups = ["nope", "nope"], IncludeAuthorizedOperations = version >= 3 }, version);

        DescribeGroupsResponse.Group group = response.Groups.ShouldHaveSingleItem();
        (group.GroupId, group.ErrorCode, group.GroupState).ShouldBe(("nope", KafkaErrorCode.None, "Dead"));
        group.AuthorizedOperations.ShouldBe(version >= 3 ? 0b1_0100_1000 : int.MinValue);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public async Task Groups_are_listed(short version)
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        await SyncAsync(rig.Client, await JoinAsync(rig.Client, 9), "all", 5);

        ListGroupsResponse.Group listed = (await ListAsync(rig, version)).ShouldHaveSingleItem();

        (listed.GroupId, listed.ProtocolType).ShouldBe(("g", "consumer"));
        listed.GroupState.ShouldBe(version >= 4 ? "Stable" : "");
        listed.GroupType.ShouldBe(version >= 5 ? "classic" : "");
    }

    [Theory]
    [InlineData("stable", null, 1)]
    [InlineData("Empty", null, 0)]
    [InlineData("nonsense", null, 0)]
    [InlineData(null, "Classic", 1)]
    [InlineData(null, "consumer", 0)]
    public async Task Groups_are_listed_by_state_and_type(string? state, string? type, int count)
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        await SyncAsync(rig.Client, await JoinAsync(rig.Client, 9), "all", 5);

        (await ListAsync(rig, 5, state, type)).Length.ShouldBe(count);
    }

    [Fact]
    public async Task Groups_with_members_are_not_deleted()
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();
        JoinGroupResponse joined = await JoinAsync(rig.Client, 9);
        await SyncAsync(rig.Client, joined, "all", 5);

        (await DeleteAsync(rig, "g", "nope", "")).ShouldBe(
            [("g", KafkaErrorCode.NonEmptyGroup), ("nope", KafkaErrorCode.GroupIdNotFound), ("", KafkaErrorCode.InvalidGroupId)]);
        await LeaveAsync(rig.Client, joined.MemberId, 5);
        (await DeleteAsync(rig, "g")).ShouldBe([("g", KafkaErrorCode.None)]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Coordinator_of_a_group_is_the_broker_of_the_metadata(short version)
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();

        FindCoordinatorResponse found = await rig.Client.CallAsync<FindCoordinatorRequest, FindCoordinatorResponse>(new FindCoordinatorRequest { Key = "g" }, version);

        (found.ErrorCode, found.NodeId, found.Host, found.Port).ShouldBe((KafkaErrorCode.None, 1, "127.0.0.1", rig.Port));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public async Task Coordinators_of_many_groups_are_found_at_once(short version)
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();

        FindCoordinatorResponse found = await rig.Client.CallAsync<FindCoordinatorRequest, FindCoordinatorResponse>(
            new FindCoordinatorRequest { CoordinatorKeys = ["a", "b"] }, version);

        found.Coordinators.Select(c => (c.Key, c.ErrorCode, c.NodeId, c.Host, c.Port))
            .ShouldBe([("a", KafkaErrorCode.None, 1, "127.0.0.1", rig.Port), ("b", KafkaErrorCode.None, 1, "127.0.0.1", rig.Port)]);
    }

    [Theory]
    [InlineData(1, KafkaErrorCode.TransactionalIdAuthorizationFailed)]
    [InlineData(2, KafkaErrorCode.InvalidRequest)]
    [InlineData(-1, KafkaErrorCode.InvalidRequest)]
    public async Task Coordinators_of_other_things_are_refused_with_a_reason(sbyte type, KafkaErrorCode error)
    {
        await using KafkaRig rig = await KafkaRig.StartAsync();

        FindCoordinatorResponse one = await rig.Client.CallAsync<FindCoordinatorRequest, FindCoordinatorResponse>(
            new FindCoordinatorRequest { Key = "x", KeyType = type }, 3);
        FindCoordinatorResponse many = await rig.Client.CallAsync<FindCoordinatorRequest, FindCoordinatorResponse>(
            new FindCoordinatorRequest { CoordinatorKeys = ["x"], KeyType = type }, 6);

        (one.ErrorCode, one.NodeId).ShouldBe((error, -1));
        one.ErrorMessage.ShouldNotBeNullOrWhiteSpace();
        many.Coordinators.ShouldHaveSingleItem().ErrorCode.ShouldBe(error);
    }

    internal static JoinGroupRequest Join(string memberId) => new()
    {
        GroupId = "g",
        MemberId = memberId,
        SessionTimeoutMs = 10_000,
        RebalanceTimeoutMs = 10_000,
        ProtocolType = "consumer",
        Protocols = [new() { Name = "range", Metadata = Encoding.UTF8.GetBytes("subscription") }],
    };

    internal static async Task<JoinGroupResponse> JoinAsync(KafkaTestClient client, short version)
    {
        JoinGroupResponse joined = await client.CallAsync<JoinGroupRequest, JoinGroupResponse>(Join(""), version);
        return joined.ErrorCode == KafkaErrorCode.MemberIdRequired
            ? await client.CallAsync<JoinGroupRequest, JoinGroupResponse>(Join(joined.MemberId), version) : joined;
    }

    internal static Task<SyncGroupResponse> SyncAsync(KafkaTestClient client, JoinGroupResponse joined, string assignment, short version)
    {
        SyncGroupRequest sync = Sync(joined);
        sync.Assignments = [Part(joined.MemberId, assignment)];
        return client.CallAsync<SyncGroupRequest, SyncGroupResponse>(sync, version);
    }

    private static SyncGroupRequest Sync(JoinGroupResponse joined) => new()
    {
        GroupId = "g", MemberId = joined.MemberId, GenerationId = joined.GenerationId, ProtocolType = "consumer", ProtocolName = "range",
    };

    private static SyncGroupRequest.MemberPart Part(string memberId, string assignment) =>
        new() { MemberId = memberId, Assignment = Encoding.UTF8.GetBytes(assignment) };

    internal static async Task<KafkaErrorCode> HeartbeatAsync(KafkaTestClient client, string memberId, int generation, short version) =>
        (await client.CallAsync<HeartbeatRequest, HeartbeatResponse>(
            new HeartbeatRequest { GroupId = "g", MemberId = memberId, GenerationId = generation }, version)).ErrorCode;

    private static async Task WaitForRebalanceAsync(KafkaTestClient client, JoinGroupResponse joined)
    {
        for (int i = 0; i < 500 && await HeartbeatAsync(client, joined.MemberId, joined.GenerationId, 4) != KafkaErrorCode.RebalanceInProgress; i++)
        {
            await Task.Delay(10);
        }
    }

    private static async Task<KafkaErrorCode> LeaveAsync(KafkaTestClient client, string memberId, short version)
    {
        LeaveGroupRequest request = new() { GroupId = "g", MemberId = memberId, Members = [new() { MemberId = memberId }] };
        LeaveGroupResponse left = await client.CallAsync<LeaveGroupRequest, LeaveGroupResponse>(request, version);
        return version >= 3 && left.ErrorCode == KafkaErrorCode.None ? left.Members.ShouldHaveSingleItem().ErrorCode : left.ErrorCode;
    }

    private static async Task<DescribeGroupsResponse.Group> DescribeAsync(KafkaRig rig, string group) =>
        (await rig.Client.CallAsync<DescribeGroupsRequest, DescribeGroupsResponse>(new DescribeGroupsRequest { Groups = [group] }, 5)).Groups.ShouldHaveSingleItem();

    private static async Task<ListGroupsResponse.Group[]> ListAsync(KafkaRig rig, short version, string? state = null, string? type = null)
    {
        ListGroupsResponse listed = await rig.Client.CallAsync<ListGroupsRequest, ListGroupsResponse>(
            new ListGroupsRequest { StatesFilter = state is null ? [] : [state], TypesFilter = type is null ? [] : [type] }, version);
        listed.ErrorCode.ShouldBe(KafkaErrorCode.None);
        return listed.Groups;
    }

    private static async Task<(string, KafkaErrorCode)[]> DeleteAsync(KafkaRig rig, params string[] groups) =>
        [.. (await rig.Client.CallAsync<DeleteGroupsRequest, DeleteGroupsResponse>(new DeleteGroupsRequest { GroupsNames = groups }, 2)).Results
            .Select(r => (r.GroupId, r.ErrorCode))];
}
