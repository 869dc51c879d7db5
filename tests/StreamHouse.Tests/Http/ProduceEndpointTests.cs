using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using StreamHouse.Broker;
using StreamHouse.Records.Partitioning;
using StreamHouse.Server.Http;
using StreamHouse.Server.Http.Requests;

namespace StreamHouse.Tests.Http;

public sealed class ProduceEndpointTests : HttpApiTest
{
    internal override HttpApiOptions Options => new() { BodyBytesMax = 64 * 1024, ProduceRecordsMax = 100 };

    [Fact]
    public async Task Records_of_every_encoding_come_back_as_they_were()
    {
        await Server.CreateTopicAsync("t");
        Answer produced = await Server.PostAsync("/v1/topics/t/records", """
            {"records":[
              {"key":"k","value":"plain \u00e9 \"quoted\"\n","timestamp":1700000000123,"headers":{"trace":"abc","none":null}},
              {"value":"AP8Q","encoding":"base64"},
              {"key":"k2","value":{"a":[1, 2.50]},"encoding":"json","headers":[{"key":"h","value":"1"},{"key":"h","value":"2"}]},
              {"key":"gone","value":null},
              {"key":"","value":""}
            ]}
            """);
        produced.Status.ShouldBe(HttpStatusCode.OK, produced.Text);
        produced.Json["records"]!.AsArray().Select(r => (long)r!["offset"]!).ShouldBe([0, 1, 2, 3, 4]);
        produced.Json["records"]!.AsArray().ShouldAllBe(r => (string?)r!["durability"] == "local" && (int)r["partition"]! == 0);

        JsonArray records = (await Server.GetAsync("/v1/topics/t/partitions/0/records")).Json["records"]!.AsArray();
        ((string?)records[0]!["key"]).ShouldBe("k");
        ((string?)records[0]!["value"]).ShouldBe("plain é \"quoted\"\n");
        ((long)records[0]!["timestamp"]!).ShouldBe(1700000000123);
        records[0]!["headers"]!.ToJsonString().ShouldBe("""[{"key":"trace","value":"abc"},{"key":"none","value":null}]""");
        ((string?)records[1]!["value"]).ShouldBe("AP8Q");
        ((string?)records[1]!["valueEncoding"]).ShouldBe("base64");
        records[1]!["key"].ShouldBeNull();
        ((string?)records[2]!["value"]).ShouldBe("""{"a":[1, 2.50]}""");
        records[2]!["headers"]!.ToJsonString().ShouldBe("""[{"key":"h","value":"1"},{"key":"h","value":"2"}]""");
        records[3]!["value"].ShouldBeNull();
        ((string?)records[4]!["key"]).ShouldBe("");
        ((string?)records[4]!["value"]).ShouldBe("");
    }

    [Fact]
    public async Task Keys_go_where_Kafkas_clients_put_them_and_order_is_kept()
    {
        await Server.CreateTopicAsync("t", 5);
        var records = new JsonArray([.. Enumerable.Range(0, 60).Select(i => new JsonObject { ["key"] = $"key-{i % 7}", ["value"] = $"{i}" })]);
        Answer produced = await Server.PostAsync("/v1/topics/t/records", new JsonObject { ["records"] = records }.ToJsonString());
        JsonArray outcomes = produced.Json["records"]!.AsArray();
        for (int i = 0; i < 60; i++)
        {
            int partition = KeyPartitioner.PartitionOf(Encoding.UTF8.GetBytes($"key-{i % 7}"), 5);
            ((int)outcomes[i]!["partition"]!).ShouldBe(partition);
            JsonNode stored = await OneAsync(partition, (long)outcomes[i]!["offset"]!);
            ((string?)stored["value"]).ShouldBe($"{i}");
        }
        outcomes.GroupBy(o => (int)o!["partition"]!).ShouldAllBe(g => g.Select(o => (long)o!["offset"]!).SequenceEqual(Offsets(g.Count())));
    }

