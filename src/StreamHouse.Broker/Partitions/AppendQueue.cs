namespace StreamHouse.Broker.Partitions;

/// <summary>
/// Appends of one partition that wait for space or for producer state, in arrival order. Bounded by bytes over the whole process, and in time.
/// Not safe for concurrent use: the partition's lock guards it.
/// </summary>
internal sealed class AppendQueue(PartitionWriter partition, TailMemory memory, AppendTimeouts timeouts, TimeProvider clock)
{
    private readonly Queue<Waiting> _waiting = new();
    private bool _awaitsSpace;

    public bool IsEmpty => _waiting.Count == 0;

    /// <summary>Adds an append, retaining its buffer.</summary>
    /// <returns>Its answer to be, or null when too much waits.</returns>
    public Task<AppendResult>? TryAdd(in AppendRequest request)
    {
        if (!memory.TryWait(request.Batch.Length))
        {
            return null;
        }
        request.Batch.Owner.Retain();
        Waiting waiting = new(request, clock.GetTimestamp());
        _waiting.Enqueue(waiting);
        return waiting.Answer.Task;
    }

    public bool TryPeek(out AppendRequest request)
    {
        bool any = _waiting.TryPeek(out Waiting? first);
        request = any ? first!.Request : default;
        return any;
    }

    /// <summary>Removes the first append and passes its answer on.</summary>
    public void RemoveFirst(Task<AppendResult> answer)
    {
        Waiting first = Remove();
        if (answer.IsCompletedSuccessfully)
        {
            first.Answer.TrySetResult(answer.Result);
        }
        else
        {
            _ = ForwardAsync(answer, first.Answer);
        }
    }

    public void RefuseAll(in AppendResult refusal)
    {
        while (_waiting.Count > 0)
        {
            Remove().Answer.TrySetResult(refusal);
        }
    }

    /// <summary>Refuses the appends that have waited too long.</summary>
    /// <returns>How many.</returns>
    public int RefuseOverdue(in AppendResult refusal)
    {
        int refused = 0;
        while (_waiting.TryPeek(out Waiting? first) && timeouts.IsOver(first.Since))
        {
            Remove().Answer.TrySetResult(refusal);
            refused++;
        }
        return refused;
    }

    /// <summary>Asks for <see cref="PartitionWriter.OnSpaceFreed"/>; at most one is outstanding.</summary>
    public void AwaitSpace()
    {
        if (!_awaitsSpace)
        {
            _awaitsSpace = true;
            memory.EnqueueWaiter(partition);
        }
    }

    /// <summary><see cref="PartitionWriter.OnSpaceFreed"/> was called.</summary>
    public void SpaceFreed() => _awaitsSpace = false;

    /// <summary>When the first append began to wait, by the clock's timestamp; null when none does.</summary>
    public long? WaitingSince => _waiting.TryPeek(out Waiting? first) ? first.Since : null;

    private Waiting Remove()
    {
        Waiting first = _waiting.Dequeue();
        memory.EndWait(first.Request.Batch.Length);
        first.Request.Batch.Owner.Release();
        return first;
    }

    private static async Task ForwardAsync(Task<AppendResult> from, TaskCompletionSource<AppendResult> target) => target.TrySetResult(await from);

    private sealed class Waiting(AppendRequest request, long since)
    {
        public AppendRequest Request { get; } = request;

        /// <summary>When it began to wait, by the clock's timestamp.</summary>
        public long Since { get; } = since;

        public TaskCompletionSource<AppendResult> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
