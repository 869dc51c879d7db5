namespace StreamHouse.Client.Groups;

/// <summary>A partition by name.</summary>
/// <param name="Topic">The topic's name.</param>
/// <param name="Partition">The partition's number, from 0.</param>
public readonly record struct TopicPartition(string Topic, int Partition) : IComparable<TopicPartition>
{
    /// <inheritdoc/>
    public int CompareTo(TopicPartition other)
    {
        int byTopic = string.CompareOrdinal(Topic, other.Topic);
        return byTopic != 0 ? byTopic : Partition.CompareTo(other.Partition);
    }

    /// <summary>Whether a comes before b, by topic and number.</summary>
    public static bool operator <(TopicPartition a, TopicPartition b) => a.CompareTo(b) < 0;

    /// <summary>Whether a does not come after b.</summary>
    public static bool operator <=(TopicPartition a, TopicPartition b) => a.CompareTo(b) <= 0;

    /// <summary>Whether a comes after b.</summary>
    public static bool operator >(TopicPartition a, TopicPartition b) => a.CompareTo(b) > 0;

    /// <summary>Whether a does not come before b.</summary>
    public static bool operator >=(TopicPartition a, TopicPartition b) => a.CompareTo(b) >= 0;

    /// <summary>Such as <c>orders/3</c>.</summary>
    public override string ToString() => $"{Topic}/{Partition}";
}
