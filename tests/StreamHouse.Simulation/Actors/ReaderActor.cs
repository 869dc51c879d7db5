using StreamHouse.Broker;
using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Topics;
using StreamHouse.Simulation.Checkers;
using StreamHouse.Simulation.World;
using StreamHouse.Simulation.World.Network;

namespace StreamHouse.Simulation.Actors;

/// <summary>Reads a partition from its start, waiting for more, and begins again now and then.</summary>
internal sealed class ReaderActor : Actor
{
    private const int BytesMax = 64 * 1024;

    private readonly TimeSpan _wait = TimeSpan.FromSeconds(2);
    private readonly ReadConsistency _consistency;
    private readonly TopicPartition _partition;
    private readonly PartitionModel _log;
    private readonly LogCursor _cursor;

    /// <param name="world">The world.</param>
    /// <param name="model">What is known.</param>
    /// <param name="name">The actor's.</param>
    /// <param name="partition">Which.</param>
    /// <param name="consistency">The level asked for. The end that comes with a linearizable answer is one that was asked for.</param>
    public ReaderActor(SimWorld world, LogModel model, string name, TopicPartition partition, ReadConsistency consistency = ReadConsistency.Strong)
        : base(world, name)
    {
        _consistency = consistency;
        _partition = partition;
        _log = model[partition];
        _cursor = new LogCursor(_log, Link, name);
    }

    /// <summary>Records read so far.</summary>
    public long Records { get; private set; }

    protected override async Task RunAsync()
    {
        while (!Finishing && !_log.Deleted)
        {
            try
            {
                SimConnection connection = Link.Connection;
                (long offset, long epoch) = (_cursor.Offset, _cursor.Epoch);
                TimeSpan began = World.Kernel.Now;
                Fetched fetched = await connection.CallAsync(
                    b => Requests.FetchAsync(b, _partition, offset, BytesMax, _wait, epoch, _consistency), TimeSpan.FromSeconds(20));
                if (_consistency == ReadConsistency.Linearizable && fetched.Error == BrokerErrorCode.None)
                {
                    _log.Ends.Add(new EndOperation(began, World.Kernel.Now, fetched.HighWatermark));
                }
                Records += _cursor.Accept(fetched, connection);
                Link.Succeeded();
                if (Random.Chance(0.01))
                {
                    _cursor.Offset = _log.LogStart;
                }
                if (fetched.Error != BrokerErrorCode.None)
                {
                    await Link.AfterFailureAsync();
                }
            }
            catch (Exception e) when (ClientLink.IsFailure(e))
            {
                await Link.AfterFailureAsync();
            }
        }
    }
}
