using System.Net;
using System.Text.Json.Nodes;
using StreamHouse.Broker;
using StreamHouse.Broker.Partitions;

namespace StreamHouse.Tests.Http;

public sealed class OffsetEndpointTests : HttpApiTest
{
    [Theory]
    [InlineData("", "0:3,1:0")]
    [InlineData("?at=latest", "0:3,1:0")]
    [InlineData("?at=earliest", "0:1,1:0")]
    [InlineData("?at=max-timestamp", "0:1,1:-1")]
    [InlineData("?timestamp=2000", "0:1,1:-1")]
    [InlineData("?at=latest&partition=1", "1:0")]
    public async Task Offsets_are_found_by_position_or_time(string query, string expected)
    {
        await Server.CreateTopicAsync("t", 2);
        await Server.PostAsync("/v1/topics/t/records", """
            {"records":[{"value":"","partition":0,"timestamp":1000},{"value":"","partition":0,"timestamp":3000},{"value":"","partition":0,"timestamp":2000}]}
            """);
        await Server.SendAsync(HttpMethod.Delete, "/v1/topics/t/partitions/0/records?before=1");
        JsonArray offsets = (await Server.GetAsync($"/v1/topics/t/offsets{query}")).Json["offsets"]!.AsArray();
        string.Join(',', offsets.Select(o => $"{o!["partition"]}:{o["offset"]}")).ShouldBe(expected);
    }

    [Theory]
    [InlineData("?at=middle", "'at'")]
    [InlineData("?at=latest&timestamp=1", "together")]
    [InlineData("?timestamp=then", "'timestamp'")]
    [InlineData("?consistency=perfect", "strong or linearizable")]
    public async Task A_bad_query_is_named(string query, string words)
    {
        await Server.CreateTopicAsync("t");
        (await Server.GetAsync($"/v1/topics/t/offsets{query}")).ShouldBeProblem(HttpStatusCode.BadRequest, BrokerErrorCode.InvalidRequest, words);
    }

    [Theory]
    [InlineData("offsets?consistency=linearizable", new[] { ReadConsistency.Linearizable, ReadConsistency.Linearizable })]
    [InlineData("offsets?consistency=strong", new[] { ReadConsistency.Strong, ReadConsistency.Strong })]
    [InlineData("offsets", new[] { ReadConsistency.Strong, ReadConsistency.Strong })]
    [InlineData("partitions/0/records?offset=0&consistency=linearizable", new[] { ReadConsistency.Linearizable })]
    [InlineData("partitions/0/records?from=latest&consistency=linearizable", new[] { ReadConsistency.Linearizable, ReadConsistency.Linearizable })]
    [InlineData("partitions/0/records?offset=0", new[] { ReadConsistency.Strong })]
    public async Task The_wanted_consistency_is_asked_for(string path, ReadConsistency[] asked)
    {
        await Server.CreateTopicAsync("t", 2);
        (await Server.GetAsync($"/v1/topics/t/{path}")).Status.ShouldBe(HttpStatusCode.OK);
        Broker.Asked.ShouldBe(asked);
    }

    [Fact]
    public async Task Deleting_records_needs_to_be_told_where_to_stop()
    {
        await Server.CreateTopicAsync("t");
        (await Server.SendAsync(HttpMethod.Delete, "/v1/topics/t/partitions/0/records"))
            .ShouldBeProblem(HttpStatusCode.BadRequest, BrokerErrorCode.InvalidRequest, "before");
    }

    [Fact]
    public async Task Segments_are_listed_in_pages_of_a_bounded_size()
    {
        await Server.CreateTopicAsync("t");
        (await Server.GetAsync("/v1/topics/t/partitions/0/segments")).Json["segments"]!.AsArray().ShouldBeEmpty();
        (await Server.GetAsync("/v1/topics/t/partitions/0/segments?limit=1001"))
            .ShouldBeProblem(HttpStatusCode.BadRequest, BrokerErrorCode.InvalidRequest, "1000");
    }
}
