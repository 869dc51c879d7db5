using StreamHouse.Broker;
using StreamHouse.Simulation.Checkers;
using StreamHouse.Simulation.Kernel;
using StreamHouse.Simulation.World;
using StreamHouse.Simulation.World.Network;

namespace StreamHouse.Simulation.Actors;

/// <summary>A client's way to the cluster: one connection at a time, to another node when one does not serve it.</summary>
internal sealed class ClientLink(SimWorld world, SimProcess client)
{
    private static readonly TimeSpan PauseMax = TimeSpan.FromMilliseconds(400);

    private SimConnection? _connection;
    private int _failures;

    /// <summary>The connection of now.</summary>
    public SimConnection Connection => _connection is { IsOpen: true } open ? open : _connection = Open(_connection);

    /// <summary>Call after a success.</summary>
    public void Succeeded() => _failures = 0;

    /// <summary>Waits a little, and goes on over another connection.</summary>
    public async Task AfterFailureAsync()
    {
        _failures = Math.Min(_failures + 1, 6);
        await Task.Delay(client.Random.Duration(TimeSpan.FromMilliseconds(1 << _failures), PauseMax), client.Clock);
        _connection = Open(null);
    }

    /// <summary>
    /// Whether a topic or partition may be unknown to whoever was asked: it is being deleted, or somebody else has just made it.
    /// </summary>
    public bool MayBeUnknown(BrokerErrorCode error, PartitionModel log) =>
        error switch
        {
            BrokerErrorCode.UnknownTopic => log.Deleted || world.Nodes.Count > 1,
            BrokerErrorCode.UnknownPartition => world.Nodes.Count > 1,
            _ => false,
        };

    private SimConnection Open(SimConnection? same) =>
        new(world.Network, client, same is null || client.Random.Chance(0.3) ? client.Random.Pick(world.Nodes) : same.Node);

    /// <summary>Whether a failed call may be tried again: it did not arrive, or the engine says so.</summary>
    public static bool IsFailure(Exception e) => e is SimNetworkException || (e is BrokerException known && known.Code.IsRetriable());
}
