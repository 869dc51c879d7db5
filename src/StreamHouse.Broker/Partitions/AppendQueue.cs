namespace StreamHouse.Broker.Partitions;

/// <summary>
/// Appends of one partition that wait for space or for producer state, in arrival order. Bounded by bytes over the whole process.
/// Not safe for concurrent use: the partition's lock guards it.
/// </summary>
internal sealed class AppendQueue(TailMemory memory)
{
    private readonly Queue<Waiting> _waiting = new();
    private bool _registered;

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
        Waiting waiting = new(request);
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

    /// <summary>Asks for a wake-up when space is freed; at most one is outstanding.</summary>
    public void RegisterForWake(PartitionWriter partition)
    {
        if (!_registered)
        {
            _registered = true;
            memory.EnqueueWaiter(partition);
        }
    }

    /// <summary>The wake-up has come.</summary>
    public void Woken() => _registered = false;

    private Waiting Remove()
    {
        Waiting first = _waiting.Dequeue();
        memory.EndWait(first.Request.Batch.Length);
        first.Request.Batch.Owner.Release();
        return first;
    }

    private static async Task ForwardAsync(Task<AppendResult> from, TaskCompletionSource<AppendResult> target) => target.TrySetResult(await from);

    private sealed class Waiting(AppendRequest request)
    {
        public AppendRequest Request { get; } = request;

        public TaskCompletionSource<AppendResult> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
