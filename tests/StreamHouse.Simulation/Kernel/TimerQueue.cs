namespace StreamHouse.Simulation.Kernel;

/// <summary>Timers by due time, then by the order they were set in: a heap that also forgets those that are cancelled, which most are.</summary>
internal sealed class TimerQueue
{
    private SimTimer[] _heap = new SimTimer[256];
    private int _count;

    /// <summary>Whether a timer is set.</summary>
    public bool TryPeek(out SimTimer first)
    {
        first = _heap[0];
        return _count > 0;
    }

    public void Add(SimTimer timer)
    {
        if (_count == _heap.Length)
        {
            Array.Resize(ref _heap, _count * 2);
        }
        Rise(timer, _count++);
    }

    public void Remove(SimTimer timer)
    {
        int hole = timer.Slot;
        timer.Slot = -1;
        SimTimer last = _heap[--_count];
        _heap[_count] = null!;
        if (last != timer)
        {
            // Either it belongs above the hole, or at or below it.
            Rise(last, hole);
            Sink(last, last.Slot);
        }
    }

    private void Rise(SimTimer timer, int at)
    {
        while (at > 0)
        {
            int above = (at - 1) / 2;
            if (!timer.IsBefore(_heap[above]))
            {
                break;
            }
            Put(_heap[above], at);
            at = above;
        }
        Put(timer, at);
    }

    private void Sink(SimTimer timer, int at)
    {
        while ((at * 2) + 1 is var below && below < _count)
        {
            if (below + 1 < _count && _heap[below + 1].IsBefore(_heap[below]))
            {
                below++;
            }
            if (!_heap[below].IsBefore(timer))
            {
                break;
            }
            Put(_heap[below], at);
            at = below;
        }
        Put(timer, at);
    }

    private void Put(SimTimer timer, int at)
    {
        _heap[at] = timer;
        timer.Slot = at;
    }
}
