using Microsoft.Extensions.Logging;
using StreamHouse.Broker.Metadata;

namespace StreamHouse.Broker.Leases;

/// <summary>
/// A process's proof of life in the metadata. How long it holds is judged by two clocks that need not agree: the store's decides who may take
/// a lease, the process's own monotonic one decides until when it is sure that nobody has.
/// </summary>
internal sealed class ProcessSession(ILeaseStore store, ClusterMembership options, Guid firstIncarnation, IRandomSource random, TimeProvider clock, ILogger logger)
{
    private readonly Lock _lock = new();
    private Guid _incarnation = firstIncarnation;
    private long _renewedAt;
    private bool _registered;

    /// <summary>The incarnation leases are held under. One that has expired never comes back.</summary>
    public Guid Incarnation
    {
        get
        {
            lock (_lock)
            {
                return _incarnation;
            }
        }
    }

    /// <summary>Whether nobody can have taken a lease because this session had expired: counted from when the last renewal that succeeded was sent.</summary>
    public bool IsSure
    {
        get
        {
            lock (_lock)
            {
                return _registered && clock.GetElapsedTime(_renewedAt) < options.SessionTimeToLive;
            }
        }
    }

    /// <summary>Registers the present incarnation.</summary>
    public async Task RegisterAsync(CancellationToken ct)
    {
        long sent = clock.GetTimestamp();
        await store.RegisterSessionAsync(new Session(Incarnation, options.AgentId, options.Endpoints), options.SessionTimeToLive, ct);
        Renewed(sent);
    }

    /// <summary>Renews the session, or registers it when that is still to be done.</summary>
    /// <param name="lost">Called when the session has expired, before another incarnation takes its place: nothing may be led under it any more.</param>
    public async Task RenewAsync(Action lost, CancellationToken ct)
    {
        try
        {
            if (!_registered)
            {
                await RegisterAsync(ct);
                return;
            }
            long sent = clock.GetTimestamp();
            if (await store.RenewSessionAsync(Incarnation, options.SessionTimeToLive, ct))
            {
                Renewed(sent);
                return;
            }
            Log.SessionExpired(logger, Incarnation);
            Replace(lost);
            await RegisterAsync(ct);
        }
        catch (IOException e)
        {
            Log.Unanswered(logger, "renewal", e.Message);
            if (!_registered)
            {
                // It may have been registered all the same: that incarnation is used up.
                Replace(lost);
            }
        }
    }

    private void Renewed(long sent)
    {
        lock (_lock)
        {
            (_renewedAt, _registered) = (sent, true);
        }
    }

    private void Replace(Action lost)
    {
        lost();
        lock (_lock)
        {
            (_incarnation, _registered) = (random.NextGuid(), false);
        }
    }
}
