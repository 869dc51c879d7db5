using System.Net;
using System.Text.Json.Nodes;
using StreamHouse.Broker;
using StreamHouse.Server.Http;

namespace StreamHouse.Tests.Http;

public sealed class ConsumeEndpointTests : HttpApiTest
{
    internal override HttpApiOptions Options => new() { FetchWaitMax = TimeSpan.FromSeconds(20) };

    [Fact]
    public async Task Reading_goes_on_where_it_stopped()
    {
        await ProduceAsync(7);
        Answer first = await Server.GetAsync("/v1/topics/t/partitions/0/records?limit=3");
        Values(first).ShouldBe(["0", "1", "2"]);
        ((long)first.Json["nextOffset"]!).ShouldBe(3);
        ((long)first.Json["highWatermark"]!).ShouldBe(7);
        Answer rest = await Server.GetAsync("/v1/topics/t/partitions/0/records?offset=3");
        Values(rest).ShouldBe(["3", "4", "5", "6"]);
        ((long)rest.Json["nextOffset"]!).ShouldBe(7);
        Answer end = await Server.GetAsync("/v1/topics/t/partitions/0/records?offset=7");
        Values(end).ShouldBeEmpty();
        ((long)end.Json["nextOffset"]!).ShouldBe(7);
    }

    [Fact]
    public async Task Batches_cut_into_pieces_are_read_whole()
    {
        Broker.PieceBytesMax = 13;
        await ProduceAsync(5);
        Values(await Server.GetAsync("/v1/topics/t/partitions/0/records?offset=2")).ShouldBe(["2", "3", "4"]);
    }

    [Theory]
    [InlineData("timestamp=3000", new[] { "3", "4" })]
    [InlineData("timestamp=1970-01-01T00:00:03.5Z", new[] { "4" })]
    [InlineData("timestamp=9000", new string[0])]
    [InlineData("from=earliest&limit=1", new[] { "0" })]
    [InlineData("from=latest", new string[0])]
    public async Task Reading_begins_at_a_time_or_an_end(string query, string[] expected)
    {
        await ProduceAsync(5);
        Values(await Server.GetAsync($"/v1/topics/t/partitions/0/records?{query}")).ShouldBe(expected);
    }

    [Fact]
    public async Task A_wait_ends_with_the_first_new_record()
    {
        await Server.CreateTopicAsync("t");
        Task<Answer> waiting = Server.GetAsync("/v1/topics/t/partitions/0/records?wait=20s");
        await UntilAsync(() => Broker.WaitingFetches == 1);
        await Server.PostAsync("/v1/topics/t/records", """{"records":[{"value":"new"}]}""");
        Values(await waiting.WaitAsync(TimeSpan.FromSeconds(5))).ShouldBe(["new"]);
    }

