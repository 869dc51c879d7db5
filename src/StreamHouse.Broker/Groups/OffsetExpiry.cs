using Microsoft.Extensions.Logging;
using StreamHouse.Broker.Lifecycle;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Broker.Groups;

/// <summary>
/// Removes committed offsets that nobody has needed for <see cref="GroupOptions.OffsetsRetention"/>: those of groups without members and commits, and
/// those of topics that no member of a stable group of consumers subscribes to (KIP-211). That a group has lost its members is noted here too: a
/// crash in between only lets offsets live longer.
/// </summary>
internal sealed class OffsetExpiry(
    IGroupStore store, GroupTable groups, GroupWrites writes, Func<TopicId, TopicDescription?> findTopic, GroupOptions options, TimeProvider clock,
    IRandomSource random, ILogger logger)
{
    // Topics whose offsets are old and that nobody subscribed to at the last search. A reader that is just being restarted is back at the next one.
    private Dictionary<string, HashSet<TopicId>> _unreadByGroup = [];

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
        Dictionary<string, HashSet<TopicId>> unreadByGroup = new(StringComparer.Ordinal);
        foreach (StoredGroup stored in await store.ListGroupsAsync(ct))
        {
            ct.ThrowIfCancellationRequested();
            ConsumerGroup group = groups.AcquireToDelete(stored.Group);
            try
            {
                int expired = await (group.TryDelete(() => ExpireEmptyAsync(stored, now, ct))
                    ?? ExpireUnreadAsync(group, stored, now, unreadByGroup, ct));
                if (expired > 0)
                {
                    Log.OffsetsExpired(logger, stored.Group, expired);
                }
            }
            finally
            {
                groups.Release(group);
            }
        }
        _unreadByGroup = unreadByGroup;
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

    private Task<int> ExpireEmptyAsync(StoredGroup stored, DateTimeOffset now, CancellationToken ct) =>
        stored is { Generation: > 0, EmptiedAt: null }
            ? NoteEmptiedAsync(stored.Group, now, ct)
            : writes.DeleteAsync(stored.Group, () => store.ExpireAsync(stored.Group, now - options.OffsetsRetention, ct));

    private async Task<int> ExpireUnreadAsync(
        ConsumerGroup group, StoredGroup stored, DateTimeOffset now, Dictionary<string, HashSet<TopicId>> unreadByGroup, CancellationToken ct)
    {
        if (stored.EmptiedAt is not null)
        {
            await NoteEmptiedAsync(group.Name, null, ct);
        }
        DateTimeOffset before = now - options.OffsetsRetention;
        HashSet<TopicId> unread = TopicsOf(await store.FetchOffsetsAsync(group.Name, ct), before);
        if (unread.Count == 0)
        {
            return 0;
        }
        Task<int>? expiry = group.TryExpireOffsets(subscribed =>
        {
            unread.RemoveWhere(topic => findTopic(topic) is not { } live || subscribed.Contains(live.Name));
            unreadByGroup.Add(group.Name, unread);
            HashSet<TopicId> forgotten = [.. unread];
            forgotten.IntersectWith(_unreadByGroup.GetValueOrDefault(group.Name) ?? []);
            return forgotten.Count == 0 ? Task.FromResult(0)
                : writes.DeleteAsync(group.Name, () => DeleteAsync(group.Name, forgotten, before, ct));
        });
        return expiry is null ? 0 : await expiry;
    }

    // Looks again, now that nothing else is being written: what was committed meanwhile stays.
    private async Task<int> DeleteAsync(string group, HashSet<TopicId> topics, DateTimeOffset before, CancellationToken ct)
    {
        List<TopicPartition> expired = [];
        foreach (GroupOffset offset in await store.FetchOffsetsAsync(group, ct))
        {
            if (offset.CommittedAt < before && topics.Contains(offset.Partition.Topic))
            {
                expired.Add(offset.Partition);
            }
        }
        await store.DeleteOffsetsAsync(group, expired, ct);
        return expired.Count;
    }

    private Task<int> NoteEmptiedAsync(string group, DateTimeOffset? emptiedAt, CancellationToken ct) => writes.WriteAsync(group, async () =>
    {
        await store.SetEmptiedAsync(group, emptiedAt, ct);
        return 0;
    });

    private static HashSet<TopicId> TopicsOf(IReadOnlyList<GroupOffset> offsets, DateTimeOffset before)
    {
        HashSet<TopicId> topics = [];
        foreach (GroupOffset offset in offsets)
        {
            if (offset.CommittedAt < before)
            {
                topics.Add(offset.Partition.Topic);
            }
        }
        return topics;
    }
}
