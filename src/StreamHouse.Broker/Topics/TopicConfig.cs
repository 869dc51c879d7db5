using System.Collections.Immutable;
using System.Globalization;

namespace StreamHouse.Broker.Topics;

/// <summary>How a topic's record timestamps are made (<c>message.timestamp.type</c>).</summary>
public enum TimestampType
{
    /// <summary>The producer's timestamps are kept.</summary>
    CreateTime,

    /// <summary>The broker stamps each batch when it appends it.</summary>
    LogAppendTime,
}

/// <summary>A topic's settings under Kafka's names, checked when parsed. <see cref="Overrides"/> holds only what was set explicitly.</summary>
public sealed record TopicConfig
{
    private const string Never = "9223372036854775807";

    /// <summary>All defaults.</summary>
    public static TopicConfig Default { get; } = new();

    /// <summary><c>retention.ms</c>: age after which data may be deleted, in milliseconds; -1 keeps it for ever.</summary>
    public long RetentionMs { get; private init; } = 7L * 24 * 3600 * 1000;

    /// <summary><c>retention.bytes</c>: size per partition above which the oldest data may be deleted; -1 for no limit.</summary>
    public long RetentionBytes { get; private init; } = -1;

    /// <summary><c>max.message.bytes</c>: largest record batch accepted, header included.</summary>
    public int MaxMessageBytes { get; private init; } = 1_048_588;

    /// <summary><c>message.timestamp.type</c>.</summary>
    public TimestampType TimestampType { get; private init; }

