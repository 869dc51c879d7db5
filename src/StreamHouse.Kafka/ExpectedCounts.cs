namespace StreamHouse.Kafka;

/// <summary>
/// Counts what a response has announced against what is written. Counts stand in front of what they count, and a wrong one would make the client read
/// the rest of the connection as something else.
/// </summary>
internal struct ExpectedCounts(int topics)
{
    private int _topics = topics;
    private int _partitions;

    public void BeginTopic(int partitions)
    {
        Check(_topics > 0 && _partitions == 0);
        _topics--;
        _partitions = partitions;
    }

    public void Partition()
    {
        Check(_partitions > 0);
        _partitions--;
    }

    public readonly void EndTopic() => Check(_partitions == 0);

    public readonly void End() => Check(_topics == 0 && _partitions == 0);

    private static void Check(bool holds)
    {
        if (!holds)
        {
            throw new InvalidOperationException("The response has not the topics and partitions that it announced.");
        }
    }
}
