using System.Globalization;

namespace StreamHouse.Cli.Shell;

/// <summary>Numbers of bytes as people read them.</summary>
internal static class ByteText
{
    /// <summary>With one decimal in KiB, MiB or GiB from 1024 on.</summary>
    public static string Format(double bytes) => bytes switch
    {
        < 1024 => string.Create(CultureInfo.InvariantCulture, $"{bytes:0} B"),
        < 1024 * 1024 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024:0.0} KiB"),
        < 1024 * 1024 * 1024 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (1024 * 1024):0.0} MiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / (1024 * 1024 * 1024):0.0} GiB"),
    };
}
