using Microsoft.Extensions.Logging;

namespace StreamHouse.Client.Groups;

/// <summary>
/// Takes and gives up partitions in the order that keeps what is promised: first nothing more is handed out, then the user's hand becomes empty, then the
/// listener is told, then what is done is committed; only then may the partitions be somebody else's.
/// </summary>
internal sealed class PartitionHandover(
    string group, IPartitionOwner owner, DeliveryGate gate, OffsetCommitter committer, bool commits, ILogger log)
{
    private volatile IRebalanceListener? _listener;

    /// <summary>Who is told; null for nobody.</summary>
    public IRebalanceListener? Listener
    {
        get => _listener;
        set => _listener = value;
    }

    /// <summary>Begins with partitions.</summary>
    public async Task TakeAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken ct)
    {
        await gate.EnterAsync(ct);
        try
        {
            owner.Add(partitions);
            await TellAsync(static (listener, given, token) => listener.AssignedAsync(given, token), partitions, ct);
        }
        finally
        {
            gate.Exit();
        }
    }

    /// <summary>Gives up partitions.</summary>
    /// <param name="partitions">Which.</param>
    /// <param name="isLost">Whether they are somebody else's already; asked when the user's hand is empty, which may take long.</param>
    public async Task GiveUpAsync(IReadOnlyList<TopicPartition> partitions, Func<bool> isLost, CancellationToken ct)
    {
        owner.Cut(partitions);
        await gate.EnterAsync(ct);
        try
        {
            await LetGoAsync(partitions, isLost(), ct);
        }
        finally
        {
            gate.Exit();
        }
    }

    /// <summary>Gives up all there is, also when the user still has a record in hand: it may be the one who disposes of the consumer.</summary>
    public async Task CloseAsync(IReadOnlyList<TopicPartition> partitions, bool isLost)
    {
        owner.Cut(partitions);
        bool isEmpty = gate.TryEnter();
        try
        {
            await LetGoAsync(partitions, isLost, CancellationToken.None);
        }
        finally
        {
            if (isEmpty)
            {
                gate.Exit();
            }
        }
    }

    private async Task LetGoAsync(IReadOnlyList<TopicPartition> partitions, bool isLost, CancellationToken ct)
    {
        if (isLost)
        {
            await TellAsync(static (listener, gone, token) => listener.LostAsync(gone, token), partitions, ct);
        }
        else if (await TellAsync(static (listener, gone, token) => listener.RevokedAsync(gone, token), partitions, ct) && commits)
        {
            await committer.TryCommitDoneAsync(partitions, ct);
        }
        owner.Remove(partitions);
    }

    /// <returns>Whether the listener did not fail.</returns>
    private async Task<bool> TellAsync(
        Func<IRebalanceListener, IReadOnlyList<TopicPartition>, CancellationToken, ValueTask> tell, IReadOnlyList<TopicPartition> partitions,
        CancellationToken ct)
    {
        if (_listener is not { } listener)
        {
            return true;
        }
        try
        {
            await tell(listener, partitions, ct);
            return true;
        }
#pragma warning disable CA1031 // The listener is the user's: whatever it throws, the group must not wait for this member.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Log.ListenerFailed(log, group, e);
            return false;
        }
    }
}
