using StreamHouse.Broker;
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
    private readonly TopicPartition _partition;
    private readonly PartitionModel _log;
    private readonly LogCursor _cursor;

    public ReaderActor(SimWorld world, LogModel model, string name, TopicPartition partition)
        : base(world, name)
    {
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
                Fetched fetched = await connection.CallAsync(b => Requests.FetchAsync(b, _partition, offset, BytesMax, _wait, epoch), TimeSpan.FromSeconds(20));
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
