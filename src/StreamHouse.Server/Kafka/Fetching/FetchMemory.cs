namespace StreamHouse.Server.Kafka.Fetching;

/// <summary>Bytes of records in answers that clients have not taken yet. The nearer the limit, the less a fetch may ask for; at it, one batch.</summary>
internal sealed class FetchMemory(KafkaOptions options)
{
    // So many fetches that begin at once stay within the limit together.
    private const int Share = 8;

    private long _held;

    /// <summary>Bytes held.</summary>
    public long Held => Volatile.Read(ref _held);

    /// <summary>What a fetch may ask for, of what its client asks for.</summary>
    public int Limit(int bytesMax)
    {
        long room = Math.Max(0, options.FetchesBytesMax - Held) / Share;
        return (int)Math.Clamp(Math.Min(bytesMax, room), 0, options.FetchBytesMax);
    }

    /// <summary>An answer holds bytes, or with a negative number has given them back.</summary>
    public void Add(long bytes) => Interlocked.Add(ref _held, bytes);
}
