using System.Runtime.InteropServices;

namespace StreamHouse.Simulation.Runner;

/// <summary>Processor time of the current thread.</summary>
internal static partial class ThreadTime
{
    // CLOCK_THREAD_CPUTIME_ID, https://man7.org/linux/man-pages/man2/clock_gettime.2.html
    private const int Linux = 3;
    private const int Apple = 16;

    /// <summary>Since the thread began; zero where the system does not tell.</summary>
    public static TimeSpan Now =>
        !OperatingSystem.IsWindows() && GetTime(OperatingSystem.IsMacOS() ? Apple : Linux, out Time time) == 0
            ? TimeSpan.FromSeconds(time.Seconds) + TimeSpan.FromTicks(time.Nanoseconds / TimeSpan.NanosecondsPerTick)
            : TimeSpan.Zero;

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int GetTime(int clock, out Time time);

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Time
    {
        public readonly long Seconds;
        public readonly long Nanoseconds;
    }
}