    /// <summary>The settings that differ from their defaults because someone set them, by name.</summary>
    public ImmutableSortedDictionary<string, string> Overrides { get; private init; } =
        ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    /// <summary>Every setting with its effective value, by Kafka's name.</summary>
    public IEnumerable<KeyValuePair<string, string>> Effective()
    {
        yield return new("cleanup.policy", "delete");
        yield return new("compression.type", Overrides.GetValueOrDefault("compression.type", "producer"));
        yield return new("delete.retention.ms", Overrides.GetValueOrDefault("delete.retention.ms", "86400000"));
        yield return new("flush.messages", Overrides.GetValueOrDefault("flush.messages", Never));
        yield return new("flush.ms", Overrides.GetValueOrDefault("flush.ms", Never));
        yield return new("max.message.bytes", MaxMessageBytes.ToString(CultureInfo.InvariantCulture));
        yield return new("message.format.version", Overrides.GetValueOrDefault("message.format.version", "3.0-IV1"));
        yield return new("message.timestamp.type", TimestampType.ToString());
        yield return new("retention.bytes", RetentionBytes.ToString(CultureInfo.InvariantCulture));
        yield return new("retention.ms", RetentionMs.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Checks and parses settings; those not named keep their defaults.</summary>
    /// <exception cref="BrokerException"><see cref="BrokerErrorCode.InvalidConfig"/>, naming the setting and what it accepts.</exception>
    public static TopicConfig Parse(IEnumerable<KeyValuePair<string, string>> settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        TopicConfig config = Default;
        foreach ((string name, string value) in settings)
        {
            config = config.With(name, value);
        }
        return config;
    }

    /// <summary>A copy with one setting changed.</summary>
    /// <exception cref="BrokerException"><see cref="BrokerErrorCode.InvalidConfig"/>, naming the setting and what it accepts.</exception>
    public TopicConfig With(string name, string value)
    {
        TopicConfig changed = name switch
        {
            "retention.ms" => this with { RetentionMs = Number(name, value, -1, long.MaxValue) },
            "retention.bytes" => this with { RetentionBytes = Number(name, value, -1, long.MaxValue) },
            "max.message.bytes" => this with { MaxMessageBytes = (int)Number(name, value, 1024, 32 * 1024 * 1024) },
            "message.timestamp.type" => this with { TimestampType = Timestamp(value) },
            "cleanup.policy" => Fixed(name, value, "delete"),
            // Kept for the tools that set them, without effect: batches stay as they came, in the one format there is, topics are not compacted,
            // and no record waits for the sync that comes before its acknowledgement.
            "compression.type" => Compression(value),
            "delete.retention.ms" => KeptNumber(name, value, 0),
            "flush.messages" => KeptNumber(name, value, 1),
            "flush.ms" => KeptNumber(name, value, 0),
            "message.format.version" => this,
            _ => throw Invalid($"Unknown topic setting '{name}'. Known: {string.Join(", ", Default.Effective().Select(e => e.Key))}."),
        };
        return changed with { Overrides = Overrides.SetItem(name, value) };
    }

    /// <summary>A copy with one setting back at its default.</summary>
    /// <exception cref="BrokerException"><see cref="BrokerErrorCode.InvalidConfig"/> for an unknown setting.</exception>
    public TopicConfig Without(string name) =>
        Default.Effective().Any(e => e.Key == name)
            ? Parse(Overrides.Remove(name))
            : throw Invalid($"Unknown topic setting '{name}'.");

    /// <summary>A copy with changes applied one after another.</summary>
    /// <exception cref="BrokerException"><see cref="BrokerErrorCode.InvalidConfig"/>, naming the setting and what is wrong.</exception>
    public TopicConfig Apply(IEnumerable<TopicConfigChange> changes)
    {
        ArgumentNullException.ThrowIfNull(changes);
        TopicConfig config = this;
        foreach (TopicConfigChange change in changes)
        {
            config = change.Operation switch
            {
                TopicConfigOperation.Set => config.With(change.Name, change.Value),
                TopicConfigOperation.Reset => config.Without(change.Name),
                TopicConfigOperation.Append => config.WithList(change, static (present, values) => present.Concat(values).Distinct()),
                TopicConfigOperation.Subtract => config.WithList(change, static (present, values) => present.Except(values)),
                _ => throw Invalid($"There is no operation {(int)change.Operation} on setting '{change.Name}'."),
            };
        }
        return config;
    }

    private TopicConfig WithList(in TopicConfigChange change, Func<IEnumerable<string>, string[], IEnumerable<string>> combine)
    {
        if (change.Name != "cleanup.policy")
        {
            // An unknown setting is refused as such.
            Without(change.Name);
            throw Invalid($"Setting '{change.Name}' is no list: nothing can be added to it or taken out.");
        }
        string name = change.Name;
        string present = Effective().First(e => e.Key == name).Value;
        return With(name, string.Join(',', combine(Values(present), Values(change.Value))));
    }

    private static string[] Values(string list) => list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private TopicConfig Fixed(string name, string value, string only) =>
        value == only ? this : throw Invalid($"Setting '{name}' is '{value}', but only '{only}' is supported.");

    private TopicConfig KeptNumber(string name, string value, long min)
    {
        Number(name, value, min, long.MaxValue);
        return this;
    }

    private TopicConfig Compression(string value) => value is "producer" or "uncompressed" or "gzip" or "snappy" or "lz4" or "zstd"
        ? this : throw Invalid($"Setting 'compression.type' is '{value}'; it must be producer, uncompressed, gzip, snappy, lz4 or zstd.");

    private static TimestampType Timestamp(string value) => value switch
    {
        "CreateTime" => TimestampType.CreateTime,
        "LogAppendTime" => TimestampType.LogAppendTime,
        _ => throw Invalid($"Setting 'message.timestamp.type' is '{value}'; it must be CreateTime or LogAppendTime."),
    };

    private static long Number(string name, string value, long min, long max) =>
        long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) && number >= min && number <= max
            ? number
            : throw Invalid($"Setting '{name}' is '{value}'; it must be a whole number from {min} to {max}.");

    private static BrokerException Invalid(string message) => new(BrokerErrorCode.InvalidConfig, message);
}
