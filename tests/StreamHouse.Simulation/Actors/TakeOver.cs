using StreamHouse.Broker.Metadata;
using StreamHouse.Simulation.Kernel;
using StreamHouse.Simulation.World.Metadata;

namespace StreamHouse.Simulation.Actors;

/// <summary>Takes leases by force, as somebody who believes their holder dead may do.</summary>
internal static class TakeOver
{
    /// <summary>Takes one lease for a session that lasts two seconds.</summary>
    /// <returns>The lease and its new holder; null when somebody else was faster.</returns>
    public static async Task<Lease?> ForceAsync(SimMetadataStore metadata, Lease lease, string name, SimRandom random)
    {
        Session session = new(new Guid(random.NextUInt64().ToString("x32", null)), name, new Dictionary<string, string>());
        await metadata.RegisterSessionAsync(session, TimeSpan.FromSeconds(2), CancellationToken.None);
        return await metadata.TakeLeaseAsync(lease.Partition, session.Incarnation, null, lease.Epoch, CancellationToken.None);
    }

    /// <summary>Takes all leases of a process, and leaves them to whoever comes first.</summary>
    public static async Task DeposeAsync(SimMetadataStore metadata, Guid holder, SimRandom random)
    {
        try
        {
            foreach (Lease lease in await metadata.ListLeasesAsync(CancellationToken.None))
            {
                if (lease.Holder == holder && await ForceAsync(metadata, lease, "deposer", random) is { Holder: { } taker } taken)
                {
                    await metadata.ReleaseLeaseAsync(taken.Partition, taker, taken.Epoch, CancellationToken.None);
                }
            }
        }
        catch (MetadataUnavailableException)
        {
            // Some may have been taken.
        }
    }
}
