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
        if (await TakeOver.ForceAsync(_metadata, lease, Name, Random) is not { Holder: { } taker } taken)
        {
            return;
        }
        Taken++;
        World.Kernel.Trace.Add(Name, $"took {lease.Partition} at epoch {taken.Epoch}");
        if (Random.Chance(0.5))
        {
            await PauseAsync(TimeSpan.Zero, TimeSpan.FromSeconds(1));
            await _metadata.ReleaseLeaseAsync(lease.Partition, taker, taken.Epoch, CancellationToken.None);
        }
    }
}
