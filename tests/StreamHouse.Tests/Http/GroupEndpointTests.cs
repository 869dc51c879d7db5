using System.Net;
using System.Text.Json.Nodes;
using StreamHouse.Broker;

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
        (await Server.GetAsync("/v1/groups")).Json["groups"]!.ToJsonString().ShouldBe("""["g"]""");

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

    private async Task<string[]> OffsetsAsync() =>
    [
        .. (await Server.GetAsync("/v1/groups/g/offsets")).Json["offsets"]!.AsArray().Select(o => $"{o!["topic"]}/{o["partition"]}={o["offset"]}"),
    ];
}
