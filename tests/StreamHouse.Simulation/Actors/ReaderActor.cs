using StreamHouse.Broker;
using StreamHouse.Broker.Topics;
using StreamHouse.Simulation.Checkers;
using StreamHouse.Simulation.World;

namespace StreamHouse.Simulation.Actors;

/// <summary>
/// Reads a partition from its start, waiting for more, and begins again now and then. What it sees must be dense, below the high watermark,
/// and the same for ever; on one connection the high watermark must not go back.
/// </summary>
internal sealed class ReaderActor(SimWorld world, LogModel model, string name, TopicPartition partition) : Actor(world, name)
{
    private const int BytesMax = 64 * 1024;

    private readonly TimeSpan _wait = TimeSpan.FromSeconds(2);
    private long _offset;
    private long _epoch = -1;
    private object? _connection;
    private long _highWatermark;

    /// <summary>Records read so far.</summary>
    public long Records { get; private set; }

    protected override async Task RunAsync()
    {
        while (!Finishing && !model[partition].Deleted)
        {
            try
            {
                var connection = Link.Connection;
                (long offset, long epoch) = (_offset, _epoch);
                Fetched fetched = await connection.CallAsync(b => Requests.FetchAsync(b, partition, offset, BytesMax, _wait, epoch), TimeSpan.FromSeconds(20));
                Accept(fetched, connection);
                Link.Succeeded();
                if (Random.Chance(0.01))
                {
                    _offset = model[partition].LogStart;
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

    private void Accept(Fetched fetched, object connection)
    {
        PartitionModel log = model[partition];
        // As clients do: never back to an older leader, and on to a newer one as soon as it is known.
        _epoch = Math.Max(_epoch, fetched.LeaderEpoch);
        if (fetched.Error == BrokerErrorCode.OffsetOutOfRange)
        {
            // Retention has passed by; nothing else may make a reader lose its place.
            if (fetched.LogStart > _offset)
            {
                log.LogStart = Math.Max(log.LogStart, fetched.LogStart);
                _offset = fetched.LogStart;
            }
            else if (_offset > fetched.LogEnd)
            {
                throw new InvariantException($"{partition}: {Name} has read up to {_offset}, but the log ends at {fetched.LogEnd} in epoch {fetched.LeaderEpoch}.");
            }
            return;
        }
        if (fetched.Error != BrokerErrorCode.None)
        {
            if (!fetched.Error.IsRetriable() && fetched.Error != BrokerErrorCode.UnknownTopic)
            {
                throw new InvariantException($"{partition}: {Name} was refused at {_offset} with {fetched.Error}: {fetched.Message}");
            }
            return;
        }
        if (connection == _connection && fetched.HighWatermark < _highWatermark)
        {
            throw new InvariantException($"{partition}: the high watermark went from {_highWatermark} back to {fetched.HighWatermark} on one connection of {Name}.");
        }
        (_connection, _highWatermark) = (connection, fetched.HighWatermark);
        foreach ((long offset, ulong hash) in RecordMaker.Read(fetched.Batches))
        {
            if (offset < _offset)
            {
                continue;
            }
            if (offset != _offset || offset >= fetched.HighWatermark)
            {
                throw new InvariantException($"{partition}: {Name} wanted {_offset} and got {offset}; the high watermark is {fetched.HighWatermark}.");
            }
            log.Learn(offset, hash, acknowledged: false, Name);
            _offset++;
            Records++;
        }
    }
}
