using StreamHouse.Broker.Buffers;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;
using StreamHouse.Server.Kafka.ApiVersions;
using StreamHouse.Server.Kafka.Connections;

namespace StreamHouse.Server.Kafka.Dispatch;

/// <summary>The APIs this server serves, by key.</summary>
internal sealed class KafkaHandlers(KafkaMetrics metrics, ILogger log)
{
    private readonly SortedDictionary<ApiKey, KafkaApi> _apis = [];

    /// <summary>What clients are told: the APIs that have both a codec and a handler, in the order of their keys.</summary>
    public IEnumerable<ApiSupport> Served => _apis.Keys.Select(SupportedApis.Get);

    /// <summary>Adds a handler. Before the first request.</summary>
    public void Add<TRequest, TResponse>(IKafkaHandler<TRequest, TResponse> handler)
        where TRequest : IKafkaMessage<TRequest>
        where TResponse : IKafkaMessage<TResponse> => Add(TRequest.Api, new TypedApi<TRequest, TResponse>(handler, metrics, log));

    /// <summary>Adds an API with a codec of its own. Before the first request.</summary>
    public void Add(ApiKey key, KafkaApi api) => _apis.Add(key, api);

    /// <summary>Reads a request and begins it.</summary>
    /// <param name="frame">The request; the caller keeps its reference.</param>
    /// <param name="client">Who sent it.</param>
    /// <param name="arrived">When, by the clock's timestamp.</param>
    /// <param name="mustBeShort">Whether nothing may be done that could take more than some microseconds.</param>
    /// <returns>The reply to be; null when the request is not that short: nothing has happened then.</returns>
    /// <exception cref="FrameException">The API or its version is not served.</exception>
    /// <exception cref="KafkaFormatException">The bytes are not a request.</exception>
    public PendingReply? Begin(in BufferSlice frame, KafkaClient client, long arrived, bool mustBeShort)
    {
        if (mustBeShort && frame.Length > KafkaApi.ShortBytesMax)
        {
            return null;
        }
        KafkaReader reader = new(frame.Span);
        var header = RequestHeader.Read(ref reader);
        if (!_apis.TryGetValue(header.ApiKey, out KafkaApi? api))
        {
            throw new FrameException($"API {(short)header.ApiKey} version {header.ApiVersion} was asked for, which is not served");
        }
        if (!SupportedApis.Get(header.ApiKey).IsAdvertised(header.ApiVersion))
        {
            if (header.ApiKey == ApiKey.ApiVersions)
            {
                // A newer client asks in its newest version first, and goes down to one it is told of.
                return new TypedReply<ApiVersionsResponse>(
                    ValueTask.FromResult(ApiVersionsHandler.UnknownVersion), header with { ApiVersion = 0 }, arrived, metrics) { RequestBytes = frame.Length };
            }
            throw new FrameException($"{header.ApiKey} version {header.ApiVersion} was asked for, which is not served");
        }
        RequestFrame request = new(frame, header, reader.Position, client, arrived);
        PendingReply? reply = mustBeShort ? api.TryBeginShort(request) : api.Begin(request);
        if (reply is not null)
        {
            metrics.Requested(header.ApiKey);
        }
        return reply;
    }
}
