using System.Runtime.InteropServices;
using StreamHouse.Broker.Buffers;

namespace StreamHouse.Broker.Segments;

/// <summary>
/// A loaded, or loading, block of an object. Whoever gets one from the cache holds a reference to <see cref="Buffer"/> and drops it with
/// <see cref="Release"/>; the links and flags belong to the cache and its lock.
/// </summary>
internal sealed class SegmentBlock(SegmentSource source, long start, int length)
{
    private readonly List<VerifiedRange> _verified = [];
    private TaskCompletionSource? _loaded;

    public SegmentSource Source { get; } = source;

    /// <summary>Position of the first byte in the object.</summary>
    public long Start { get; } = start;

    /// <summary>Bytes of the object in this block.</summary>
    public int Length { get; } = length;

    public long End => Start + Length;

    /// <summary>The bytes, once loaded.</summary>
    public SharedBuffer? Buffer { get; set; }

    /// <summary>Why loading failed.</summary>
    public BrokerException? Failure { get; set; }

    /// <summary>Nobody has asked for it yet: it was read ahead.</summary>
    public bool IsReadAhead { get; set; }

    /// <summary>Callers that wait for it; each is given a reference when it is loaded.</summary>
    public int Waiters { get; private set; }

    public SegmentBlock? Newer { get; set; }

    public SegmentBlock? Older { get; set; }

    public ReadOnlySpan<byte> Span => Buffer!.Span[..Length];

    public void Release() => Buffer!.Release();

    /// <summary>Completes when loading ends, either way. Called under the cache's lock while the block is loading.</summary>
    public Task WhenLoaded()
    {
        Waiters++;
        return (_loaded ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
    }

    /// <summary>Wakes those who wait. Called outside the lock, after the state is set under it.</summary>
    public void SignalLoaded() => _loaded?.SetResult();

    /// <summary>End, in the object, of the checked bytes that begin at or before <paramref name="position"/>; that position itself when it is not checked.</summary>
    public long VerifiedEnd(long position)
    {
        lock (_verified)
        {
            foreach (VerifiedRange range in CollectionsMarshal.AsSpan(_verified))
            {
                if (position >= range.From && position < range.To)
                {
                    return range.To;
                }
            }
        }
        return position;
    }

    /// <summary>Notes that the batches from one position to another (clipped to this block) have the right checksums.</summary>
    public void MarkVerified(long from, long to)
    {
        from = Math.Max(from, Start);
        to = Math.Min(to, End);
        if (from >= to)
        {
            return;
        }
        lock (_verified)
        {
            int at = 0;
            while (at < _verified.Count && _verified[at].To < from)
            {
                at++;
            }
            int last = at;
            while (last < _verified.Count && _verified[last].From <= to)
            {
                from = Math.Min(from, _verified[last].From);
                to = Math.Max(to, _verified[last].To);
                last++;
            }
            _verified.RemoveRange(at, last - at);
            _verified.Insert(at, new VerifiedRange(from, to));
        }
    }

    private readonly record struct VerifiedRange(long From, long To);
}
