using System.CommandLine.Parsing;
using System.Globalization;

namespace StreamHouse.Cli.Shell;

/// <summary>Times as people write them.</summary>
internal static class TimeText
{
    /// <summary>Reads durations such as <c>500ms</c>, <c>10m</c> or <c>1h30m</c>; the units are d, h, m, s, ms, each at most once.</summary>
    public static bool TryParseDuration(string text, out TimeSpan duration)
    {
        duration = default;
        double totalMs = 0;
        double unitBefore = double.MaxValue;
        int at = 0;
        while (at < text.Length)
        {
            int numberAt = at;
            while (at < text.Length && (char.IsAsciiDigit(text[at]) || text[at] == '.'))
            {
                at++;
            }
            int unitAt = at;
            while (at < text.Length && char.IsAsciiLetter(text[at]))
            {
                at++;
            }
            double unitMs = UnitMs(text.AsSpan(unitAt, at - unitAt));
            if (unitMs <= 0 || unitMs >= unitBefore
                || !double.TryParse(text.AsSpan(numberAt, unitAt - numberAt), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number))
            {
                return false;
            }
            unitBefore = unitMs;
            totalMs += number * unitMs;
        }
        if (text.Length == 0 || totalMs > int.MaxValue * 1000.0)
        {
            return false;
        }
        duration = TimeSpan.FromMilliseconds(totalMs);
        return true;
    }

    /// <summary>
    /// Reads a moment: a duration ago (<c>10m</c>), ISO 8601 (UTC unless it names a zone), or milliseconds since 1970.
    /// </summary>
    public static bool TryParseMoment(string text, DateTimeOffset now, out DateTimeOffset moment)
    {
        if (TryParseDuration(text, out TimeSpan ago))
        {
            moment = now - ago;
            return true;
        }
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long ms) && ms <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds())
        {
            moment = DateTimeOffset.FromUnixTimeMilliseconds(ms);
            return true;
        }

        // Without this guard the parser makes a date of 3.5.1, the third month's fifth day, and offsets move where nobody wanted them.
        moment = default;
        return text.Length >= "2026-01-31".Length && text[4] == '-' && DateTimeOffset.TryParse(
            text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out moment);
    }

    /// <summary>For options that take a duration.</summary>
    public static TimeSpan ParseDuration(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        if (!TryParseDuration(text, out TimeSpan duration))
        {
            result.AddError($"'{text}' is not a duration such as 500ms, 10s, 5m or 1h30m.");
        }
        else if (duration == TimeSpan.Zero)
        {
            result.AddError($"'{text}' is no time at all.");
        }
        return duration;
    }

    /// <summary>For options that take a moment.</summary>
    public static Func<ArgumentResult, DateTimeOffset?> ParseMoment(TimeProvider clock) => result =>
    {
        string text = result.Tokens[0].Value;
        if (TryParseMoment(text, clock.GetUtcNow(), out DateTimeOffset moment))
        {
            return moment;
        }
        result.AddError($"'{text}' is neither a duration such as 10m, nor a time such as 2026-01-31T12:00:00Z, nor milliseconds since 1970.");
        return null;
    };

    /// <summary>ISO 8601 in UTC with milliseconds; empty for -1, no time.</summary>
    public static string Format(long timestampMs) =>
        timestampMs is < 0 or > 253402300799999
            ? ""
            : DateTimeOffset.FromUnixTimeMilliseconds(timestampMs).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private static double UnitMs(ReadOnlySpan<char> unit) => unit switch
    {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => 0,
    };
}
