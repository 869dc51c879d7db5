using System.Net;
using StreamHouse.Broker;
using StreamHouse.Server.Http;
using StreamHouse.Server.Http.Events;

namespace StreamHouse.Tests.Http;

public sealed class EventsEndpointTests : HttpApiTest
{
    internal override HttpApiOptions Options =>
        new() { EventHeartbeatInterval = TimeSpan.FromMilliseconds(100), EventStreamsMax = 2, EventPartitionsMax = 3 };

    [Fact]
    public async Task New_records_of_all_partitions_arrive()
    {
        await Server.CreateTopicAsync("t", 2);
        await ProduceAsync(0, "before");
        await using EventStream events = await EventStream.OpenAsync(Server, "/v1/topics/t/events");
        await UntilAsync(() => Broker.WaitingFetches == 1);
        await ProduceAsync(1, "one");
        ServerEvent first = (await events.ReadAsync())!;
        (first.Kind, first.Value, (int)first.Json["partition"]!, first.Id).ShouldBe(("message", "one", 1, "0:1,1:1"));
        await ProduceAsync(0, "two");
        ServerEvent second = (await events.ReadAsync())!;
        (second.Value, (int)second.Json["partition"]!, second.Id).ShouldBe(("two", 0, "0:2,1:1"));
    }

    [Fact]
    public async Task A_reader_that_comes_back_misses_nothing_and_sees_nothing_twice()
    {
        await Server.CreateTopicAsync("t", 2);
        for (int i = 0; i < 10; i++)
        {
            await ProduceAsync(i % 2, $"{i}");
        }
        var seen = new List<string>();
        string? lastId = null;
        while (seen.Count < 10)
        {
            // Every connection reads one event and breaks off, wherever in a batch that is.
            await using EventStream events = await EventStream.OpenAsync(Server, "/v1/topics/t/events?from=earliest", lastId);
            ServerEvent next = (await events.ReadAsync())!;
            seen.Add(next.Value);
            lastId = next.Id;
            await events.DisposeAsync();
            await UntilAsync(() => Server.Service<EventStreams>().Open == 0);
        }
        seen.Order().ShouldBe(Enumerable.Range(0, 10).Select(i => $"{i}"));
        seen.Where(v => int.Parse(v) % 2 == 0).ShouldBeInOrder();
    }

    [Fact]
    public async Task A_partition_added_while_the_reader_was_away_is_read_from_its_start()
    {
        await Server.CreateTopicAsync("t", 1);
        await Server.SendAsync(HttpMethod.Patch, "/v1/topics/t", """{"partitions":2}""");
        await ProduceAsync(1, "new partition");
        await using EventStream events = await EventStream.OpenAsync(Server, "/v1/topics/t/events", "0:0");
        (await events.ReadAsync())!.Value.ShouldBe("new partition");
    }

    [Fact]
    public async Task Selected_partitions_only()
    {
        await Server.CreateTopicAsync("t", 3);
        await ProduceAsync(0, "a");
        await ProduceAsync(1, "b");
        await ProduceAsync(2, "c");
        await using EventStream events = await EventStream.OpenAsync(Server, "/v1/topics/t/events?partitions=2,0&from=earliest");
        string[] values = [(await events.ReadAsync())!.Value, (await events.ReadAsync())!.Value];
        values.Order().ShouldBe(["a", "c"]);
    }

    [Fact]
    public async Task Silence_is_broken_by_heartbeats()
    {
        await Server.CreateTopicAsync("t");
        await using EventStream events = await EventStream.OpenAsync(Server, "/v1/topics/t/events");
        int heartbeats = 0;
        while (heartbeats < 2)
        {
            heartbeats += (await events.ReadLineAsync()).ShouldNotBeNull().StartsWith(": heartbeat", StringComparison.Ordinal) ? 1 : 0;
        }
    }

    [Fact]
    public async Task Line_breaks_inside_a_JSON_value_do_not_end_the_event()
    {
        await Server.CreateTopicAsync("t");
        await Server.PostAsync("/v1/topics/t/records", "{\"encoding\":\"json\",\"records\":[{\"value\":{\r\n\"a\":\n1}}]}");
        await using EventStream events = await EventStream.OpenAsync(Server, "/v1/topics/t/events?from=earliest&encoding=json");
        ((int)(await events.ReadAsync())!.Json["value"]!["a"]!).ShouldBe(1);
    }

    [Fact]
    public async Task Deleted_records_leave_a_gap_event_and_the_stream_goes_on()
    {
        await Server.CreateTopicAsync("t");
        await ProduceAsync(0, "gone");
        await ProduceAsync(0, "gone too");
        await ProduceAsync(0, "kept");
        Answer deleted = await Server.SendAsync(HttpMethod.Delete, "/v1/topics/t/partitions/0/records?before=2");
        ((long)deleted.Json["logStartOffset"]!).ShouldBe(2);
        await using EventStream events = await EventStream.OpenAsync(Server, "/v1/topics/t/events", "0:1");
        ServerEvent gap = (await events.ReadAsync())!;
        (gap.Kind, gap.Id, gap.Data).ShouldBe(("gap", "0:2", """{"partition":0,"from":1,"to":2}"""));
        (await events.ReadAsync())!.Value.ShouldBe("kept");
    }

