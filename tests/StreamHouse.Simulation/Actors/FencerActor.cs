using StreamHouse.Broker.Metadata;
using StreamHouse.Simulation.World;
using StreamHouse.Simulation.World.Metadata;

namespace StreamHouse.Simulation.Actors;

/// <summary>Takes leases by force from whoever holds them, and drops them again: gives them back, or lets its session expire.</summary>
internal sealed class FencerActor : Actor
{
    private readonly SimMetadataStore _metadata;

    public FencerActor(SimWorld world, string name)
        : base(world, name) => _metadata = new SimMetadataStore(world.Database, Process);

    /// <summary>Leases taken so far.</summary>
    public int Taken { get; private set; }

    protected override async Task RunAsync()
    {
        while (!Finishing)
        {
            await PauseAsync(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(40));
            try
            {
                await FenceOneAsync();
            }
            catch (MetadataUnavailableException)
            {
                // It may have happened or not; both are fine.
            }
        }
    }

    private async Task FenceOneAsync()
    {
        IReadOnlyList<Lease> leases = await _metadata.ListLeasesAsync(CancellationToken.None);
        Lease lease = Random.Pick(leases);
        Session session = new(new Guid(Random.NextUInt64().ToString("x32", null)), Name, new Dictionary<string, string>());
        await _metadata.RegisterSessionAsync(session, TimeSpan.FromSeconds(2), CancellationToken.None);
        Lease? taken = await _metadata.TakeLeaseAsync(lease.Partition, session.Incarnation, null, lease.Epoch, CancellationToken.None);
        if (taken is null)
        {
            return;
        }
        Taken++;
        World.Kernel.Trace.Add(Name, $"took {lease.Partition} at epoch {taken.Epoch}");
        if (Random.Chance(0.5))
        {
            await PauseAsync(TimeSpan.Zero, TimeSpan.FromSeconds(1));
            await _metadata.ReleaseLeaseAsync(lease.Partition, session.Incarnation, taken.Epoch, CancellationToken.None);
        }
    }
}
