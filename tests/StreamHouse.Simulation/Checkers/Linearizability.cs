namespace StreamHouse.Simulation.Checkers;

/// <summary>
/// Looks for one order of all operations on a log that fits both what each of them answered and which ended before which began (Wing and Gong's
/// search with Lowe's memory of what was tried). The log's state is its end: an append must find it at its base offset, and moves it; a question for
/// the end must be answered with it. An operation that never ended may take effect at any time after it began.
/// </summary>
internal static class Linearizability
{
    /// <summary>Whether such an order exists.</summary>
    /// <param name="operations">Appends that are in the log, and questions for its end.</param>
    public static bool Holds(IReadOnlyList<LogOperation> operations)
    {
        Entry head = Chain(operations);
        Stack<(Entry Call, long State)> tried = new();
        HashSet<(UInt128 Done, long State)> seen = [];
        UInt128 done = 0;
        long state = 0;
        Entry? entry = head.Next;
        while (head.Next is not null)
        {
            if (entry!.Return is null)
            {
                // An operation has ended, and none of those before it could take effect: the last choice was wrong.
                if (!tried.TryPop(out (Entry Call, long State) last))
                {
                    return false;
                }
                state = last.State;
                done ^= Sign(last.Call.Id);
                last.Call.PutBack();
                entry = last.Call.Next;
                continue;
            }
            if (operations[entry.Id].TryApply(state, out long after) && TryMark(entry.Id, after))
            {
                tried.Push((entry, state));
                state = after;
                entry.TakeOut();
                entry = head.Next;
                continue;
            }
            entry = entry.Next;
        }
        return true;

        bool TryMark(int id, long after)
        {
            UInt128 with = done ^ Sign(id);
            if (!seen.Add((with, after)))
            {
                return false;
            }
            done = with;
            return true;
        }
    }

    // A set of operations is known by the exclusive or of its members' signs: 128 random bits each, so that two sets do not meet.
    private static UInt128 Sign(int id) => new(Mix((ulong)id << 1), Mix(((ulong)id << 1) | 1));

    private static ulong Mix(ulong value)
    {
        ulong z = (value + 1) * 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    // Calls and returns in the order of time; at the same time calls first, which allows more orders, never fewer.
    private static Entry Chain(IReadOnlyList<LogOperation> operations)
    {
        int count = operations.Count;
        Entry[] events = new Entry[2 * count];
        (long At, int Place)[] order = new (long, int)[2 * count];
        for (int i = 0; i < count; i++)
        {
            LogOperation operation = operations[i];
            events[count + i] = new Entry(i, null);
            events[i] = new Entry(i, events[count + i]);
            order[i] = (operation.Began.Ticks, i);
            order[count + i] = ((operation.Ended ?? TimeSpan.MaxValue).Ticks, count + i);
        }
        Array.Sort(order, events);
        Entry head = new(-1, null);
        Entry last = head;
        foreach (Entry entry in events)
        {
            (last.Next, entry.Before) = (entry, last);
            last = entry;
        }
        return head;
    }

    private sealed class Entry(int id, Entry? ended)
    {
        public int Id => id;

        /// <summary>For a call, where it returns; null for a return.</summary>
        public Entry? Return => ended;

        public Entry? Before { get; set; }

        public Entry? Next { get; set; }

        public void TakeOut()
        {
            Unlink();
            ended!.Unlink();
        }

        public void PutBack()
        {
            ended!.Link();
            Link();
        }

        private void Unlink()
        {
            Before!.Next = Next;
            if (Next is not null)
            {
                Next.Before = Before;
            }
        }

        private void Link()
        {
            Before!.Next = this;
            if (Next is not null)
            {
                Next.Before = this;
            }
        }
    }
}

/// <summary>An operation on one partition's log.</summary>
/// <param name="Began">When it was first sent.</param>
/// <param name="Ended">When its answer came; null when none did.</param>
/// <param name="Offset">Base offset of an append, or the end that was answered.</param>
/// <param name="Count">Records appended; 0 for a question.</param>
internal readonly record struct LogOperation(TimeSpan Began, TimeSpan? Ended, long Offset, int Count)
{
    /// <summary>The log's end afterwards, when it can take effect at this end.</summary>
    public bool TryApply(long end, out long after)
    {
        after = end + Count;
        return end == Offset;
    }
}
