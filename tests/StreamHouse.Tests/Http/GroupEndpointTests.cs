using System.Net;
using System.Text.Json.Nodes;
using StreamHouse.Broker;
using StreamHouse.Broker.Groups;

namespace StreamHouse.Tests.Http;

public sealed class GroupEndpointTests : HttpApiTest
{
    [Fact]
    public async Task Offsets_are_committed_listed_and_removed()
    {
        await Server.CreateTopicAsync("a", 2);
        await Server.CreateTopicAsync("b");
        Answer committed = await Server.SendAsync(HttpMethod.Put, "/v1/groups/g/offsets", """
            {"offsets":[{"topic":"a","partition":0,"offset":5,"metadata":"note","leaderEpoch":3},
                        {"topic":"a","partition":1,"offset":6},{"topic":"b","partition":0,"offset":7}]}
            """);
        committed.Status.ShouldBe(HttpStatusCode.OK, committed.Text);
        (await Server.GetAsync("/v1/groups")).Json["groups"]!.ToJsonString().ShouldBe("""[{"group":"g","state":"Empty","protocolType":""}]""");

        JsonNode first = (await Server.GetAsync("/v1/groups/g/offsets?topic=a")).Json["offsets"]![0]!;
        ((long)first["offset"]!, (string?)first["metadata"], (int)first["leaderEpoch"]!).ShouldBe((5, "note", 3));
        DateTimeOffset.Parse((string)first["committedAt"]!).ShouldBeGreaterThan(DateTimeOffset.UtcNow.AddMinutes(-1));

        await Server.SendAsync(HttpMethod.Delete, "/v1/groups/g/offsets?topic=a&partition=0");
        (await OffsetsAsync()).ShouldBe(["a/1=6", "b/0=7"], ignoreOrder: true);
        await Server.SendAsync(HttpMethod.Delete, "/v1/groups/g/offsets?topic=a");
        (await OffsetsAsync()).ShouldBe(["b/0=7"]);
        (await Server.SendAsync(HttpMethod.Delete, "/v1/groups/g/offsets")).Status.ShouldBe(HttpStatusCode.NoContent);
        (await OffsetsAsync()).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("""{"offsets":[{"topic":"a","partition":0,"offset":1},{"topic":"x","partition":0,"offset":1}]}""", 404, BrokerErrorCode.UnknownTopic, "'x'")]
    [InlineData("""{"offsets":[{"topic":"a","partition":0,"offset":1},{"topic":"a","partition":7,"offset":1}]}""", 404, BrokerErrorCode.UnknownPartition, "7")]
    [InlineData("""{"offsets":[{"topic":"a","partition":0,"offset":-1}]}""", 400, BrokerErrorCode.InvalidRequest, "offsets[0].offset")]
    [InlineData("""{"offsets":[{"topic":"a","partition":0,"offset":1,"leaderEpoch":-2}]}""", 400, BrokerErrorCode.InvalidRequest, "leaderEpoch")]
    [InlineData("""{"offsets":[{"topic":"a","partition":0}]}""", 400, BrokerErrorCode.InvalidRequest, "offset")]
    [InlineData("""{"offsets":null}""", 400, BrokerErrorCode.InvalidRequest, "offsets")]
    public async Task A_bad_commit_stores_nothing(string body, int status, BrokerErrorCode code, string words)
    {
        await Server.CreateTopicAsync("a");
        (await Server.SendAsync(HttpMethod.Put, "/v1/groups/g/offsets", body)).ShouldBeProblem((HttpStatusCode)status, code, words);
        (await OffsetsAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_partition_without_a_topic_is_refused() =>
        (await Server.SendAsync(HttpMethod.Delete, "/v1/groups/g/offsets?partition=0"))
            .ShouldBeProblem(HttpStatusCode.BadRequest, BrokerErrorCode.InvalidRequest, "'topic'");

    [Fact]
    public async Task A_group_is_described_with_what_its_members_were_given_and_how_far_they_are_behind()
    {
        await Server.CreateTopicAsync("a", 2);
        await Server.CreateTopicAsync("b");
        (await Server.PostAsync("/v1/topics/a/records", """{"records":[{"partition":1,"value":"x"},{"partition":1,"value":"y"},{"partition":1,"value":"z"}]}"""))
            .Status.ShouldBe(HttpStatusCode.OK);
        await Server.SendAsync(HttpMethod.Put, "/v1/groups/g/offsets", """{"offsets":[{"topic":"a","partition":1,"offset":1},{"topic":"b","partition":0,"offset":9}]}""");
        JoinResult member = await JoinAsync();
        byte[] assignment = [0, 0, 0, 0, 0, 1, 0, 1, (byte)'a', 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1];
        await Broker.Groups.SyncAsync(
            new SyncRequest { Group = "g", Member = new(member.MemberId, member.Generation), Assignments = [new(member.MemberId, assignment)] }, default);

        JsonNode described = (await Server.GetAsync("/v1/groups/g")).Json;
        ((string?)described["state"], (string?)described["protocol"], (int)described["generation"]!).ShouldBe(("Stable", "range", 1));
        described["members"]![0]!["assignment"]!.ToJsonString().ShouldBe("""[{"topic":"a","partitions":[0,1]}]""");
        (await Server.GetAsync("/v1/groups?state=stable&protocolType=consumer")).Json["groups"]!.AsArray().Count.ShouldBe(1);
        (await Server.GetAsync("/v1/groups?state=Empty")).Json["groups"]!.AsArray().Count.ShouldBe(0);

        JsonNode lag = (await Server.GetAsync("/v1/groups/g/lag")).Json;
        ((long)lag["total"]!).ShouldBe(2);
        lag["partitions"]!.AsArray().Select(p => $"{p!["topic"]}/{p["partition"]}: {p["committedOffset"]} {p["endOffset"]} {p["lag"]} {p["memberId"]}")
            .ShouldBe([$"a/0:  0  {member.MemberId}", $"a/1: 1 3 2 {member.MemberId}", "b/0: 9 0 0 "]);
        (await Server.GetAsync("/v1/groups/g/lag?topic=b")).Json["partitions"]!.AsArray().Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_group_with_members_is_neither_reset_nor_deleted()
    {
        await Server.CreateTopicAsync("a");
        JoinResult member = await JoinAsync();

        (await Server.SendAsync(HttpMethod.Put, "/v1/groups/g/offsets", """{"offsets":[{"topic":"a","partition":0,"offset":1}]}"""))
            .ShouldBeProblem(HttpStatusCode.Conflict, BrokerErrorCode.GroupNotEmpty, "members");
        (await Server.SendAsync(HttpMethod.Delete, "/v1/groups/g")).ShouldBeProblem(HttpStatusCode.Conflict, BrokerErrorCode.GroupNotEmpty, "members");

        await Broker.Groups.LeaveAsync("g", [new LeavingMember(member.MemberId)], default);
        await Server.SendAsync(HttpMethod.Put, "/v1/groups/g/offsets", """{"offsets":[{"topic":"a","partition":0,"offset":1}]}""");
        (await Server.SendAsync(HttpMethod.Delete, "/v1/groups/g")).Status.ShouldBe(HttpStatusCode.NoContent);
        (await Server.GetAsync("/v1/groups/g")).ShouldBeProblem(HttpStatusCode.NotFound, BrokerErrorCode.GroupNotFound, "'g'");
        (await Server.GetAsync("/v1/groups/g/lag")).ShouldBeProblem(HttpStatusCode.NotFound, BrokerErrorCode.GroupNotFound, "'g'");
        (await Server.GetAsync("/v1/groups?state=Odd")).ShouldBeProblem(HttpStatusCode.BadRequest, BrokerErrorCode.InvalidRequest, "'state'");
    }

    private Task<JoinResult> JoinAsync() => Broker.Groups.JoinAsync(
        new JoinRequest
        {
            Group = "g", ProtocolType = "consumer", Protocols = [new("range", default)], SessionTimeout = TimeSpan.FromSeconds(30), RebalanceTimeout = TimeSpan.FromSeconds(30),
        },
        default);

    private async Task<string[]> OffsetsAsync() =>
    [
        .. (await Server.GetAsync("/v1/groups/g/offsets")).Json["offsets"]!.AsArray().Select(o => $"{o!["topic"]}/{o["partition"]}={o["offset"]}"),
    ];
}
