using System.Globalization;

namespace StreamHouse.Server.Configuration;

/// <summary>Settings as text: whole numbers, durations (<c>250ms</c>, <c>30s</c>, <c>5m</c>, <c>1h</c>, <c>7d</c> or <c>hh:mm:ss</c>), names, text.</summary>
internal static class SettingText
{
    /// <summary>Whether settings may have this type.</summary>
    public static bool Supports(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        return type.IsEnum || type == typeof(string) || type == typeof(int) || type == typeof(long) || type == typeof(double) || type == typeof(bool)
            || type == typeof(TimeSpan);
    }

    /// <summary>Parses a value of a type that options may have.</summary>
    /// <exception cref="FormatException">The text is not such a value; the message says what is expected.</exception>
    public static object Parse(Type type, string text)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type == typeof(string))
        {
            return text;
        }
        if (type == typeof(int))
        {
            return int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) ? number : throw Expected(text, "a whole number");
        }
        if (type == typeof(long))
        {
            return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) ? number : throw Expected(text, "a whole number");
        }
        if (type == typeof(double))
        {
            return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number)
                ? number : throw Expected(text, "a number");
        }
        if (type == typeof(bool))
        {
            return text == "1" || (text != "0" && (bool.TryParse(text, out bool flag) ? flag : throw Expected(text, "true or false")));
        }
        if (type == typeof(TimeSpan))
        {
            return ParseDuration(text);
        }
        if (type.IsEnum)
        {
            return text.All(char.IsAsciiLetterOrDigit) && !char.IsAsciiDigit(text.FirstOrDefault()) && Enum.TryParse(type, text, ignoreCase: true, out object? member) && Enum.IsDefined(type, member)
                ? member : throw Expected(text, "one of " + string.Join(", ", Enum.GetNames(type)));
        }
        throw new NotSupportedException($"Options cannot hold a {type.Name}.");
    }

    /// <summary>A value as it would be written in a file; empty for null.</summary>
    public static string Format(object? value) => value switch
    {
        null => "",
        TimeSpan duration => FormatDuration(duration),
        bool flag => flag ? "true" : "false",
        IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };

    private static TimeSpan ParseDuration(string text)
    {
        int digits = text.AsSpan().IndexOfAnyExceptInRange('0', '9');
        if (digits > 0 && long.TryParse(text.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture, out long count) && count < 1L << 40)
        {
            TimeSpan? unit = text[digits..] switch
            {
                "ms" => TimeSpan.FromMilliseconds(1),
                "s" => TimeSpan.FromSeconds(1),
                "m" => TimeSpan.FromMinutes(1),
                "h" => TimeSpan.FromHours(1),
                "d" => TimeSpan.FromDays(1),
                _ => null,
            };
            if (unit is { } found && count <= TimeSpan.MaxValue.Ticks / found.Ticks)
            {
                return count * found;
            }
        }
        return text.Contains(':') && TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out TimeSpan duration)
            ? duration : throw Expected(text, "a duration such as 250ms, 30s, 5m, 1h, 7d or 00:00:30");
    }

    private static string FormatDuration(TimeSpan duration)
    {
        (string unit, long ticks)[] units =
            [("d", TimeSpan.TicksPerDay), ("h", TimeSpan.TicksPerHour), ("m", TimeSpan.TicksPerMinute), ("s", TimeSpan.TicksPerSecond), ("ms", TimeSpan.TicksPerMillisecond)];
        if (duration == TimeSpan.Zero)
        {
            return "0s";
        }
        foreach ((string unit, long ticks) in units)
        {
            if (duration.Ticks > 0 && duration.Ticks % ticks == 0)
            {
                return (duration.Ticks / ticks).ToString(CultureInfo.InvariantCulture) + unit;
            }
        }
        return duration.ToString("c", CultureInfo.InvariantCulture);
    }

    private static FormatException Expected(string text, string what) => new($"'{text}' is not {what}.");
}
