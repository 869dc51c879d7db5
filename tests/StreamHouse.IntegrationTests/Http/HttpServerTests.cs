using System.Net;
using System.Text.Json.Nodes;
using StreamHouse.Broker.Diagnostics;
using StreamHouse.IntegrationTests.Support;
using StreamHouse.Tests.Http;
using StreamHouse.Tests.Metrics;
using StreamHouse.Tests.Support;

namespace StreamHouse.IntegrationTests.Http;

/// <summary>The HTTP API of the real process: what needs an engine under it to be true.</summary>
public sealed class HttpServerTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_documented_command_works_when_pasted()
    {
        RequiredTools.Require("bash", "curl", "jq");
        await using ServerProcess server = await ServerProcess.StartAsync();
        await DocumentedCommands.CheckAsync(server.Http);
    }

    [Theory]
    [InlineData("local", "all", 200, "local")]
    [InlineData("object", "all", 200, "object")]
    [InlineData("local", "1", 200, "eventual")]
    [InlineData("local", "0", 202, null)]
    public async Task Every_kind_of_body_and_acknowledgement_ends_in_the_log(string durability, string acks, int status, string? reached)
    {
        await using ServerProcess server = await ServerProcess.StartAsync();
        using HttpCalls http = new(server.Http);
        await http.CreateTopicAsync("t", partitions: 1, durability);

        (HttpStatusCode first, JsonNode? answer) = await http.SendAsync(
            HttpMethod.Post, $"/v1/topics/t/records?acks={acks}", """{"records":[{"key":"k","value":"json"},{"value":"AAH/","encoding":"base64"}]}""");
        (HttpStatusCode second, _) = await http.SendAsync(
            HttpMethod.Post, $"/v1/topics/t/records?acks={acks}", "{\"value\":\"line 1\"}\n{\"value\":null}\n", "application/x-ndjson");
        (HttpStatusCode third, _) = await http.SendAsync(HttpMethod.Post, $"/v1/topics/t/records?acks={acks}", "raw", "application/octet-stream");

        new[] { (int)first, (int)second, (int)third }.ShouldAllBe(s => s == status);
        if (reached is not null)
        {
            answer!["records"]!.AsArray().Select(r => ((long)r!["offset"]!, (string)r["durability"]!)).ShouldBe([(0L, reached), (1L, reached)]);
        }
        List<JsonNode> records = [];
        while (records.Count < 5)
        {
            records.AddRange(await http.ReadAsync($"/v1/topics/t/partitions/0/records?offset={records.Count}&wait=5s"));
        }
        records.Select(r => (long)r["offset"]!).ShouldBe([0L, 1, 2, 3, 4]);
        records.Select(r => (string?)r["value"]).ShouldBe(["json", "AAH/", "line 1", null, "raw"]);
        ((string?)records[1]["valueEncoding"]).ShouldBe("base64");
    }

    [Fact]
    public async Task Records_are_found_by_offset_and_time_before_and_after_a_kill()
    {
        string folder = Directory.CreateTempSubdirectory("streamhouse-test-").FullName;
        try
        {
            await using (ServerProcess server = await ServerProcess.StartAsync(folder))
            {
                using HttpCalls http = new(server.Http);
                await http.CreateTopicAsync("t");
                await http.ProduceAsync("t", """{"records":[{"value":"a","timestamp":1000},{"value":"b","timestamp":2000},{"value":"c","timestamp":3000}]}""");
                await CheckAsync(http);
                await server.KillAsync();
            }
            await using ServerProcess next = await ServerProcess.StartAsync(folder);
            using HttpCalls again = new(next.Http);
            await CheckAsync(again);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        static async Task CheckAsync(HttpCalls http)
        {
            const string Records = "/v1/topics/t/partitions/0/records";
            Values(await http.ReadAsync($"{Records}?offset=1")).ShouldBe(["b", "c"]);
            Values(await http.ReadAsync($"{Records}?offset=0&limit=2")).ShouldBe(["a", "b"]);
            Values(await http.ReadAsync($"{Records}?timestamp=1500")).ShouldBe(["b", "c"]);
            Values(await http.ReadAsync($"{Records}?timestamp=3001")).ShouldBeEmpty();
            (HttpStatusCode status, JsonNode? problem) = await http.SendAsync(HttpMethod.Get, $"{Records}?offset=9");
            ((int)status, (string)problem!["code"]!).ShouldBe((416, "OffsetOutOfRange"));
        }
    }

    [Fact]
    public async Task Wait_ends_with_the_next_record()
    {
        await using ServerProcess server = await ServerProcess.StartAsync();
        using HttpCalls http = new(server.Http);
        await http.CreateTopicAsync("t");
        Task<List<JsonNode>> waiting = http.ReadAsync("/v1/topics/t/partitions/0/records?wait=25s");
        await Task.Delay(100, Token);
        waiting.IsCompleted.ShouldBeFalse();

        await http.ProduceAsync("t", """{"records":[{"value":"new"}]}""");

        Values(await waiting.WaitAsync(TimeSpan.FromSeconds(10), Token)).ShouldBe(["new"]);
    }

    [Fact]
    public async Task Reader_of_events_resumes_where_it_was_when_the_server_was_killed()
    {
        string folder = Directory.CreateTempSubdirectory("streamhouse-test-").FullName;
        try
        {
            string? lastId = null;
            List<string> seen = [];
            for (int round = 0; round < 3; round++)
            {
                await using ServerProcess server = await ServerProcess.StartAsync(folder);
                using HttpCalls http = new(server.Http);
                if (round == 0)
                {
                    await http.CreateTopicAsync("t", partitions: 2);
                }
                for (int i = 0; i < 4; i++)
                {
                    await http.ProduceAsync("t", $$"""{"records":[{"value":"{{round}}.{{i}}","partition":{{i % 2}}}]}""");
                }
                // The fourth of a round is left to a later one.
                await foreach ((string id, string data) in http.FollowAsync("/v1/topics/t/events?from=earliest", lastId, round == 2 ? 6 : 3))
                {
                    lastId = id;
                    seen.Add((string)JsonNode.Parse(data)!["value"]!);
                }
                await server.KillAsync();
            }
            seen.Order().ShouldBe(from round in Enumerable.Range(0, 3) from i in Enumerable.Range(0, 4) select $"{round}.{i}");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Group_offsets_are_there_after_a_kill()
    {
        string folder = Directory.CreateTempSubdirectory("streamhouse-test-").FullName;
        try
        {
            await using (ServerProcess server = await ServerProcess.StartAsync(folder))
            {
                using HttpCalls http = new(server.Http);
                await http.CreateTopicAsync("t", partitions: 2);
                (HttpStatusCode status, _) = await http.SendAsync(
                    HttpMethod.Put, "/v1/groups/g/offsets", """{"offsets":[{"topic":"t","partition":1,"offset":42,"metadata":"note"}]}""");
                status.ShouldBe(HttpStatusCode.OK);
                await server.KillAsync();
            }
            await using ServerProcess next = await ServerProcess.StartAsync(folder);
            using HttpCalls again = new(next.Http);
            (_, JsonNode? offsets) = await again.SendAsync(HttpMethod.Get, "/v1/groups/g/offsets?topic=t");
            JsonNode offset = offsets!["offsets"]!.AsArray().ShouldHaveSingleItem()!;
            ((int)offset["partition"]!, (long)offset["offset"]!, (string?)offset["metadata"]).ShouldBe((1, 42L, "note"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Listed_segments_are_objects_that_exist_and_hold_all_records()
    {
        await using ServerProcess server = await ServerProcess.StartAsync();
        using HttpCalls http = new(server.Http);
        await http.CreateTopicAsync("t", durability: "object");
        for (int i = 0; i < 3; i++)
        {
            await http.ProduceAsync("t", """{"records":[{"value":"a"},{"value":"b"}]}""");
        }

        (_, JsonNode? page) = await http.SendAsync(HttpMethod.Get, "/v1/topics/t/partitions/0/segments?limit=1");
        (_, JsonNode? all) = await http.SendAsync(HttpMethod.Get, "/v1/topics/t/partitions/0/segments");

        page!["segments"]!.AsArray().Count.ShouldBe(1);
        long end = 0;
        foreach (JsonNode? segment in all!["segments"]!.AsArray())
        {
            ((long)segment!["baseOffset"]!).ShouldBe(end);
            end = (long)segment["endOffset"]!;
            string file = Path.Combine(server.DataFolder, "objects", (string)segment["key"]!);
            new FileInfo(file).Length.ShouldBeGreaterThanOrEqualTo((long)segment["position"]! + (long)segment["bytes"]!);
        }
        end.ShouldBe(6);
    }

    [Fact]
    public async Task Readiness_follows_the_object_folder()
    {
        await using ServerProcess server = await ServerProcess.StartAsync();
        using HttpCalls http = new(server.Http);
        string objects = Path.Combine(server.DataFolder, "objects");
        (await http.ReadinessAsync(HttpStatusCode.OK)).ShouldBe(HttpStatusCode.OK);

        Directory.Move(objects, objects + ".away");
        await File.WriteAllTextAsync(objects, "in the way", Token);

        (await http.ReadinessAsync(HttpStatusCode.ServiceUnavailable)).ShouldBe(HttpStatusCode.ServiceUnavailable);
        (HttpStatusCode live, _) = await http.SendAsync(HttpMethod.Get, "/health/live");
        live.ShouldBe(HttpStatusCode.OK);

        File.Delete(objects);
        Directory.Move(objects + ".away", objects);
        (await http.ReadinessAsync(HttpStatusCode.OK)).ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Metrics_tell_of_real_traffic_and_please_promtool()
    {
        string folder = Directory.CreateTempSubdirectory("streamhouse-test-").FullName;
        try
        {
            string first;
            await using (ServerProcess server = await ServerProcess.StartAsync(folder))
            {
                using HttpCalls http = new(server.Http);
                await http.CreateTopicAsync("local");
                await http.CreateTopicAsync("object", durability: "object");
                await http.ProduceAsync("local", """{"records":[{"value":"a"},{"value":"b"},{"value":"c"}]}""");
                await http.ProduceAsync("object", """{"records":[{"value":"a"},{"value":"b"}]}""");
                (await http.ReadAsync("/v1/topics/local/partitions/0/records?offset=1")).Count.ShouldBe(2);
                first = await http.TextAsync("/metrics");
                (await server.StopAsync()).ShouldBe(0, server.Log);
            }
            await using ServerProcess next = await ServerProcess.StartAsync(folder);
            using HttpCalls again = new(next.Http);
            // In the new process only the objects have these.
            (await again.ReadAsync("/v1/topics/object/partitions/0/records")).Count.ShouldBe(2);
            (await again.ReadAsync("/v1/topics/object/partitions/0/records")).Count.ShouldBe(2);
            string second = await again.TextAsync("/metrics");

            // Every gauge is fed by someone; connections and waiting fetches are gauges that count events, groups one that has a label.
            first.Split('\n').Count(l => l.StartsWith("# TYPE streamhouse_", StringComparison.Ordinal) && l.EndsWith(" gauge", StringComparison.Ordinal))
                .ShouldBe(Enum.GetValues<BrokerGauge>().Length + 3);
            Value(first, "streamhouse_append_records_total").ShouldBe(5);
            Value(first, "streamhouse_append_bytes_total").ShouldBeGreaterThan(0);
            Value(first, "streamhouse_produce_requests_total", "http", "none").ShouldBe(2);
            Value(first, "streamhouse_fetch_requests_total", "http", "none").ShouldBe(1);
            Value(first, "streamhouse_read_records_total", "tail").ShouldBe(2);
            Value(first, "streamhouse_append_duration_seconds_count", "local").ShouldBe(1);
            Value(first, "streamhouse_append_duration_seconds_count", "object").ShouldBe(1);
            Value(first, "streamhouse_nodelog_sync_duration_seconds_count").ShouldBeGreaterThanOrEqualTo(1);
            Value(first, "streamhouse_nodelog_frame_batches_sum").ShouldBeGreaterThanOrEqualTo(1);
            Value(first, "streamhouse_nodelog_size_bytes").ShouldBeGreaterThan(0);
            Value(first, "streamhouse_tail_size_bytes").ShouldBeGreaterThan(0);
            Value(first, "streamhouse_upload_duration_seconds_count", "succeeded").ShouldBe(1);
            Value(first, "streamhouse_upload_bytes_total").ShouldBeGreaterThan(0);
            Value(first, "streamhouse_commit_slices_total").ShouldBe(1);
            Value(first, "streamhouse_object_store_duration_seconds_count", "put", "succeeded").ShouldBeGreaterThanOrEqualTo(1);
            Value(first, "streamhouse_leases_taken_total").ShouldBe(2);
            Value(first, "streamhouse_topics").ShouldBe(2);
            Value(first, "streamhouse_partitions").ShouldBe(2);
            Value(second, "streamhouse_leases_taken_total").ShouldBe(2);
            Value(second, "streamhouse_read_records_total", "segment").ShouldBe(4);
            Value(second, "streamhouse_segment_cache_misses_total").ShouldBeGreaterThanOrEqualTo(1);
            Value(second, "streamhouse_segment_cache_hits_total").ShouldBeGreaterThanOrEqualTo(1);
            Value(second, "streamhouse_segment_cache_size_bytes").ShouldBeGreaterThan(0);
            RequiredTools.Require("promtool");
            (await PromTool.CheckAsync(first)).ShouldBeEmpty();
            (await PromTool.CheckAsync(second)).ShouldBeEmpty();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task OpenAPI_document_is_served_by_the_process()
    {
        await using ServerProcess server = await ServerProcess.StartAsync();
        using HttpCalls http = new(server.Http);
        (HttpStatusCode status, JsonNode? document) = await http.SendAsync(HttpMethod.Get, "/openapi/v1.json");
        status.ShouldBe(HttpStatusCode.OK);
        foreach (string path in new[] { "/v1/topics", "/v1/topics/{topic}/records", "/v1/topics/{topic}/events", "/health/ready", "/metrics" })
        {
            document!["paths"]!.AsObject().ContainsKey(path).ShouldBeTrue(path);
        }
    }

    private static IEnumerable<string> Values(List<JsonNode> records) => records.Select(r => (string)r["value"]!);

    /// <summary>The value of the one series of that name whose labels have all these values.</summary>
    private static double Value(string page, string name, params string[] labels)
    {
        string line = page.Split('\n')
            .Where(l => l.StartsWith(name + "{", StringComparison.Ordinal) || l.StartsWith(name + " ", StringComparison.Ordinal))
            .Where(l => labels.All(label => l.Contains($"\"{label}\"", StringComparison.Ordinal)))
            .ShouldHaveSingleItem($"{name} {string.Join(',', labels)}");
        return double.Parse(line[(line.LastIndexOf(' ') + 1)..], System.Globalization.CultureInfo.InvariantCulture);
    }
}