    [Fact]
    public async Task A_wait_ends_on_time_without_records()
    {
        await Server.CreateTopicAsync("t");
        Answer answer = await Server.GetAsync("/v1/topics/t/partitions/0/records?wait=50");
        answer.Status.ShouldBe(HttpStatusCode.OK);
        Values(answer).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_wait_ends_when_the_caller_goes()
    {
        await Server.CreateTopicAsync("t");
        using var leaving = new CancellationTokenSource();
        Task<HttpResponseMessage> waiting = Server.Client.GetAsync("/v1/topics/t/partitions/0/records?wait=20s", leaving.Token);
        await UntilAsync(() => Broker.WaitingFetches == 1);
        await leaving.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(waiting);
        await UntilAsync(() => Broker.WaitingFetches == 0);
    }

    [Fact]
    public async Task A_wait_ends_with_a_retriable_error_when_the_server_stops()
    {
        await Server.CreateTopicAsync("t");
        Task<Answer> waiting = Server.GetAsync("/v1/topics/t/partitions/0/records?wait=20s");
        await UntilAsync(() => Broker.WaitingFetches == 1);
        await Server.StopAsync(TimeSpan.FromSeconds(5));
        (await waiting).ShouldBeProblem(HttpStatusCode.ServiceUnavailable, BrokerErrorCode.ShuttingDown, "shutting down");
    }

    [Fact]
    public async Task One_record_can_be_had_as_its_bytes()
    {
        await Server.CreateTopicAsync("t");
        await Server.PostAsync("/v1/topics/t/records", """{"records":[{"key":"k","value":"AAEC/w==","encoding":"base64","keyEncoding":"string"},{"value":null}]}""");
        using HttpResponseMessage first = await RawAsync("offset=0");
        (await first.Content.ReadAsByteArrayAsync()).ShouldBe([0, 1, 2, 255]);
        first.Content.Headers.ContentType!.MediaType.ShouldBe("application/octet-stream");
        first.Headers.GetValues("Streamhouse-Offset").ShouldBe(["0"]);
        first.Headers.GetValues("Streamhouse-Next-Offset").ShouldBe(["1"]);
        first.Headers.GetValues("Streamhouse-Key-Base64").ShouldBe(["aw=="]);
        using HttpResponseMessage none = await RawAsync("offset=1");
        none.Headers.GetValues("Streamhouse-Value-Null").ShouldBe(["true"]);
        using HttpResponseMessage end = await RawAsync("offset=2");
        end.StatusCode.ShouldBe(HttpStatusCode.NoContent);
    }

    [Fact]
    public async Task Bytes_that_are_no_text_or_JSON_come_as_marked_base64()
    {
        await Server.CreateTopicAsync("t");
        await Server.PostAsync("/v1/topics/t/records", """{"records":[{"key":"/w==","value":"AP8=","encoding":"base64"},{"value":"not json"}]}""");
        JsonNode binary = (await Server.GetAsync("/v1/topics/t/partitions/0/records?limit=1")).Json["records"]![0]!;
        binary.ToJsonString().ShouldContain("\"key\":\"/w==\",\"keyEncoding\":\"base64\",\"value\":\"AP8=\",\"valueEncoding\":\"base64\"");
        JsonNode text = (await Server.GetAsync("/v1/topics/t/partitions/0/records?offset=1&encoding=json")).Json["records"]![0]!;
        ((string?)text["value"]).ShouldBe("bm90IGpzb24=");
        ((string?)text["valueEncoding"]).ShouldBe("base64");
    }

    [Theory]
    [InlineData("wait=-1", "'wait'")]
    [InlineData("wait=-5s", "'wait'")]
    [InlineData("wait=21s", "20 s")]
    [InlineData("wait=soon", "'wait'")]
    [InlineData("wait=NaN", "'wait'")]
    [InlineData("limit=0", "'limit'")]
    [InlineData("limit=10001", "10000")]
    [InlineData("limit=many", "limit")]
    [InlineData("maxBytes=0", "'maxBytes'")]
    [InlineData("offset=-1", "'offset'")]
    [InlineData("offset=1&from=latest", "only one")]
    [InlineData("from=middle", "'from'")]
    [InlineData("timestamp=yesterday", "'timestamp'")]
    [InlineData("timestamp=-1", "'timestamp'")]
    [InlineData("encoding=hex", "'encoding'")]
    [InlineData("keyEncoding=json", "'keyEncoding'")]
    [InlineData("offsett=1", "'offsett'")]
    public async Task A_bad_parameter_is_named(string query, string words)
    {
        await Server.CreateTopicAsync("t");
        (await Server.GetAsync($"/v1/topics/t/partitions/0/records?{query}"))
            .ShouldBeProblem(HttpStatusCode.BadRequest, BrokerErrorCode.InvalidRequest, words);
    }

    [Fact]
    public async Task What_is_not_there_is_named()
    {
        await Server.CreateTopicAsync("t", 2);
        (await Server.GetAsync("/v1/topics/nope/partitions/0/records")).ShouldBeProblem(HttpStatusCode.NotFound, BrokerErrorCode.UnknownTopic, "'nope'");
        (await Server.GetAsync("/v1/topics/t/partitions/2/records")).ShouldBeProblem(HttpStatusCode.NotFound, BrokerErrorCode.UnknownPartition, "0 to 1");
        (await Server.GetAsync("/v1/topics/t/partitions/x/records")).ShouldBeProblem(HttpStatusCode.BadRequest, BrokerErrorCode.InvalidRequest, "partition");
        (await Server.GetAsync("/v1/topics/t/partitions/0/records?offset=5"))
            .ShouldBeProblem(HttpStatusCode.RequestedRangeNotSatisfiable, BrokerErrorCode.OffsetOutOfRange, "5");
    }

    private async Task ProduceAsync(int records)
    {
        await Server.CreateTopicAsync("t");
        string body = string.Join(',', Enumerable.Range(0, records).Select(i => $$"""{"value":"{{i}}","timestamp":{{i * 1000}}}"""));
        (await Server.PostAsync("/v1/topics/t/records", $$"""{"records":[{{body}}]}""")).Status.ShouldBe(HttpStatusCode.OK);
    }

    private async Task<HttpResponseMessage> RawAsync(string query)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/topics/t/partitions/0/records?{query}");
        request.Headers.Accept.ParseAdd("application/octet-stream");
        return await Server.Client.SendAsync(request);
    }

    private static string[] Values(Answer answer) => [.. answer.Json["records"]!.AsArray().Select(r => (string)r!["value"]!)];
}
