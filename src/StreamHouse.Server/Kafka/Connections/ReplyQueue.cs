namespace StreamHouse.Server.Kafka.Connections;

/// <summary>The requests of one connection that are not answered yet, in order. Bounded by number and bytes: a reader that is ahead waits.</summary>
internal sealed class ReplyQueue(int countMax, int bytesMax)
{
    private readonly Lock _gate = new();
    private readonly Queue<PendingReply> _replies = new();
    private TaskCompletionSource? _roomAwaited;
    private TaskCompletionSource? _drainAwaited;
    private int _unanswered;
    private long _bytes;
    private bool _writing;

    /// <summary>Requests not answered yet.</summary>
    public int Count => Volatile.Read(ref _unanswered);

    /// <summary>Adds one; see <see cref="WaitForRoomAsync"/>.</summary>
    public void Add(PendingReply reply)
    {
        lock (_gate)
        {
            _replies.Enqueue(reply);
            _unanswered++;
            _bytes += reply.RequestBytes;
        }
    }

    /// <summary>Whether one more may be added now.</summary>
    public bool HasRoom
    {
        get
        {
            lock (_gate)
            {
                return _unanswered < countMax && _bytes < bytesMax;
            }
        }
    }

    /// <summary>Ends when one more may be added.</summary>
    public Task WaitForRoomAsync()
    {
        lock (_gate)
        {
            if (_unanswered < countMax && _bytes < bytesMax)
            {
                return Task.CompletedTask;
            }
            _roomAwaited ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _roomAwaited.Task;
        }
    }

    /// <summary>Ends when everything added so far is answered.</summary>
    public Task WaitUntilDrainedAsync()
    {
        lock (_gate)
        {
            if (_unanswered == 0)
            {
                return Task.CompletedTask;
            }
            _drainAwaited ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _drainAwaited.Task;
        }
    }

    /// <summary>Becomes the one writer, if there is none and the oldest reply is ready. The writer calls <see cref="TryTake"/> until it refuses.</summary>
    public bool TryBeginWriting()
    {
        lock (_gate)
        {
            if (_writing || !_replies.TryPeek(out PendingReply? first) || !first.IsCompleted)
            {
                return false;
            }
            return _writing = true;
        }
    }

    /// <summary>Takes the oldest reply if it is ready.</summary>
    /// <param name="last">Whether being refused ends the writing.</param>
    /// <param name="reply">The reply.</param>
    public bool TryTake(bool last, out PendingReply reply)
    {
        lock (_gate)
        {
            if (_replies.TryPeek(out reply!) && reply.IsCompleted)
            {
                _replies.Dequeue();
                return true;
            }
            _writing = !last;
            return false;
        }
    }

    /// <summary>Completes those that have waited as long as their clients want them to. Called by one caller now and then.</summary>
    public void ExpireOverdue(long now)
    {
        List<PendingReply>? overdue = null;
        lock (_gate)
        {
            foreach (PendingReply reply in _replies)
            {
                if (reply.IsOverdue(now))
                {
                    (overdue ??= []).Add(reply);
                }
            }
        }
        // Outside the lock: whoever completes the oldest sends it.
        foreach (PendingReply reply in overdue ?? [])
        {
            reply.Expire();
        }
    }

    /// <summary>What was taken is answered: its room is free.</summary>
    public void Answered(PendingReply reply)
    {
        TaskCompletionSource? room = null;
        TaskCompletionSource? drain = null;
        lock (_gate)
        {
            _unanswered--;
            _bytes -= reply.RequestBytes;
            if (_unanswered < countMax && _bytes < bytesMax)
            {
                (room, _roomAwaited) = (_roomAwaited, null);
            }
            if (_unanswered == 0)
            {
                (drain, _drainAwaited) = (_drainAwaited, null);
            }
        }
        room?.SetResult();
        drain?.SetResult();
    }
}
