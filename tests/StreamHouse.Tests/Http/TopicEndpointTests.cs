using System.Net;
using StreamHouse.Broker;

namespace StreamHouse.Tests.Http;

public sealed class TopicEndpointTests : HttpApiTest
{
    [Fact]
    public async Task A_topic_is_created_described_listed_and_deleted()
    {
        Answer created = await Server.PostAsync(
            "/v1/topics", """{"name":"orders","partitions":3,"durability":"object","config":{"retention.ms":60000,"max.message.bytes":"2048"}}""");
        created.Status.ShouldBe(HttpStatusCode.Created);
        created.Headers["Location"].ShouldBe("/v1/topics/orders");

        Answer described = await Server.GetAsync("/v1/topics/orders");
        described.Status.ShouldBe(HttpStatusCode.OK);
        ((int)described.Json["partitions"]!).ShouldBe(3);
        ((string?)described.Json["durability"]).ShouldBe("object");
        ((string?)described.Json["config"]!["retention.ms"]).ShouldBe("60000");
        ((string?)described.Json["config"]!["cleanup.policy"]).ShouldBe("delete");
        described.Json["configOverrides"]!.AsObject().Count.ShouldBe(2);
        described.Json["partitionStates"]!.AsArray().Count.ShouldBe(3);

        Answer listed = await Server.GetAsync("/v1/topics");
        ((string?)listed.Json["topics"]![0]!["name"]).ShouldBe("orders");

        (await Server.SendAsync(HttpMethod.Delete, "/v1/topics/orders")).Status.ShouldBe(HttpStatusCode.NoContent);
        (await Server.GetAsync("/v1/topics/orders")).ShouldBeProblem(HttpStatusCode.NotFound, BrokerErrorCode.UnknownTopic, "orders");
    }

    [Fact]
    public async Task Altering_changes_what_is_named_and_leaves_the_rest()
    {
        await Server.PostAsync("/v1/topics", """{"name":"t","config":{"retention.ms":1,"retention.bytes":5}}""");
        Answer altered = await Server.SendAsync(
            HttpMethod.Patch, "/v1/topics/t", """{"partitions":4,"config":{"retention.ms":null,"max.message.bytes":4096}}""");
        altered.Status.ShouldBe(HttpStatusCode.OK);
        ((int)altered.Json["partitions"]!).ShouldBe(4);
        string overrides = altered.Json["configOverrides"]!.ToJsonString();
        overrides.ShouldBe("""{"max.message.bytes":"4096","retention.bytes":"5"}""");
    }

    [Fact]
    public async Task A_bad_setting_changes_nothing_else()
    {
        await Server.CreateTopicAsync("t");
        Answer altered = await Server.SendAsync(HttpMethod.Patch, "/v1/topics/t", """{"partitions":4,"config":{"retention.ms":"soon"}}""");
        altered.ShouldBeProblem(HttpStatusCode.BadRequest, BrokerErrorCode.InvalidConfig, "retention.ms");
        ((int)(await Server.GetAsync("/v1/topics/t")).Json["partitions"]!).ShouldBe(1);
    }

    [Fact]
    public async Task A_name_in_use_is_a_conflict()
    {
        await Server.CreateTopicAsync("t");
        (await Server.PostAsync("/v1/topics", """{"name":"t"}"""))
            .ShouldBeProblem(HttpStatusCode.Conflict, BrokerErrorCode.TopicAlreadyExists, "'t'");
    }

    [Theory]
    [InlineData("""{"name":"a b"}""", BrokerErrorCode.InvalidTopic, "U+0020")]
    [InlineData("""{"name":".."}""", BrokerErrorCode.InvalidTopic, "'..'")]
    [InlineData("""{"partitions":1}""", BrokerErrorCode.InvalidRequest, "name")]
    [InlineData("""{"name":"t","partition":1}""", BrokerErrorCode.InvalidRequest, "partition")]
    [InlineData("""{"name":"t","partitions":"3"}""", BrokerErrorCode.InvalidRequest, "$.partitions")]
    [InlineData("""{"name":"t","partitions":0}""", BrokerErrorCode.InvalidPartitions, "0")]
    [InlineData("""{"name":"t","durability":"best"}""", BrokerErrorCode.InvalidRequest, "'durability'")]
    [InlineData("""{"name":"t","config":{"retention.ms":[1]}}""", BrokerErrorCode.InvalidConfig, "retention.ms")]
    [InlineData("""{"name":"t","config":{"colour":"red"}}""", BrokerErrorCode.InvalidConfig, "colour")]
    [InlineData("""{"name":"t","name":"u"}""", BrokerErrorCode.InvalidRequest, "name")]
    [InlineData("""{"name":""", BrokerErrorCode.InvalidRequest, "BytePosition")]
    [InlineData("null", BrokerErrorCode.InvalidRequest, "null")]
    public async Task A_bad_creation_names_what_is_wrong(string body, BrokerErrorCode code, string words) =>
        (await Server.PostAsync("/v1/topics", body)).ShouldBeProblem(HttpStatusCode.BadRequest, code, words);

    [Fact]
    public async Task A_body_of_another_type_is_refused() =>
        (await Server.PostAsync("/v1/topics", "name=t", "application/x-www-form-urlencoded"))
            .ShouldBeProblem(HttpStatusCode.UnsupportedMediaType, BrokerErrorCode.InvalidRequest, "Content-Type: application/json");

    [Fact]
    public async Task Partitions_cannot_become_fewer()
    {
        await Server.CreateTopicAsync("t", 3);
        (await Server.SendAsync(HttpMethod.Patch, "/v1/topics/t", """{"partitions":2}"""))
            .ShouldBeProblem(HttpStatusCode.BadRequest, BrokerErrorCode.InvalidPartitions, "more");
    }
}