    [Fact]
    public async Task Keyless_records_of_a_request_stay_together_and_requests_take_turns()
    {
        await Server.CreateTopicAsync("t", 3);
        var used = new HashSet<int>();
        for (int i = 0; i < 3; i++)
        {
            Answer produced = await Server.PostAsync("/v1/topics/t/records", """{"records":[{"value":"a"},{"value":"b"}]}""");
            int[] partitions = [.. produced.Json["records"]!.AsArray().Select(r => (int)r!["partition"]!).Distinct()];
            used.Add(partitions.ShouldHaveSingleItem());
        }
        used.Count.ShouldBe(3);
    }

    [Fact]
    public async Task An_explicit_partition_wins_over_the_key()
    {
        await Server.CreateTopicAsync("t", 8);
        int other = (KeyPartitioner.PartitionOf("k"u8, 8) + 1) % 8;
        Answer produced = await Server.PostAsync("/v1/topics/t/records", $$"""{"records":[{"key":"k","value":"v","partition":{{other}}}]}""");
        ((int)produced.Json["records"]![0]!["partition"]!).ShouldBe(other);
    }

    [Fact]
    public async Task Lines_are_records_and_empty_ones_are_skipped()
    {
        await Server.CreateTopicAsync("t");
        Answer produced = await Server.PostAsync(
            "/v1/topics/t/records?encoding=json", "{\"value\":{\"n\":1}}\r\n\n  \n{\"value\":\"x\",\"encoding\":\"string\"}", "application/x-ndjson");
        produced.Status.ShouldBe(HttpStatusCode.OK, produced.Text);
        ((string?)(await OneAsync(0, 0))["value"]).ShouldBe("""{"n":1}""");
        ((string?)(await OneAsync(0, 1))["value"]).ShouldBe("x");
    }

    [Fact]
    public async Task Raw_bytes_are_one_record_with_key_timestamp_and_headers()
    {
        await Server.CreateTopicAsync("t", 2);
        byte[] bytes = [0, 1, 255, 10, 13];
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/topics/t/records?key=k&partition=1&timestamp=2026-01-31T12:00:00Z");
        request.Content = new ByteArrayContent(bytes);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        request.Headers.Add("Streamhouse-Header-Trace-Id", "abc");
        (await Server.SendAsync(request)).Status.ShouldBe(HttpStatusCode.OK);

        JsonNode stored = (await Server.GetAsync("/v1/topics/t/partitions/1/records?encoding=base64&keyEncoding=string")).Json["records"]![0]!;
        Convert.FromBase64String((string)stored["value"]!).ShouldBe(bytes);
        ((string?)stored["key"]).ShouldBe("k");
        ((long)stored["timestamp"]!).ShouldBe(1769860800000);
        stored["headers"]!.ToJsonString().ShouldBe("""[{"key":"trace-id","value":"abc"}]""");
    }

    [Fact]
    public async Task Acks_decide_what_the_answer_promises()
    {
        await Server.CreateTopicAsync("t");
        const string Body = """{"records":[{"value":"v"}]}""";
        ((string?)(await Server.PostAsync("/v1/topics/t/records?acks=1", Body)).Json["records"]![0]!["durability"]).ShouldBe("eventual");
        ((string?)(await Server.PostAsync("/v1/topics/t/records?acks=all", Body)).Json["records"]![0]!["durability"]).ShouldBe("local");
        Answer unawaited = await Server.PostAsync("/v1/topics/t/records?acks=0", Body);
        unawaited.Status.ShouldBe(HttpStatusCode.Accepted);
        ((int)unawaited.Json["accepted"]!).ShouldBe(1);
        (await Server.PostAsync("/v1/topics/t/records?acks=2", Body)).ShouldBeProblem(HttpStatusCode.BadRequest, BrokerErrorCode.InvalidRequest, "'acks'");
    }

    [Fact]
    public async Task More_than_one_batch_can_hold_is_split_in_order()
    {
        await Server.PostAsync("/v1/topics", """{"name":"t","config":{"max.message.bytes":1024}}""");
        var records = new JsonArray([.. Enumerable.Range(0, 20).Select(i => new JsonObject { ["value"] = new string((char)('a' + i), 300) })]);
        Answer produced = await Server.PostAsync("/v1/topics/t/records", new JsonObject { ["records"] = records }.ToJsonString());
        produced.Json["records"]!.AsArray().Select(r => (long)r!["offset"]!).ShouldBe(Offsets(20));
        ((string?)(await OneAsync(0, 19))["value"]).ShouldBe(new string('t', 300));
    }

