namespace StreamHouse.Client.Producers;

/// <summary>Where an acknowledged record is.</summary>
/// <param name="Partition">Its partition.</param>
/// <param name="Offset">Its offset; -1 with <see cref="ProducerAcks.None"/>.</param>
/// <param name="TimestampMs">Its timestamp as stored, in ms since 1970: the broker's where the topic uses append time.</param>
/// <param name="Durability">How durable it was when acknowledged.</param>
public readonly record struct RecordMetadata(int Partition, long Offset, long TimestampMs, RecordDurability Durability);

/// <summary>What became of a batch of records.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="Partition">The partition.</param>
/// <param name="BaseOffset">Offset of the first record; -1 with <see cref="ProducerAcks.None"/> and after an error.</param>
/// <param name="RecordCount">Number of records.</param>
/// <param name="Durability">How durable they were when acknowledged.</param>
/// <param name="Error">Why they failed, or null.</param>
public readonly record struct BatchDelivery(
    string Topic, int Partition, long BaseOffset, int RecordCount, RecordDurability Durability, StreamHouseException? Error);

/// <summary>How durable a record was when its acknowledgement was made.</summary>
public enum RecordDurability
{
    /// <summary>In the leader's memory.</summary>
    Eventual = 0,

    /// <summary>Synced to the leader's disk.</summary>
    Local = 1,

    /// <summary>Synced by a majority of the partition's replicas.</summary>
    Quorum = 2,

    /// <summary>Stored in the object store and committed.</summary>
    Object = 3,
}
