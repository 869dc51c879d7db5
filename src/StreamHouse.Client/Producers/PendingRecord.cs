using StreamHouse.Records;

namespace StreamHouse.Client.Producers;

/// <summary>A record that waits for its topic to be known or for room in the buffer. Its sender may withdraw it until it is claimed.</summary>
internal sealed class PendingRecord
{
    private readonly TaskCompletionSource _appended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly byte[]? _key;
    private readonly byte[]? _value;
    private readonly RecordHeader[] _headers;
    private readonly CancellationToken _ct;
    private int _claimed;

    public PendingRecord(in NewRecord record, int? partition, CancellationToken ct)
    {
        _key = record.Key.ToArray();
        _value = record.Value.ToArray();
        _headers = record.Headers.ToArray();
        _ct = ct;
        TimestampMs = record.TimestampMs;
        Partition = partition;
        Completion = record.Completion;
        ChargedBytes = record.ChargedBytes;
    }

    public long TimestampMs { get; }

    /// <summary>The sender's choice, or null.</summary>
    public int? Partition { get; }

    public RecordCompletion? Completion { get; }

    public int ChargedBytes { get; }

    public CancellationToken Cancellation => _ct;

    /// <summary>Ends when the record is in a batch; fails when it never will be.</summary>
    public Task Appended => _appended.Task;

    public NewRecord Record => new()
    {
        TimestampMs = TimestampMs,
        Key = _key,
        Value = _value,
        Headers = _headers,
        Completion = Completion,
        ChargedBytes = ChargedBytes,
    };

    /// <summary>Waits until the record is in a batch, or withdraws it.</summary>
    public async Task WaitAsync()
    {
        using (_ct.UnsafeRegister(static (state, token) => ((PendingRecord)state!).Withdraw(token), this))
        {
            await _appended.Task;
        }
    }

    /// <summary>Whether the record is still wanted; from now on it cannot be withdrawn.</summary>
    public bool TryClaim() => Interlocked.Exchange(ref _claimed, 1) == 0;

    /// <summary>After a claim.</summary>
    public void SetAppended() => _appended.TrySetResult();

    /// <summary>After a claim.</summary>
    public void SetFailed(Exception error)
    {
        _appended.TrySetException(error);

        // A flush waits for the end of this task; whether anyone looks at the error is the sender's affair.
        _ = _appended.Task.Exception;
    }

    /// <summary>Unless the record was withdrawn.</summary>
    public void Fail(Exception error)
    {
        if (TryClaim())
        {
            SetFailed(error);
        }
    }

    private void Withdraw(CancellationToken ct)
    {
        if (TryClaim())
        {
            SetFailed(new OperationCanceledException("The record was withdrawn before it was sent.", ct));
        }
    }
}
