namespace StreamHouse.Client.Producers;

/// <summary>What batches of an idempotent producer are signed with.</summary>
/// <param name="Id">Producer id.</param>
/// <param name="Epoch">Its epoch.</param>
internal readonly record struct ProducerIdentity(long Id, short Epoch)
{
    /// <summary>Of a producer that is not idempotent.</summary>
    public static ProducerIdentity None { get; } = new(-1, -1);
}
