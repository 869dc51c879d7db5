namespace StreamHouse.Broker.Topics;

/// <summary>What an acknowledgement with <see cref="Partitions.Acks.All"/> means for a topic; fixed when the topic is created.</summary>
public enum Durability
{
    /// <summary>Synced in the leader's node log: survives a crash of the process or the operating system.</summary>
    Local = 0,

    /// <summary>Stored as an object and committed to the manifest under the lease epoch: survives the loss of every agent.</summary>
    Object = 1,
}
