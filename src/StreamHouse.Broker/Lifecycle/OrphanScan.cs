using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Segments;

namespace StreamHouse.Broker.Lifecycle;

/// <summary>Searches a cluster's objects for those that the metadata does not know. Changes nothing.</summary>
internal sealed class OrphanScan(string prefix, IManifestStore manifest, IObjectStore objects, LifecycleOptions options, TimeProvider clock, IRandomSource random)
{
    private const int PageObjects = 1000;

    public async Task<OrphanScanResult> FindAsync(CancellationToken ct)
    {
        long total = 0;
        long unreferenced = 0;
        List<PendingObject> candidates = [];
        string? after = null;
        while (true)
        {
            IReadOnlyList<StoredObject> page = await objects.ListAsync(prefix, after, PageObjects, ct);
            List<PendingObject> old = OldSegments(page);
            IReadOnlySet<Guid> known = await manifest.FilterKnownAsync([.. old.Select(o => o.ObjectId)], ct);
            foreach (PendingObject orphan in old.Where(o => !known.Contains(o.ObjectId)))
            {
                unreferenced++;
                if (candidates.Count < options.OrphansPerScanMax)
                {
                    candidates.Add(orphan);
                }
                else if (random.NextDouble() * unreferenced is var place && place < candidates.Count)
                {
                    // Every orphan is as likely to be looked at: those that are kept must not hide the ones behind them for ever.
                    candidates[(int)place] = orphan;
                }
            }
            total += page.Count;
            if (page.Count == 0)
            {
                return new OrphanScanResult(total, unreferenced, candidates);
            }
            after = page[^1].Key;
        }
    }

    private List<PendingObject> OldSegments(IReadOnlyList<StoredObject> page)
    {
        DateTimeOffset newest = clock.GetUtcNow() - options.OrphanAge;
        List<PendingObject> old = [];
        foreach (StoredObject stored in page)
        {
            if ((stored.LastModified < newest || options.Break == EngineBreak.CollectYoungOrphan)
                && stored.Key.StartsWith(prefix, StringComparison.Ordinal)
                && SegmentKeys.TryParseObjectId(stored.Key, out Guid id))
            {
                old.Add(new PendingObject(id, stored.Key, stored.Bytes));
            }
        }
        return old;
    }
}

/// <summary>What a search found.</summary>
/// <param name="Total">Objects listed.</param>
/// <param name="Unreferenced">Those old enough that the metadata does not know.</param>
/// <param name="Candidates">As many of them as one search looks at.</param>
internal sealed record OrphanScanResult(long Total, long Unreferenced, IReadOnlyList<PendingObject> Candidates);
