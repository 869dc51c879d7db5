using StreamHouse.Kafka.Fetch;

namespace StreamHouse.Server.Kafka.Fetching;

/// <summary>What names a partition in a fetch: the topic's name up to version 12, its id from version 13.</summary>
internal readonly record struct FetchKey(string Topic, Guid TopicId, int Partition);

/// <summary>A partition that a fetch reads, and, in a session, what its client was last told.</summary>
internal sealed class SessionPartition(FetchKey key)
{
    private const long Unknown = -1;

    private long _toldHighWatermark = Unknown;
    private long _toldLogStart = Unknown;

    /// <summary>Which.</summary>
    public FetchKey Key => key;

    /// <summary>What the client asks for.</summary>
    public FetchPartitionView Wanted { get; set; }

    /// <summary>Whether it is to be forgotten.</summary>
    public bool IsForgotten { get; set; }

    /// <summary>Notes what the client is told.</summary>
    /// <returns>Whether there is something to tell: records, an error, or a mark that has moved.</returns>
    public bool Tell(in FetchPartitionResult result)
    {
        bool isNews = result.RecordsBytes > 0 || result.ErrorCode != 0
            || result.HighWatermark != _toldHighWatermark || result.LogStartOffset != _toldLogStart;
        // After an error the next answer is news in any case.
        _toldHighWatermark = result.ErrorCode == 0 ? result.HighWatermark : Unknown;
        _toldLogStart = result.LogStartOffset;
        return isNews;
    }
}
