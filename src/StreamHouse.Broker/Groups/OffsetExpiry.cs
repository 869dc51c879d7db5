using Microsoft.Extensions.Logging;
using StreamHouse.Broker.Lifecycle;
using StreamHouse.Broker.Metadata;

namespace StreamHouse.Broker.Groups;

/// <summary>
/// Removes committed offsets of groups that have had no members, and no commits, for <see cref="GroupOptions.OffsetsRetention"/>. That a group has
/// lost its members is noted here too: a crash in between only lets offsets live longer.
/// </summary>
internal sealed class OffsetExpiry(
    IGroupStore store, Func<string, bool> hasMembers, GroupOptions options, TimeProvider clock, IRandomSource random, ILogger logger)
{
    /// <summary>Works until cancelled. A failed pass is logged and tried again at the next interval.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        try
        {
            while (true)
            {
                await Task.Delay(Jitter.Around(options.OffsetsCheckInterval, random), clock, ct);
                await TryRunOnceAsync(ct);
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // Shutting down: every pass is safe to leave at any point.
        }
    }

    /// <summary>One pass over all groups.</summary>
    public async Task RunOnceAsync(CancellationToken ct)
    {
        DateTimeOffset now = clock.GetUtcNow();
        foreach (StoredGroup group in await store.ListGroupsAsync(ct))
        {
            if (hasMembers(group.Group))
            {
                if (group.EmptiedAt is not null)
                {
                    await store.SetEmptiedAsync(group.Group, null, ct);
                }
                continue;
            }
            if (group is { Generation: > 0, EmptiedAt: null })
            {
                await store.SetEmptiedAsync(group.Group, now, ct);
                continue;
            }
            int expired = await store.ExpireAsync(group.Group, now - options.OffsetsRetention, ct);
            if (expired > 0)
            {
                Log.OffsetsExpired(logger, group.Group, expired);
            }
        }
    }

    private async Task TryRunOnceAsync(CancellationToken ct)
    {
        try
        {
            await RunOnceAsync(ct);
        }
        catch (Exception e) when (e is IOException or BrokerException)
        {
            Log.ExpiryFailed(logger, e);
        }
    }
}
