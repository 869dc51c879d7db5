using System.Globalization;
using StreamHouse.Broker;
using StreamHouse.Broker.Partitions;

namespace StreamHouse.Server.Http.Requests;

/// <summary>Checks of query parameters, with messages that name them.</summary>
internal static class Arguments
{
    /// <summary>A number in a range, or its default.</summary>
    public static int InRange(string name, int? value, int fallback, int min, int max) =>
        (int)InRange(name, (long?)value, fallback, min, max);

    /// <summary>A number in a range, or its default.</summary>
    public static long InRange(string name, long? value, long fallback, long min, long max)
    {
        long given = value ?? Math.Min(fallback, max);
        return given >= min && given <= max
            ? given
            : throw Invalid($"'{name}' is {given}; it must be from {min} to {max}.");
    }

    /// <summary>Milliseconds since 1970, given as such or as an ISO 8601 time (UTC unless it says otherwise).</summary>
    public static long TimestampMs(string name, string value)
    {
        if (long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out long ms))
        {
            return ms;
        }
        return DateTimeOffset.TryParse(value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time)
            && time >= DateTimeOffset.UnixEpoch
            ? time.ToUnixTimeMilliseconds()
            : throw Invalid($"'{name}' is '{value}'; it must be milliseconds since 1970 or a time like 2026-01-31T12:00:00Z.");
    }

    /// <summary>A duration: milliseconds, or a number with the unit <c>ms</c>, <c>s</c> or <c>m</c>.</summary>
    public static TimeSpan Duration(string name, string? value, TimeSpan max)
    {
        if (value is null)
        {
            return TimeSpan.Zero;
        }
        (string digits, double unitMs) = value switch
        {
            _ when value.EndsWith("ms", StringComparison.Ordinal) => (value[..^2], 1),
            _ when value.EndsWith('s') => (value[..^1], 1000),
            _ when value.EndsWith('m') => (value[..^1], 60_000),
            _ => (value, 1.0),
        };
        if (!double.TryParse(digits, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out double number))
        {
            throw Invalid($"'{name}' is '{value}'; it must be milliseconds, or a number with ms, s or m.");
        }
        double ms = number * unitMs;
        return ms >= 0 && ms <= max.TotalMilliseconds
            ? TimeSpan.FromMilliseconds(ms)
            : throw Invalid(string.Create(CultureInfo.InvariantCulture, $"'{name}' is '{value}'; it must be from 0 to {max.TotalSeconds} s."));
    }

    /// <summary>How fresh the answer of a read must be; strong without it.</summary>
    public static ReadConsistency Consistency(string name, string? value) => value switch
    {
        null or "strong" => ReadConsistency.Strong,
        "linearizable" => ReadConsistency.Linearizable,
        _ => throw Invalid($"'{name}' is '{value}'; it must be strong or linearizable."),
    };

    public static BrokerException Invalid(string message) => new(BrokerErrorCode.InvalidRequest, message);
}
