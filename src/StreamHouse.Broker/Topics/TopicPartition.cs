namespace StreamHouse.Broker.Topics;

/// <summary>One partition of one topic.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="Partition">The partition's number, from 0.</param>
public readonly record struct TopicPartition(TopicId Topic, int Partition)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Topic}/{Partition}";
}
