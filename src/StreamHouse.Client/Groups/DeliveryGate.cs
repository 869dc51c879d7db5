namespace StreamHouse.Client.Groups;

/// <summary>
/// Stands between a consumer's enumeration and its membership: a partition is given up while the user has nothing in hand, and nothing is handed out
/// while the user is told about partitions.
/// </summary>
internal sealed class DeliveryGate
{
    private readonly AsyncLock _hand = new();
    private readonly Lock _gate = new();
    private TaskCompletionSource? _asked;
    private long _handed;
    private bool _isAsking;

    /// <summary>Grows with every record or batch handed out.</summary>
    public long Handed => Interlocked.Read(ref _handed);

    /// <summary>Whether the user waits for records.</summary>
    public bool IsAsking => Volatile.Read(ref _isAsking);

    /// <summary>Takes the user's hand. <see cref="Exit"/> follows.</summary>
    public ValueTask EnterAsync(CancellationToken ct) => _hand.EnterAsync(ct);

    /// <summary>Takes the user's hand if it is empty.</summary>
    public bool TryEnter() => _hand.TryEnter();

    /// <summary>The hand is empty again.</summary>
    public void Exit() => _hand.Exit();

    /// <summary>A record or batch is about to be handed out.</summary>
    public void OnHanded() => Interlocked.Increment(ref _handed);

    /// <summary>The user begins or ends to wait for records.</summary>
    public void SetAsking(bool isAsking)
    {
        lock (_gate)
        {
            Volatile.Write(ref _isAsking, isAsking);
            if (isAsking)
            {
                _asked?.TrySetResult();
                _asked = null;
            }
        }
    }

    /// <summary>Waits until the user waits for records.</summary>
    public async Task AskedAsync(CancellationToken ct)
    {
        TaskCompletionSource asked;
        lock (_gate)
        {
            if (_isAsking)
            {
                return;
            }
            asked = _asked ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        await Waits.UntilAsync(asked.Task, ct);
    }
}
