using System.Diagnostics;

namespace StreamHouse.Cli.Bench;

/// <summary>
/// When each record is to be sent. At a rate, latency counts from the time the schedule gave, not from when the sender came round to it: a stall
/// of the server then shows in every record that it held up.
/// </summary>
/// <param name="rate">Records per second; 0 for as fast as possible.</param>
internal sealed class SendPace(long rate)
{
    private readonly long _startedAt = Stopwatch.GetTimestamp();

    /// <summary>The time of a record, in <see cref="Stopwatch"/> ticks.</summary>
    /// <param name="index">The record's number, from 0.</param>
    public long TimeOf(long index) =>
        rate == 0 ? Stopwatch.GetTimestamp() : _startedAt + (long)((Int128)index * Stopwatch.Frequency / rate);

    /// <summary>How long to wait until then; zero when it is due.</summary>
    public static TimeSpan UntilDue(long time)
    {
        long now = Stopwatch.GetTimestamp();
        return now >= time ? TimeSpan.Zero : Stopwatch.GetElapsedTime(now, time);
    }
}