    [Fact]
    public async Task Deleting_the_topic_ends_the_stream_with_a_problem()
    {
        await Server.CreateTopicAsync("t");
        await using EventStream events = await EventStream.OpenAsync(Server, "/v1/topics/t/events");
        await UntilAsync(() => Broker.WaitingFetches == 1);
        await Server.SendAsync(HttpMethod.Delete, "/v1/topics/t");
        ServerEvent problem = (await events.ReadAsync())!;
        (problem.Kind, (string?)problem.Json["code"]).ShouldBe(("problem", "UnknownTopic"));
        (await events.ReadAsync()).ShouldBeNull();
    }

    [Fact]
    public async Task A_reader_that_goes_leaves_nothing_behind()
    {
        await Server.CreateTopicAsync("t");
        EventStream events = await EventStream.OpenAsync(Server, "/v1/topics/t/events");
        await UntilAsync(() => Broker.WaitingFetches == 1);
        await events.DisposeAsync();
        await UntilAsync(() => Broker.WaitingFetches == 0 && Server.Service<EventStreams>().Open == 0);
    }

    [Fact]
    public async Task Streams_over_the_limit_are_refused_until_one_ends()
    {
        await Server.CreateTopicAsync("t");
        EventStream first = await EventStream.OpenAsync(Server, "/v1/topics/t/events");
        await using EventStream second = await EventStream.OpenAsync(Server, "/v1/topics/t/events");
        Answer third = await Server.GetAsync("/v1/topics/t/events");
        third.ShouldBeProblem(HttpStatusCode.TooManyRequests, BrokerErrorCode.Overloaded, "2 event streams");
        third.Headers["Retry-After"].ShouldBe("1");
        await first.DisposeAsync();
        await UntilAsync(() => Server.Service<EventStreams>().Open == 1);
        await using EventStream again = await EventStream.OpenAsync(Server, "/v1/topics/t/events");
    }

    [Fact]
    public async Task Streams_do_not_hold_up_a_stop()
    {
        await Server.CreateTopicAsync("t");
        await using EventStream events = await EventStream.OpenAsync(Server, "/v1/topics/t/events");
        await Server.StopAsync(TimeSpan.FromSeconds(5)).WaitAsync(TimeSpan.FromSeconds(3));
        (await events.ReadAsync()).ShouldBeNull();
    }

    [Theory]
    [InlineData("partitions=0,9", null, HttpStatusCode.NotFound, BrokerErrorCode.UnknownPartition, "9")]
    [InlineData("partitions=x", null, HttpStatusCode.BadRequest, BrokerErrorCode.InvalidRequest, "'partitions'")]
    [InlineData("partitions=", null, HttpStatusCode.BadRequest, BrokerErrorCode.InvalidRequest, "'partitions'")]
    [InlineData("", null, HttpStatusCode.BadRequest, BrokerErrorCode.InvalidRequest, "3 partitions")]
    [InlineData("partitions=0", "abc", HttpStatusCode.BadRequest, BrokerErrorCode.InvalidRequest, "'Last-Event-ID'")]
    [InlineData("partitions=0", "0:-1", HttpStatusCode.BadRequest, BrokerErrorCode.InvalidRequest, "'Last-Event-ID'")]
    [InlineData("partitions=0", "0:1,0:2", HttpStatusCode.BadRequest, BrokerErrorCode.InvalidRequest, "'Last-Event-ID'")]
    [InlineData("partitions=0&from=now", null, HttpStatusCode.BadRequest, BrokerErrorCode.InvalidRequest, "'from'")]
    [InlineData("partitions=0&encoding=hex", null, HttpStatusCode.BadRequest, BrokerErrorCode.InvalidRequest, "'encoding'")]
    public async Task A_bad_request_is_refused_before_the_stream_begins(
        string query, string? lastId, HttpStatusCode status, BrokerErrorCode code, string words)
    {
        await Server.CreateTopicAsync("t", 4);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/topics/t/events?{query}");
        if (lastId is not null)
        {
            request.Headers.Add("Last-Event-ID", lastId);
        }
        (await Server.SendAsync(request)).ShouldBeProblem(status, code, words);
    }

    private async Task ProduceAsync(int partition, string value) =>
        (await Server.PostAsync("/v1/topics/t/records", $$"""{"records":[{"value":"{{value}}","partition":{{partition}}}]}"""))
            .Status.ShouldBe(HttpStatusCode.OK);
}
