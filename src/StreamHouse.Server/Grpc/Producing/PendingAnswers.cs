using StreamHouse.Broker.Partitions;

namespace StreamHouse.Server.Grpc.Producing;

/// <summary>A request that was given to the broker and is not answered yet.</summary>
/// <param name="Correlation">The client's own number.</param>
/// <param name="Append">Ends when the broker has acknowledged or refused.</param>
/// <param name="Bytes">What it counts against the limit.</param>
/// <param name="Arrived">When it arrived, by the clock's timestamp.</param>
/// <param name="Topic">As the request named it.</param>
/// <param name="Partition">As the request named it.</param>
/// <param name="WantsOffset">False with acks none.</param>
internal readonly record struct PendingAnswer(
    ulong Correlation, Task<AppendResult> Append, int Bytes, long Arrived, string Topic, int Partition, bool WantsOffset);

/// <summary>
/// The unanswered requests of one stream in order, between the loop that reads and the one that answers. Bounded by number and bytes:
/// a reader that is ahead waits.
/// </summary>
internal sealed class PendingAnswers(int countMax, int bytesMax)
{
    private readonly Lock _gate = new();
    private readonly Queue<PendingAnswer> _answers = new();
    private TaskCompletionSource? _roomAwaited;
    private TaskCompletionSource? _answerAwaited;
    private int _unanswered;
    private long _bytes;
    private bool _completed;
    private bool _abandoned;

    /// <summary>Adds one; it must fit, see <see cref="WaitForRoomAsync"/>.</summary>
    public void Add(in PendingAnswer answer)
    {
        TaskCompletionSource? awaited;
        lock (_gate)
        {
            _answers.Enqueue(answer);
            _unanswered++;
            _bytes += answer.Bytes;
            awaited = _answerAwaited;
            _answerAwaited = null;
        }
        awaited?.SetResult();
    }

    /// <summary>Waits until one more may be added. False when the answering loop has given up.</summary>
    public async ValueTask<bool> WaitForRoomAsync()
    {
        while (true)
        {
            Task room;
            lock (_gate)
            {
                if (_abandoned)
                {
                    return false;
                }
                if (_unanswered < countMax && _bytes < bytesMax)
                {
                    return true;
                }
                _roomAwaited ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                room = _roomAwaited.Task;
            }
            await room;
        }
    }

    /// <summary>Takes the oldest, if there is one.</summary>
    public bool TryTake(out PendingAnswer answer)
    {
        lock (_gate)
        {
            return _answers.TryDequeue(out answer);
        }
    }

    /// <summary>What was taken is answered: its room is free.</summary>
    public void Answered(in PendingAnswer answer)
    {
        TaskCompletionSource? awaited = null;
        lock (_gate)
        {
            _unanswered--;
            _bytes -= answer.Bytes;
            if (_roomAwaited is not null && _unanswered < countMax && _bytes < bytesMax)
            {
                awaited = _roomAwaited;
                _roomAwaited = null;
            }
        }
        awaited?.SetResult();
    }

    /// <summary>Waits until one can be taken. False when none is left and none will come.</summary>
    public async ValueTask<bool> WaitForAnswerAsync()
    {
        while (true)
        {
            Task added;
            lock (_gate)
            {
                if (_answers.Count > 0)
                {
                    return true;
                }
                if (_completed)
                {
                    return false;
                }
                _answerAwaited ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                added = _answerAwaited.Task;
            }
            await added;
        }
    }

    /// <summary>Nothing more will be added.</summary>
    public void Complete()
    {
        TaskCompletionSource? awaited;
        lock (_gate)
        {
            _completed = true;
            awaited = _answerAwaited;
            _answerAwaited = null;
        }
        awaited?.SetResult();
    }

    /// <summary>Nothing more will be answered: the client is gone.</summary>
    public void Abandon()
    {
        TaskCompletionSource? awaited;
        lock (_gate)
        {
            _abandoned = true;
            awaited = _roomAwaited;
            _roomAwaited = null;
        }
        awaited?.SetResult();
    }
}
