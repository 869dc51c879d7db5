using System.Text;
using Microsoft.Extensions.Logging;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Segments;

namespace StreamHouse.Broker.Lifecycle;

/// <summary>
/// A number in the metadata that only grows, and an object named after each: metadata that was put back from an older copy knows a smaller
/// number than the objects do, and is noticed at the start, before anything is acknowledged a second time at the same offset.
/// The metadata comes first, so that no object is ever ahead of the newest metadata.
/// </summary>
internal sealed class Milestones(
    Guid clusterId, IClusterStore metadata, IObjectStore objects, LifecycleOptions options, TimeProvider clock, IRandomSource random, ILogger<Milestones> logger)
{
    private const int Kept = 5;

    /// <summary>Compares the two, and sets the next milestone.</summary>
    /// <param name="acceptOld">Goes on with old metadata, after moving every epoch and id past those that its lost successor may have given out.</param>
    /// <exception cref="BrokerException"><see cref="BrokerErrorCode.DataDamaged"/>: the metadata is old.</exception>
    public async Task StartAsync(bool acceptOld, CancellationToken ct)
    {
        if (await FindLaterAsync(ct) is { } later)
        {
            if (!acceptOld)
            {
                throw new BrokerException(
                    BrokerErrorCode.DataDamaged,
                    $"'{later.Key}' in {objects.Location} was made by newer metadata than this: the metadata is an older copy, and records that were "
                    + "acknowledged since would be lost and their offsets given out again. Nothing was changed. Put back the newest metadata; or, if that "
                    + "is gone, set Broker:AcceptOldMetadata for one start to go on without those records.");
            }
            Log.OldMetadataAccepted(logger, later.Key, objects.Location);
            await metadata.AdvancePastAsync(later.Number, ct);
        }
        await RaiseAsync(ct);
    }

    /// <summary>Sets a milestone now and then until cancelled; a failure is logged, and the next one serves as well.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        try
        {
            while (true)
            {
                await Task.Delay(Jitter.Around(options.MilestoneInterval, random), clock, ct);
                try
                {
                    await RaiseAsync(ct);
                }
                catch (Exception e) when (e is IOException or BrokerException)
                {
                    Log.MilestoneFailed(logger, e.Message);
                }
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // Shutting down.
        }
    }

    private async Task RaiseAsync(CancellationToken ct)
    {
        long number = await metadata.RaiseMilestoneAsync(ct);
        try
        {
            await objects.PutAsync(SegmentKeys.Milestone(clusterId, number), [Encoding.UTF8.GetBytes($$"""{"version":1,"milestone":{{number}}}""")], ct);
        }
        catch (ObjectExistsException)
        {
            // Stored by an attempt whose answer was lost.
        }
        if (number > Kept)
        {
            await objects.DeleteAsync(SegmentKeys.Milestone(clusterId, number - Kept), ct);
        }
    }

    private async Task<(string Key, long Number)?> FindLaterAsync(CancellationToken ct)
    {
        long known = await metadata.ReadMilestoneAsync(ct);
        string prefix = SegmentKeys.MilestonePrefix(clusterId);
        IReadOnlyList<StoredObject> later = await objects.ListAsync(prefix, SegmentKeys.Milestone(clusterId, known), Kept * 20, ct);
        if (later.Count == 0)
        {
            return null;
        }

        // Another process of this cluster may have set it meanwhile: then the metadata knows of it by now.
        StoredObject last = later[^1];
        return SegmentKeys.TryParseMilestone(last.Key, out long number) && number > await metadata.ReadMilestoneAsync(ct) ? (last.Key, number) : null;
    }
}
