using System.Globalization;

namespace StreamHouse.Rpc.Grpc;

/// <summary>The <c>grpc-timeout</c> header: at most eight digits and a unit (H, M, S, m, u, n).</summary>
public static class GrpcTimeout
{
    private const long ValueMax = 99_999_999;

    /// <summary>Longest timeout that is honoured; a longer one is as good as none, and is cut to this.</summary>
    public static TimeSpan Max { get; } = TimeSpan.FromDays(30);

    /// <summary>Formats a timeout, rounding up; one that is not positive becomes the shortest there is.</summary>
    public static string Format(TimeSpan timeout)
    {
        if (timeout <= TimeSpan.Zero)
        {
            return "1n";
        }
        (long value, char unit) =
            Fits(timeout.Ticks, 10, out long micros) ? (micros, 'u')
            : Fits(timeout.Ticks, TimeSpan.TicksPerMillisecond, out long millis) ? (millis, 'm')
            : Fits(timeout.Ticks, TimeSpan.TicksPerSecond, out long seconds) ? (seconds, 'S')
            : (Math.Min(ValueMax, timeout.Ticks / TimeSpan.TicksPerHour), 'H');
        return string.Create(CultureInfo.InvariantCulture, $"{value}{unit}");
    }

    /// <summary>Parses a header value.</summary>
    /// <returns>False when it is not a timeout as gRPC writes it.</returns>
    public static bool TryParse(ReadOnlySpan<char> text, out TimeSpan timeout)
    {
        timeout = default;
        if (text.Length is < 2 or > 9
            || !long.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out long value))
        {
            return false;
        }
        double ticks = text[^1] switch
        {
            'H' => value * (double)TimeSpan.TicksPerHour,
            'M' => value * (double)TimeSpan.TicksPerMinute,
            'S' => value * (double)TimeSpan.TicksPerSecond,
            'm' => value * (double)TimeSpan.TicksPerMillisecond,
            'u' => value * (double)TimeSpan.TicksPerMicrosecond,
            'n' => Math.Ceiling(value / 100.0),
            _ => -1,
        };
        if (ticks < 0)
        {
            return false;
        }
        timeout = ticks >= Max.Ticks ? Max : TimeSpan.FromTicks((long)ticks);
        return true;
    }

    private static bool Fits(long ticks, long unit, out long value)
    {
        value = (ticks / unit) + (ticks % unit == 0 ? 0 : 1);
        return value <= ValueMax;
    }
}
