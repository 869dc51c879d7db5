using System.Diagnostics;
using System.Runtime.InteropServices;

namespace StreamHouse.Cli.Bench;

/// <summary>
/// When each record is to be sent. At a rate, latency counts from the time the schedule gave, not from when the sender came round to it: a stall
/// of the server then shows in every record that it held up.
/// </summary>
/// <param name="rate">Records per second; 0 for as fast as possible.</param>
internal sealed class SendPace(long rate)
{
    private static readonly TimeSpan PauseMin = TimeSpan.FromMicroseconds(100);

    // Short enough to hear of a cancellation.
    private static readonly TimeSpan PauseMax = TimeSpan.FromMilliseconds(100);

    private readonly long _startedAt = Stopwatch.GetTimestamp();

    /// <summary>The time of a record, in <see cref="Stopwatch"/> ticks.</summary>
    /// <param name="index">The record's number, from 0.</param>
    public long TimeOf(long index) =>
        rate == 0 ? Stopwatch.GetTimestamp() : _startedAt + (long)((Int128)index * Stopwatch.Frequency / rate);

    /// <summary>
    /// Waits until then; returns at once when it is due. Blocks its thread: a timer wakes up to two milliseconds late, which is more than what is
    /// measured.
    /// </summary>
    public static void WaitUntil(long time, CancellationToken ct)
    {
        for (long now = Stopwatch.GetTimestamp(); now < time && !ct.IsCancellationRequested; now = Stopwatch.GetTimestamp())
        {
            TimeSpan left = Stopwatch.GetElapsedTime(now, time);
            TimeSpan pause = left < PauseMax ? left : PauseMax;
            if (OperatingSystem.IsLinux())
            {
                _ = Nanosleep(new Interval(0, long.Max(pause.Ticks, PauseMin.Ticks) * TimeSpan.NanosecondsPerTick), 0);
            }
            else
            {
                Thread.Sleep(pause);
            }
        }
    }

    [DllImport("libc", EntryPoint = "nanosleep")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Nanosleep(in Interval pause, nint remaining);

    // struct timespec of 64-bit Linux.
    private readonly record struct Interval(long Seconds, long Nanoseconds);
}
