using System.Text.Json;
using StreamHouse.Broker;
using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Topics;
using StreamHouse.Records;
using StreamHouse.Server.Http.Consume;
using StreamHouse.Server.Http.Problems;
using StreamHouse.Server.Http.Requests;

namespace StreamHouse.Server.Http.Events;

/// <summary>What a <c>gap</c> event says: records between the two offsets were deleted before they could be sent.</summary>
internal sealed record EventGap(int Partition, long From, long To);

/// <summary><c>GET /v1/topics/{topic}/events</c>: follows a topic by server-sent events.</summary>
internal sealed class EventsEndpoint(IBroker broker, HttpApiOptions options, EventStreams streams, IHostApplicationLifetime lifetime)
{
    public static void Map(RouteGroupBuilder api) =>
        api.MapGet("/topics/{topic}/events", HandleAsync)
            .WithSummary("Follows a topic by server-sent events, from its end unless told otherwise; resumes at Last-Event-ID.")
            .Produces<ConsumedRecord>(StatusCodes.Status200OK, "text/event-stream");

    private static Task HandleAsync(
        string topic, string? partitions, string? from, string? timestamp, string? encoding, string? keyEncoding, HttpContext context,
        EventsEndpoint endpoint)
    {
        StartPosition start = StartPosition.Parse(null, timestamp, from, OffsetQuery.Latest);
        return endpoint.FollowAsync(context, topic, partitions, start, FieldEncodings.Parse(encoding, keyEncoding));
    }

    private async Task FollowAsync(HttpContext context, string topicName, string? partitions, StartPosition start, FieldEncodings encodings)
    {
        TopicDescription topic = broker.RequireTopic(topicName);
        int[] followed = EventPositions.ParsePartitions(partitions, topic, options.EventPartitionsMax);
        using EventStreams.Place place = streams.Enter();
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        EventPositions positions = await FindPositionsAsync(context.Request, topic, followed, start, ending.Token);
        using var events = new EventWriter(positions, encodings);
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-store";
        events.WriteRetry();
        try
        {
            await SendAsync(context, events, ending.Token);
            await PumpAsync(context, topic, positions, events, ending.Token);
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // The reader has gone or the server stops; a client reconnects by itself with the id of its last event.
        }
    }

    private async Task<EventPositions> FindPositionsAsync(
        HttpRequest request, TopicDescription topic, int[] partitions, StartPosition start, CancellationToken ct)
    {
        string? lastId = request.Headers["Last-Event-ID"];
        Dictionary<int, long> resumed = string.IsNullOrEmpty(lastId) ? [] : EventPositions.ParseId(lastId);
        var offsets = new long[partitions.Length];
        for (int i = 0; i < partitions.Length; i++)
        {
            // A partition that the id does not know was added while the client was away: all of it is new.
            offsets[i] = resumed.TryGetValue(partitions[i], out long offset)
                ? offset
                : resumed.Count > 0 ? 0 : await start.FindAsync(broker, new TopicPartition(topic.Id, partitions[i]), ct);
        }
        return new EventPositions(partitions, offsets);
    }

    private async Task PumpAsync(HttpContext context, TopicDescription topic, EventPositions positions, EventWriter events, CancellationToken ct)
    {
        using var reader = new RecordBatchReader();
        bool goesOn = true;
        while (goesOn)
        {
            using (FetchResult result = await broker.FetchAsync(RequestFor(topic, positions), ct))
            {
                goesOn = Write(context, result, positions, events, reader);
            }

            // The broker's buffers are given back before anything is sent: a slow reader must not hold them.
            if (events.Pending.IsEmpty)
            {
                events.WriteHeartbeat();
            }
            await SendAsync(context, events, ct);
        }
    }

    private FetchRequest RequestFor(TopicDescription topic, EventPositions positions)
    {
        var wanted = new FetchPartition[positions.Count];
        for (int i = 0; i < wanted.Length; i++)
        {
            wanted[i] = new FetchPartition(new TopicPartition(topic.Id, positions.Partition(i)), positions[i], options.EventFetchBytesMax);
        }
        return new FetchRequest(wanted, 1, options.EventFetchBytesMax, options.EventHeartbeatInterval);
    }

    // Returns whether the stream goes on.
    private static bool Write(HttpContext context, FetchResult result, EventPositions positions, EventWriter events, RecordBatchReader reader)
    {
        for (int i = 0; i < result.Partitions.Count; i++)
        {
            PartitionFetch fetch = result.Partitions[i];
            if (fetch.Error == BrokerErrorCode.OffsetOutOfRange && fetch.LogStartOffset > positions[i])
            {
                WriteGap(fetch.LogStartOffset, i, positions, events);
                continue;
            }
            if (fetch.Error != BrokerErrorCode.None)
            {
                WriteError(context, fetch.Error, fetch.Message ?? $"Partition {positions.Partition(i)} cannot be read.", events);
                return false;
            }
            try
            {
                events.Begin(i);
                positions[i] = FetchedRecords.ReadInto(fetch, positions[i], reader, events);
            }
            catch (BrokerException e)
            {
                WriteError(context, e.Code, e.Message, events);
                return false;
            }
        }
        return true;
    }

    // Retention was faster than the reader. Saying so and going on beats an error that every reconnection would meet again.
    private static void WriteGap(long logStart, int index, EventPositions positions, EventWriter events)
    {
        var gap = new EventGap(positions.Partition(index), positions[index], logStart);
        positions[index] = logStart;
        events.WriteEvent("gap", JsonSerializer.SerializeToUtf8Bytes(gap, HttpJson.Default.EventGap));
    }

    private static void WriteError(HttpContext context, BrokerErrorCode code, string message, EventWriter events) =>
        events.WriteEvent("problem", JsonSerializer.SerializeToUtf8Bytes(Problem.Of(context, code, message), HttpJson.Default.Problem));

    private static async Task SendAsync(HttpContext context, EventWriter events, CancellationToken ct)
    {
        await context.Response.Body.WriteAsync(events.Pending, ct);
        await context.Response.Body.FlushAsync(ct);
        events.Sent();
    }
}
