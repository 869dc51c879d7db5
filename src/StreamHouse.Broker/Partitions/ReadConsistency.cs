namespace StreamHouse.Broker.Partitions;

/// <summary>How fresh the answer of a read must be. Whatever the level, only committed records are shown, and what was shown never changes.</summary>
public enum ReadConsistency
{
    /// <summary>
    /// From the leader's committed log as its memory has it. While a lease changes hands, a leader that has not heard of it yet may answer with
    /// an end that lies before what its successor has acknowledged meanwhile.
    /// </summary>
    Strong,

    /// <summary>
    /// Everything that was acknowledged with <see cref="Acks.All"/> before the request arrived is seen: the leader answers only after the metadata
    /// has confirmed, by a read that began after the request arrived, that it still leads. Costs a read of the metadata, which requests that wait share.
    /// </summary>
    Linearizable,
}