    [Fact]
    public async Task A_record_that_no_batch_can_hold_is_refused_and_the_others_are_told_apart()
    {
        await Server.PostAsync("/v1/topics", """{"name":"t","config":{"max.message.bytes":1024}}""");
        Answer produced = await Server.PostAsync(
            "/v1/topics/t/records", $$"""{"records":[{"value":"a"},{"value":"{{new string('x', 2000)}}"},{"value":"b"}]}""");
        produced.ShouldBeProblem(HttpStatusCode.RequestEntityTooLarge, BrokerErrorCode.BatchTooLarge, "1 of 3 records");
        JsonArray outcomes = produced.Json["records"]!.AsArray();
        ((long)outcomes[0]!["offset"]!).ShouldBe(0);
        ((string?)outcomes[1]!["code"]).ShouldBe("BatchTooLarge");
        ((long)outcomes[2]!["offset"]!).ShouldBe(1);
    }

    [Fact]
    public async Task A_partition_that_fails_does_not_hide_what_others_acknowledged()
    {
        Broker.FullPartition = 1;
        await Server.CreateTopicAsync("t", 2);
        Answer produced = await Server.PostAsync("/v1/topics/t/records", """{"records":[{"value":"a","partition":0},{"value":"b","partition":1}]}""");
        produced.ShouldBeProblem(HttpStatusCode.InsufficientStorage, BrokerErrorCode.NoSpace, "1 of 2");
        produced.Headers["Retry-After"].ShouldBe("1");
        ((string?)produced.Json["records"]![0]!["durability"]).ShouldBe("local");
        ((bool)produced.Json["records"]![1]!["retriable"]!).ShouldBeTrue();
    }

    [Theory]
    [InlineData("""{"records":[{"value":"a"},{"value":"!!","encoding":"base64"}]}""", "records[1].value")]
    [InlineData("""{"records":[{"key":"!!","value":"","keyEncoding":"base64"}]}""", "records[0].key")]
    [InlineData("""{"records":[{"value":"a","headers":{"h":"!"}}],"encoding":"base64"}""", "records[0]")]
    [InlineData("""{"records":[{"value":5}]}""", "records[0].value")]
    [InlineData("""{"records":[{"key":"k"}]}""", "records[0].value")]
    [InlineData("""{"records":[{"value":"a","colour":"red"}]}""", "records[0].colour")]
    [InlineData("""{"records":[{"value":"a","partition":-1}]}""", "records[0].partition")]
    [InlineData("""{"records":[{"value":"a","partition":1.5}]}""", "records[0].partition")]
    [InlineData("""{"records":[{"value":"a","timestamp":-5}]}""", "records[0].timestamp")]
    [InlineData("""{"records":[{"value":"a","encoding":"hex"}]}""", "records[0].encoding")]
    [InlineData("""{"records":[{"value":"a","headers":[{"value":"x"}]}]}""", "records[0].headers[0].key")]
    [InlineData("""{"records":[{"value":"a","headers":[{"key":"x","v":"x"}]}]}""", "records[0].headers[0].v")]
    [InlineData("""{"records":[{"value":"a","headers":7}]}""", "records[0].headers")]
    [InlineData("""{"records":[{"value":"\ud800"}]}""", "records[0].value")]
    [InlineData("""{"records":["a"]}""", "records[0]")]
    [InlineData("""{"records":[]}""", "no records")]
    [InlineData("""{"records":{}}""", "'records'")]
    [InlineData("""{"values":[]}""", "'values'")]
    [InlineData("""{"encoding":"json"}""", "'records'")]
    [InlineData("[]", "object")]
    [InlineData("", "object")]
    [InlineData("""{"records":[{"value":"a"}""", "not valid JSON")]
    [InlineData("""{"records":[{"value":"a"}]} x""", "not valid JSON")]
    public async Task A_bad_body_names_the_record_and_field_and_stores_nothing(string body, string words)
    {
        await Server.CreateTopicAsync("t");
        (await Server.PostAsync("/v1/topics/t/records", body)).ShouldBeProblem(HttpStatusCode.BadRequest, BrokerErrorCode.InvalidRequest, words);
        ((long)(await Server.GetAsync("/v1/topics/t/partitions/0/records")).Json["highWatermark"]!).ShouldBe(0);
    }

