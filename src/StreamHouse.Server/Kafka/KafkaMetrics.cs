using System.Collections.Frozen;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using StreamHouse.Broker.Diagnostics;
using StreamHouse.Kafka;

namespace StreamHouse.Server.Kafka;

/// <summary>What the Kafka listeners measure, beside what the broker does.</summary>
internal sealed class KafkaMetrics
{
    private static readonly FrozenDictionary<ApiKey, KeyValuePair<string, object?>> ApiTags =
        SupportedApis.All.ToFrozenDictionary(a => a.Key, a => new KeyValuePair<string, object?>("api", SnakeCase(a.Key.ToString())));

    private static readonly KeyValuePair<string, object?> InDirection = new("direction", "in");
    private static readonly KeyValuePair<string, object?> OutDirection = new("direction", "out");

    private readonly FrozenDictionary<ApiKey, Action<KafkaErrorCode>> _failures;
    private readonly BrokerMetrics _broker;
    private readonly TimeProvider _clock;
    private readonly Counter<long> _requests;
    private readonly Counter<long> _errors;
    private readonly Counter<long> _bytes;
    private readonly Counter<long> _rejected;
    private readonly Counter<long> _refused;
    private readonly Histogram<double> _duration;

    /// <param name="broker">Whose meter to use, so that one collector finds everything.</param>
    /// <param name="clock">For durations.</param>
    public KafkaMetrics(BrokerMetrics broker, TimeProvider clock)
    {
        _broker = broker;
        _clock = clock;
        Meter meter = broker.Meter;
        _requests = meter.CreateCounter<long>("streamhouse.kafka.requests", null, "Requests by API.");
        _errors = meter.CreateCounter<long>("streamhouse.kafka.errors", null, "Errors told to clients, by API and code; one for each partition or other part that failed.");
        _bytes = meter.CreateCounter<long>("streamhouse.kafka.traffic", "By", "Bytes received and sent.");
        _rejected = meter.CreateCounter<long>("streamhouse.kafka.connections.rejected", null, "Connections closed because of what they sent, or did not send or take in time; not those that were idle.");
        _refused = meter.CreateCounter<long>("streamhouse.kafka.connections.refused", null, "Connections closed at once because there were too many.");
        _duration = meter.CreateHistogram(
            "streamhouse.kafka.duration", "s", "Time from a request's arrival to its answer, by API; waiting for data included.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] });
        _failures = SupportedApis.All.ToFrozenDictionary(a => a.Key, a => (Action<KafkaErrorCode>)(code => Failed(a.Key, code)));
        _bytes.Add(0, InDirection);
        _bytes.Add(0, OutDirection);
        _rejected.Add(0);
        _refused.Add(0);
    }

    /// <summary>A connection was accepted.</summary>
    public void Connected() => _broker.ConnectionOpened(FrontEnd.Kafka);

    /// <summary>A connection has ended.</summary>
    public void Disconnected() => _broker.ConnectionClosed(FrontEnd.Kafka);

    /// <summary>A connection was closed because of what it sent, or did not send or take in time.</summary>
    public void Rejected() => _rejected.Add(1);

    /// <summary>A connection was closed at once because there were too many.</summary>
    public void Refused() => _refused.Add(1);

    /// <summary>Bytes were received.</summary>
    public void Received(int bytes) => _bytes.Add(bytes, InDirection);

    /// <summary>Bytes were sent.</summary>
    public void Sent(long bytes) => _bytes.Add(bytes, OutDirection);

    /// <summary>A request was read.</summary>
    public void Requested(ApiKey api) => _requests.Add(1, ApiTags[api]);

    /// <summary>A request was answered.</summary>
    public void Answered(ApiKey api, long arrived) => _duration.Record(_clock.GetElapsedTime(arrived).TotalSeconds, ApiTags[api]);

    /// <summary>A client is told of an error.</summary>
    public void Failed(ApiKey api, KafkaErrorCode code) =>
        _errors.Add(1, new TagList { ApiTags[api], new KeyValuePair<string, object?>("code", SnakeCase(code.ToString())) });

    /// <summary>Counts each error that a client of an API is told of.</summary>
    public Action<KafkaErrorCode> FailuresOf(ApiKey api) => _failures[api];

    private static string SnakeCase(string name) =>
        string.Concat(name.Select((c, i) => char.IsUpper(c) && i > 0 ? $"_{char.ToLowerInvariant(c)}" : $"{char.ToLowerInvariant(c)}"));
}
