namespace StreamHouse.Broker.Topics;

/// <summary>A topic's identity. A name may be used again after deletion; an id never is.</summary>
public readonly record struct TopicId(Guid Value)
{
    /// <inheritdoc/>
    public override string ToString() => Value.ToString("D");
}
