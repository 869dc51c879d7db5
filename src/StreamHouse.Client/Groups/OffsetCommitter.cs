using Microsoft.Extensions.Logging;
using StreamHouse.Client.Retries;
using StreamHouse.Client.Transport;
using StreamHouse.Rpc.V1;

namespace StreamHouse.Client.Groups;

/// <summary>Commits a member's offsets, one request at a time: an older one must never overtake a younger.</summary>
internal sealed class OffsetCommitter(
    string group, IPartitionOwner owner, MemberCalls calls, RetryOptions retry, TimeProvider clock, Random random, ILogger log)
{
    /// <summary>How long a commit may take with its retries, so that giving up partitions and disposing end.</summary>
    public static readonly TimeSpan TimeoutMax = TimeSpan.FromSeconds(5);

    private readonly AsyncLock _turn = new();
    private volatile MemberIdentity? _member;

    /// <summary>As whom to commit; null while the consumer is no member, when nothing can be committed.</summary>
    public MemberIdentity? Member
    {
        get => _member;
        set => _member = value;
    }

    /// <summary>Commits every so often until it is cancelled.</summary>
    public async Task RunAsync(TimeSpan interval, CancellationToken ct)
    {
        try
        {
            while (true)
            {
                await Task.Delay(interval, clock, ct);
                await TryCommitDoneAsync(null, ct);
            }
        }
        catch (OperationCanceledException)
        {
            // The consumer is being disposed of.
        }
    }

    /// <summary>Commits what is done, as far as that works.</summary>
    /// <param name="only">Only of these partitions; null for all.</param>
    public async Task TryCommitDoneAsync(IReadOnlyCollection<TopicPartition>? only, CancellationToken ct)
    {
        try
        {
            await CommitAsync(doneOnly: true, only, TimeoutMax, ct);
        }
        catch (StreamHouseException e)
        {
            // What is not committed is read again after the next assignment: at least once.
            Log.CommitFailed(log, group, e.Message);
        }
    }

    /// <summary>Commits how far the partitions are.</summary>
    /// <exception cref="StreamHouseException">Not all could be committed.</exception>
    public async Task CommitAsync(bool doneOnly, IReadOnlyCollection<TopicPartition>? only, TimeSpan timeout, CancellationToken ct)
    {
        await _turn.EnterAsync(ct);
        try
        {
            Backoff backoff = new(retry, random);
            long startedAt = clock.GetTimestamp();
            while (true)
            {
                List<OffsetToCommit> offsets = [];
                owner.Uncommitted(doneOnly, offsets);
                offsets.RemoveAll(offset => only?.Contains(offset.Partition) == false);
                if (offsets.Count == 0)
                {
                    return;
                }
                MemberIdentity member = _member ?? throw new StreamHouseException(
                    StreamHouseErrorCode.UnknownMember, $"The consumer is not a member of {group} at the moment: its partitions may be somebody else's.");
                TimeSpan delay;
                try
                {
                    TimeSpan remaining = timeout - clock.GetElapsedTime(startedAt);
                    Note(offsets, await calls.CommitAsync(
                        member, offsets, remaining > TimeSpan.Zero ? remaining : TimeSpan.FromMilliseconds(1), ct));
                    return;
                }
                catch (StreamHouseException e) when (MayTryAgain(e, member))
                {
                    delay = backoff.Next();
                    if (clock.GetElapsedTime(startedAt) + delay >= timeout)
                    {
                        throw;
                    }
                }
                await Task.Delay(delay, clock, ct);
            }
        }
        finally
        {
            _turn.Exit();
        }
    }

    // Between two generations the server takes no commits; after it the member has a new number.
    private bool MayTryAgain(StreamHouseException error, MemberIdentity member) => error.IsRetriable
        || error.Code == StreamHouseErrorCode.RebalanceInProgress
        || (error.Code == StreamHouseErrorCode.IllegalGeneration && _member is { } now && now != member);

    private static void Note(List<OffsetToCommit> offsets, CommitOffsetsResponse response)
    {
        foreach (OffsetToCommit offset in offsets)
        {
            if (!response.Errors.Any(error => error.Topic == offset.Partition.Topic && error.Partition == offset.Partition.Partition))
            {
                offset.OnCommitted(offset.Offset);
            }
        }
        if (response.Errors.Count > 0)
        {
            throw ErrorMapping.ToException(response.Errors[0]);
        }
    }
}
