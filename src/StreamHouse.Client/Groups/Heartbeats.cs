using StreamHouse.Client.Retries;

namespace StreamHouse.Client.Groups;

/// <summary>Keeps a membership alive, whatever else the member waits for, and notices when it is not: a loop of its own.</summary>
internal sealed class Heartbeats(
    MemberCalls calls, GroupMemberOptions options, DeliveryGate gate, MemberSignals signals, Backoff retries, TimeProvider clock)
{
    private long _contactAt = clock.GetTimestamp();
    private long _activeAt = clock.GetTimestamp();
    private long _handed;
    private volatile MemberIdentity? _member;

    /// <summary>Whose session to keep; null while there is none, or while a join keeps it.</summary>
    public MemberIdentity? Member
    {
        get => _member;
        set => _member = value;
    }

    /// <summary>Whether the server has not been heard for so long that it has given the member up.</summary>
    public bool IsExpired => clock.GetElapsedTime(Interlocked.Read(ref _contactAt)) >= options.SessionTimeout;

    /// <summary>The server has answered a request sent at this time.</summary>
    public void OnContact(long sentAt) => Interlocked.Exchange(ref _contactAt, sentAt);

    /// <summary>Beats until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        bool isHeard = true;
        try
        {
            while (true)
            {
                // After a failure sooner: a server that was restarted has forgotten its members, who must not lose time.
                TimeSpan retry = isHeard ? options.HeartbeatInterval : retries.Next();
                await Task.Delay(retry < options.HeartbeatInterval ? retry : options.HeartbeatInterval, clock, ct);
                isHeard = true;
                bool isAway = IsAway();
                if (_member is { } member)
                {
                    if (isAway)
                    {
                        signals.Set(MemberSignal.Away);
                    }
                    isHeard = await BeatAsync(member, ct);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The consumer is being disposed of.
        }
    }

    /// <returns>Whether the server answered.</returns>
    private async Task<bool> BeatAsync(MemberIdentity member, CancellationToken ct)
    {
        long sentAt = clock.GetTimestamp();
        try
        {
            bool isRebalancing = await calls.HeartbeatAsync(member, ct);
            OnContact(sentAt);
            retries.Reset();
            if (isRebalancing && _member == member)
            {
                signals.Set(MemberSignal.Rejoin);
            }
            return true;
        }
        catch (StreamHouseException e) when (_member == member)
        {
            if (e.Code == StreamHouseErrorCode.RebalanceInProgress)
            {
                signals.Set(MemberSignal.Rejoin);
            }
            else if (!e.IsRetriable)
            {
                signals.Set(MemberSignal.Failed, e);
            }
            else if (IsExpired)
            {
                signals.Set(MemberSignal.Expired);
            }
            return !e.IsRetriable;
        }
        catch (StreamHouseException)
        {
            // About somebody the member is no more.
            return true;
        }
    }

    // Counted here rather than timed where records are handed out, which happens millions of times a second.
    private bool IsAway()
    {
        long handed = gate.Handed;
        if (gate.IsAsking || handed != _handed)
        {
            _handed = handed;
            _activeAt = clock.GetTimestamp();
        }
        return clock.GetElapsedTime(_activeAt) >= options.RebalanceTimeout;
    }
}
