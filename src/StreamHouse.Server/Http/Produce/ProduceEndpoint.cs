using System.Net.Mime;
using Microsoft.Net.Http.Headers;
using StreamHouse.Broker;
using StreamHouse.Broker.Diagnostics;
using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Topics;
using StreamHouse.Server.Http.Problems;
using StreamHouse.Server.Http.Requests;

namespace StreamHouse.Server.Http.Produce;

/// <summary><c>POST /v1/topics/{topic}/records</c>.</summary>
internal sealed class ProduceEndpoint(
    IBroker broker, RequestBodies bodies, RecordPlacement placement, HttpApiOptions options, BrokerMetrics metrics, TimeProvider clock)
{
    private const string NdJson = "application/x-ndjson";
    private const string JsonLines = "application/jsonl";

    public static void Map(RouteGroupBuilder api) =>
        api.MapPost("/topics/{topic}/records", HandleAsync)
            .WithSummary("Appends records: a JSON document, one JSON record per line, or the bytes of one value.")
            .Accepts<ProduceBody>(MediaTypeNames.Application.Json, NdJson, JsonLines, MediaTypeNames.Application.Octet)
            .Produces<ProduceAnswer>().Produces<ProduceAccepted>(StatusCodes.Status202Accepted);

    private static Task<IResult> HandleAsync(
        string topic, string? acks, string? encoding, string? keyEncoding, string? key, int? partition, string? timestamp,
        HttpContext context, ProduceEndpoint endpoint) =>
        endpoint.ProduceAsync(context, topic, new Parameters(ParseAcks(acks), FieldEncodings.Parse(encoding, keyEncoding), key, partition, timestamp));

    private async Task<IResult> ProduceAsync(HttpContext context, string topicName, Parameters parameters)
    {
        long arrivedAt = clock.GetTimestamp();
        BrokerErrorCode code = BrokerErrorCode.Internal;
        try
        {
            TopicDescription topic = broker.RequireTopic(topicName);
            using var batches = new OutgoingBatches(topic);
            Task<AppendResult>[] answers = await AppendAsync(context, topic, parameters, batches);
            if (parameters.Acks == Acks.None)
            {
                code = BrokerErrorCode.None;
                return Results.Json(
                    new ProduceAccepted(topic.Name, batches.Count), HttpJson.Default.ProduceAccepted, statusCode: StatusCodes.Status202Accepted);
            }
            var results = new AppendResult[answers.Length];
            for (int i = 0; i < answers.Length; i++)
            {
                results[i] = await answers[i].WaitAsync(context.RequestAborted);
            }
            code = Array.Find(results, r => r.Error != BrokerErrorCode.None).Error;
            return Answer(context, topic, batches.Outcomes(results), Array.Find(results, r => r.Error != BrokerErrorCode.None));
        }
        catch (BrokerException e)
        {
            code = e.Code;
            throw;
        }
        catch (BadHttpRequestException)
        {
            code = BrokerErrorCode.InvalidRequest;
            throw;
        }
        finally
        {
            metrics.ProduceAnswered(FrontEnd.Http, code, clock.GetElapsedTime(arrivedAt));
        }
    }

    // The body's memory is given back as soon as the batches are made, before the wait for their acknowledgement.
    private async Task<Task<AppendResult>[]> AppendAsync(HttpContext context, TopicDescription topic, Parameters parameters, OutgoingBatches batches)
    {
        Func<ReadOnlyMemory<byte>, List<IncomingRecord>> parse = ParserFor(context.Request, parameters);
        using (RequestBody body = await bodies.ReadAsync(context))
        {
            List<IncomingRecord> records = parse(body.Bytes);
            int sticky = placement.NextSticky(topic);
            long nowMs = clock.GetUtcNow().ToUnixTimeMilliseconds();
            for (int i = 0; i < records.Count; i++)
            {
                IncomingRecord record = records[i];
                batches.Add(record, RecordPlacement.Place(topic, record, i, sticky), nowMs);
            }
        }
        return batches.Append(broker, parameters.Acks);
    }

    private Func<ReadOnlyMemory<byte>, List<IncomingRecord>> ParserFor(HttpRequest request, Parameters parameters)
    {
        string? type = MediaTypeHeaderValue.TryParse(request.ContentType, out MediaTypeHeaderValue? parsed) ? parsed.MediaType.Value : null;
        if (type?.Equals(MediaTypeNames.Application.Octet, StringComparison.OrdinalIgnoreCase) == true)
        {
            return body => [RawRecord.Read(request, body, parameters.Key, parameters.Encodings, parameters.Partition, parameters.Timestamp)];
        }
        if (parameters.Key is not null || parameters.Partition is not null || parameters.Timestamp is not null)
        {
            throw Arguments.Invalid("'key', 'partition' and 'timestamp' in the query belong to application/octet-stream; JSON records carry their own.");
        }
        return type?.ToLowerInvariant() switch
        {
            MediaTypeNames.Application.Json => body => RecordsJson.ReadDocument(body, parameters.Encodings, options.ProduceRecordsMax),
            NdJson or JsonLines => body => RecordsJson.ReadLines(body, parameters.Encodings, options.ProduceRecordsMax),
            _ => throw new BadHttpRequestException(ProblemMiddleware.UnsupportedType, StatusCodes.Status415UnsupportedMediaType),
        };
    }

    private static IResult Answer(HttpContext context, TopicDescription topic, RecordOutcome[] outcomes, in AppendResult refused)
    {
        if (refused.Error == BrokerErrorCode.None)
        {
            return Results.Json(new ProduceAnswer(topic.Name, outcomes), HttpJson.Default.ProduceAnswer);
        }
        int failed = outcomes.Count(o => o.Code is not null);
        Problem problem = Problem.Of(
            context, refused.Error, $"{failed} of {outcomes.Length} records were refused: {refused.Message}") with { Records = outcomes };
        return new ProblemResult(problem);
    }

    private static Acks ParseAcks(string? acks) => acks switch
    {
        null or "all" or "-1" => Acks.All,
        "1" or "leader" => Acks.Leader,
        "0" or "none" => Acks.None,
        _ => throw Arguments.Invalid($"'acks' is '{acks}'; it must be all, 1 or 0."),
    };

    private sealed record Parameters(Acks Acks, FieldEncodings Encodings, string? Key, int? Partition, string? Timestamp);
}
