using StreamHouse.Broker;
using StreamHouse.Simulation.Checkers;

namespace StreamHouse.Simulation.Actors;

/// <summary>
/// A reader's place in one log. What it sees must be dense, below the high watermark, and the same for ever; on one connection the high
/// watermark must not go back.
/// </summary>
internal sealed class LogCursor(PartitionModel log, ClientLink link, string name)
{
    private object? _connection;
    private long _highWatermark;

    /// <summary>Next offset to read.</summary>
    public long Offset { get; set; }

    /// <summary>Highest leader epoch seen, or -1.</summary>
    public long Epoch { get; private set; } = -1;

    /// <summary>Takes in an answer.</summary>
    /// <returns>Records read.</returns>
    /// <exception cref="InvariantException">It must not have been given.</exception>
    public int Accept(Fetched fetched, object connection)
    {
        // As clients do: never back to an older leader, and on to a newer one as soon as it is known.
        Epoch = Math.Max(Epoch, fetched.LeaderEpoch);
        if (fetched.Error == BrokerErrorCode.OffsetOutOfRange)
        {
            GoToLogStart(fetched);
            return 0;
        }
        if (fetched.Error != BrokerErrorCode.None)
        {
            if (!fetched.Error.IsRetriable() && !link.MayBeUnknown(fetched.Error, log))
            {
                throw new InvariantException($"{log.Partition}: {name} was refused at {Offset} with {fetched.Error}: {fetched.Message}");
            }
            return 0;
        }
        if (connection == _connection && fetched.HighWatermark < _highWatermark)
        {
            throw new InvariantException(
                $"{log.Partition}: the high watermark went from {_highWatermark} back to {fetched.HighWatermark} on one connection of {name}.");
        }
        (_connection, _highWatermark) = (connection, fetched.HighWatermark);
        return Read(fetched);
    }

    // Retention has passed by; nothing else may make a reader lose its place.
    private void GoToLogStart(Fetched fetched)
    {
        if (fetched.LogStart > Offset)
        {
            log.SeeLogStart(fetched.LogStart);
            Offset = fetched.LogStart;
        }
        else if (Offset > fetched.LogEnd)
        {
            throw new InvariantException($"{log.Partition}: {name} has read up to {Offset}, but the log ends at {fetched.LogEnd} in epoch {fetched.LeaderEpoch}.");
        }
    }

    private int Read(Fetched fetched)
    {
        int records = 0;
        foreach ((long offset, ulong hash) in RecordMaker.Read(fetched.Batches))
        {
            if (offset < Offset)
            {
                continue;
            }
            if (offset != Offset || offset >= fetched.HighWatermark)
            {
                throw new InvariantException($"{log.Partition}: {name} wanted {Offset} and got {offset}; the high watermark is {fetched.HighWatermark}.");
            }
            log.Learn(offset, hash, acknowledged: false, name);
            Offset++;
            records++;
        }
        return records;
    }
}
