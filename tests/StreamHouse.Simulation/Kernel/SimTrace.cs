using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace StreamHouse.Simulation.Kernel;

/// <summary>What happened, line by line: a running hash of all of it, the last lines, and all of them when asked for.</summary>
internal sealed class SimTrace(SimKernel kernel, TextWriter? everything)
{
    private const int LinesKept = 300;

    private readonly Queue<string> _last = new(LinesKept);
    private readonly StringBuilder _line = new();
    private ulong _hash = 14695981039346656037;

    /// <summary>Lines so far.</summary>
    public long Lines { get; private set; }

    /// <summary>Hash of every line so far.</summary>
    public ulong Hash => _hash;

    /// <summary>The last lines.</summary>
    public IEnumerable<string> Last => _last;

    /// <summary>Writes a line.</summary>
    /// <param name="who">A process, or a part of the world.</param>
    /// <param name="what">What happened to it.</param>
    public void Add(string who, DefaultInterpolatedStringHandler what)
    {
        _line.Clear();
        // Milliseconds, without a detour over floating point.
        (long ms, long ticks) = Math.DivRem(kernel.Now.Ticks, TimeSpan.TicksPerMillisecond);
        _line.Append(CultureInfo.InvariantCulture, $"{ms}.{ticks:D4} {who} ").Append(what.Text);
        what.Clear();
        string line = _line.ToString();
        foreach (char c in line)
        {
            _hash = (_hash ^ c) * 1099511628211;
        }
        Lines++;
        if (_last.Count == LinesKept)
        {
            _last.Dequeue();
        }
        _last.Enqueue(line);
        everything?.WriteLine(line);
    }
}
