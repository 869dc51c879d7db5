namespace StreamHouse.Client.Groups;

/// <summary>
/// Is told when partitions come and go. Calls never run at the same time as each other, nor while the code in the enumeration's loop has a record or batch
/// in its hands. What they throw is logged and otherwise ignored, except that the offsets of partitions whose <see cref="RevokedAsync"/> threw are not
/// committed automatically.
/// </summary>
public interface IRebalanceListener
{
    /// <summary>
    /// These partitions are this member's from now on; none of their records has been handed out yet. <see cref="Consumers.Consumer.Seek"/> may say where
    /// to begin instead of the committed offset.
    /// </summary>
    /// <param name="partitions">Those that were added.</param>
    /// <param name="ct">Cancelled when the consumer is disposed of.</param>
    ValueTask AssignedAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken ct) => default;

    /// <summary>
    /// These partitions go to somebody else: none of their records is handed out any more. What has been handed out can still be committed here with
    /// <see cref="Consumers.Consumer.CommitAsync"/>; automatic commits follow after this. The other members wait meanwhile.
    /// </summary>
    /// <param name="partitions">Those that go.</param>
    /// <param name="ct">Cancelled when the consumer is disposed of, except for the last call, which disposing itself makes.</param>
    ValueTask RevokedAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken ct) => default;

    /// <summary>These partitions are somebody else's already, because this member was silent or busy for too long: nothing can be committed for them.</summary>
    /// <param name="partitions">Those that are gone.</param>
    /// <param name="ct">Cancelled when the consumer is disposed of.</param>
    ValueTask LostAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken ct) => default;
}