    [Fact]
    public async Task A_bad_line_is_named_by_its_number()
    {
        await Server.CreateTopicAsync("t");
        (await Server.PostAsync("/v1/topics/t/records", "{\"value\":\"a\"}\n{\"value\":", "application/x-ndjson"))
            .ShouldBeProblem(HttpStatusCode.BadRequest, BrokerErrorCode.InvalidRequest, "line 2");
        (await Server.PostAsync("/v1/topics/t/records", "{\"value\":\"a\"} {\"value\":\"b\"}", "application/x-ndjson"))
            .ShouldBeProblem(HttpStatusCode.BadRequest, BrokerErrorCode.InvalidRequest, "line 1");
    }

    [Fact]
    public async Task Text_that_is_not_UTF_8_is_refused_rather_than_changed()
    {
        await Server.CreateTopicAsync("t");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/topics/t/records");
        request.Content = new ByteArrayContent([.. "{\"records\":[{\"value\":\""u8, 0xC3, 0x28, .. "\"}]}"u8]);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        (await Server.SendAsync(request)).ShouldBeProblem(HttpStatusCode.BadRequest, BrokerErrorCode.InvalidRequest, "records[0].value");
    }

    [Fact]
    public async Task A_partition_that_is_not_there_is_named_with_its_record()
    {
        await Server.CreateTopicAsync("t", 2);
        (await Server.PostAsync("/v1/topics/t/records", """{"records":[{"value":"a"},{"value":"b","partition":2}]}"""))
            .ShouldBeProblem(HttpStatusCode.NotFound, BrokerErrorCode.UnknownPartition, "records[1].partition");
    }

    [Fact]
    public async Task Too_many_records_are_refused()
    {
        await Server.CreateTopicAsync("t");
        string body = $$"""{"records":[{{string.Join(',', Enumerable.Repeat("{\"value\":\"\"}", 101))}}]}""";
        (await Server.PostAsync("/v1/topics/t/records", body)).ShouldBeProblem(HttpStatusCode.BadRequest, BrokerErrorCode.InvalidRequest, "100 records");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_over_the_limit_is_refused(bool chunked)
    {
        await Server.CreateTopicAsync("t");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/topics/t/records");
        request.Content = new ByteArrayContent(new byte[64 * 1024 + 1]);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        request.Headers.TransferEncodingChunked = chunked;
        (await Server.SendAsync(request)).ShouldBeProblem(HttpStatusCode.RequestEntityTooLarge, BrokerErrorCode.InvalidRequest, "larger");
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("")]
    [InlineData("application/x-www-form-urlencoded")]
    public async Task Other_types_of_body_are_refused(string type)
    {
        await Server.CreateTopicAsync("t");
        (await Server.PostAsync("/v1/topics/t/records", "x", type))
            .ShouldBeProblem(HttpStatusCode.UnsupportedMediaType, BrokerErrorCode.InvalidRequest, "application/octet-stream");
    }

    [Fact]
    public async Task A_key_in_the_query_of_a_JSON_request_is_refused_rather_than_ignored()
    {
        await Server.CreateTopicAsync("t");
        (await Server.PostAsync("/v1/topics/t/records?key=k", """{"records":[{"value":""}]}"""))
            .ShouldBeProblem(HttpStatusCode.BadRequest, BrokerErrorCode.InvalidRequest, "'key'");
    }

    [Fact]
    public async Task Bodies_give_their_memory_back_whatever_becomes_of_them()
    {
        await Server.CreateTopicAsync("t");
        await Server.PostAsync("/v1/topics/t/records", """{"records":[{"value":"a"}]}""");
        await Server.PostAsync("/v1/topics/t/records", "{");
        await Server.PostAsync("/v1/topics/t/records", new string(' ', 70_000));
        await UntilAsync(() => Server.Service<RequestBodies>().BytesInMemory == 0);
    }

    private async Task<JsonNode> OneAsync(int partition, long offset) =>
        (await Server.GetAsync($"/v1/topics/t/partitions/{partition}/records?offset={offset}&limit=1")).Json["records"]![0]!;

    private static IEnumerable<long> Offsets(int count) => Enumerable.Range(0, count).Select(i => (long)i);
}
