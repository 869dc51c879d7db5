using System.Globalization;

namespace StreamHouse.IntegrationTests.Support;

/// <summary>What a process has used, as the operating system counts.</summary>
internal static class ServerMemory
{
    /// <summary>The most memory that was ever resident, in bytes.</summary>
    public static long PeakBytes(int process)
    {
        string line = File.ReadLines($"/proc/{process}/status").Single(l => l.StartsWith("VmHWM:", StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}
