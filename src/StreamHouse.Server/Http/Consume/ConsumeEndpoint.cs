using System.Buffers;
using System.Globalization;
using System.Net.Mime;
using System.Text.Json;
using StreamHouse.Broker;
using StreamHouse.Broker.Diagnostics;
using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Topics;
using StreamHouse.Records;
using StreamHouse.Server.Http.Requests;

namespace StreamHouse.Server.Http.Consume;

/// <summary><c>GET /v1/topics/{topic}/partitions/{partition}/records</c>.</summary>
internal sealed class ConsumeEndpoint(
    IBroker broker, HttpApiOptions options, BrokerMetrics metrics, TimeProvider clock, IHostApplicationLifetime lifetime)
{
    private const int LimitDefault = 100;
    private const int BytesDefault = 1024 * 1024;

    public static void Map(RouteGroupBuilder api) =>
        api.MapGet("/topics/{topic}/partitions/{partition}/records", HandleAsync)
            .WithSummary("Reads records from an offset, a time or an end; waits for new ones as long as 'wait' says.")
            .Produces<FetchAnswer>(StatusCodes.Status200OK, MediaTypeNames.Application.Json, MediaTypeNames.Application.Octet)
            .Produces(StatusCodes.Status204NoContent);

    private static async Task HandleAsync(
        string topic, int partition, long? offset, string? timestamp, string? from, int? limit, int? maxBytes, string? wait, string? encoding,
        string? keyEncoding, string? consistency, HttpContext context, ConsumeEndpoint endpoint)
    {
        StartPosition start = StartPosition.Parse(offset, timestamp, from, OffsetQuery.Earliest)
            with { Consistency = Arguments.Consistency(nameof(consistency), consistency) };
        FieldEncodings encodings = FieldEncodings.Parse(encoding, keyEncoding);
        HttpApiOptions options = endpoint.Options;
        int limitWanted = Arguments.InRange(nameof(limit), limit, LimitDefault, 1, options.FetchRecordsMax);
        int bytesWanted = Arguments.InRange(nameof(maxBytes), maxBytes, BytesDefault, 1, options.FetchBytesMax);
        TimeSpan waitMax = Arguments.Duration(nameof(wait), wait, options.FetchWaitMax);
        await endpoint.ConsumeAsync(context, topic, partition, start, limitWanted, bytesWanted, waitMax, encodings);
    }

    private HttpApiOptions Options => options;

    private async Task ConsumeAsync(
        HttpContext context, string topic, int partitionNumber, StartPosition start, int limit, int bytesMax, TimeSpan wait, FieldEncodings encodings)
    {
        long arrivedAt = clock.GetTimestamp();
        BrokerErrorCode code = BrokerErrorCode.Internal;
        try
        {
            TopicPartition partition = broker.RequirePartition(topic, partitionNumber);
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
            long offset = await start.FindAsync(broker, partition, ending.Token);
            using var answer = new PooledWriter();
            bool raw = WantsRaw(context.Request);
            RawSink rawSink = new(context.Response, answer);
            using (FetchResult result = await FetchAsync(partition, offset, bytesMax, wait, start.Consistency, ending.Token))
            {
                PartitionFetch fetch = result.Partitions[0];
                if (fetch.Error != BrokerErrorCode.None)
                {
                    throw new BrokerException(fetch.Error, fetch.Message ?? $"Partition {partitionNumber} of '{topic}' cannot be read.");
                }
                if (raw)
                {
                    using var reader = new RecordBatchReader();
                    FetchedRecords.ReadInto(fetch, offset, reader, rawSink);
                }
                else
                {
                    WriteJson(answer, topic, fetch, offset, limit, encodings);
                }
            }
            // The broker's buffers are given back before the answer is sent: a slow reader must not hold them.
            code = BrokerErrorCode.None;
            await SendAsync(context, answer, raw, rawSink.Found);
        }
        catch (BrokerException e)
        {
            code = e.Code;
            throw;
        }
        finally
        {
            metrics.FetchAnswered(FrontEnd.Http, code, clock.GetElapsedTime(arrivedAt));
        }
    }

    private async Task<FetchResult> FetchAsync(
        TopicPartition partition, long offset, int bytesMax, TimeSpan wait, ReadConsistency consistency, CancellationToken ct)
    {
        FetchRequest request = new([new FetchPartition(partition, offset, bytesMax)], 1, bytesMax, wait) { Consistency = consistency };
        try
        {
            return await broker.FetchAsync(request, ct);
        }
        catch (OperationCanceledException e) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            throw new BrokerException(BrokerErrorCode.ShuttingDown, "The server is shutting down; read on from its successor.", e);
        }
    }

    private static void WriteJson(PooledWriter answer, string topic, PartitionFetch fetch, long offset, int limit, FieldEncodings encodings)
    {
        using var json = new Utf8JsonWriter(answer, RecordJson.Options);
        using var reader = new RecordBatchReader();
        json.WriteStartObject();
        json.WriteString("topic"u8, topic);
        json.WriteNumber("partition"u8, fetch.Partition.Partition);
        json.WriteStartArray("records"u8);
        long next = FetchedRecords.ReadInto(fetch, offset, reader, new JsonSink(json, limit, encodings));
        json.WriteEndArray();
        json.WriteNumber("nextOffset"u8, next);
        json.WriteNumber("highWatermark"u8, fetch.HighWatermark);
        json.WriteNumber("logStartOffset"u8, fetch.LogStartOffset);
        json.WriteEndObject();
    }

    private static async Task SendAsync(HttpContext context, PooledWriter answer, bool raw, bool rawFound)
    {
        if (raw && !rawFound)
        {
            context.Response.StatusCode = StatusCodes.Status204NoContent;
            return;
        }
        context.Response.ContentType = raw ? MediaTypeNames.Application.Octet : "application/json; charset=utf-8";
        context.Response.ContentLength = answer.Length;
        await context.Response.Body.WriteAsync(answer.Written, context.RequestAborted);
    }

    private static bool WantsRaw(HttpRequest request) =>
        request.Headers.Accept.Any(a => a?.Contains(MediaTypeNames.Application.Octet, StringComparison.OrdinalIgnoreCase) == true);

    private sealed class JsonSink(Utf8JsonWriter json, int limit, FieldEncodings encodings) : IRecordSink
    {
        private int _taken;

        public bool Take(in Record record)
        {
            RecordJson.Write(json, record, encodings);
            return ++_taken < limit;
        }
    }

    /// <summary>Takes one record: its value as the body, the rest as headers.</summary>
    private sealed class RawSink(HttpResponse response, PooledWriter body) : IRecordSink
    {
        public bool Found { get; private set; }

        public bool Take(in Record record)
        {
            Found = true;
            body.Write(record.Value.Span);
            response.Headers["Streamhouse-Offset"] = record.Offset.ToString(CultureInfo.InvariantCulture);
            response.Headers["Streamhouse-Next-Offset"] = (record.Offset + 1).ToString(CultureInfo.InvariantCulture);
            response.Headers["Streamhouse-Timestamp"] = record.Timestamp.ToString(CultureInfo.InvariantCulture);
            if (!record.IsKeyNull)
            {
                response.Headers["Streamhouse-Key-Base64"] = Convert.ToBase64String(record.Key.Span);
            }
            if (record.IsValueNull)
            {
                response.Headers["Streamhouse-Value-Null"] = "true";
            }
            return false;
        }
    }
}
