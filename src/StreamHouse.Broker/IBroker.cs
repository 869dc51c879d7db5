using StreamHouse.Broker.Buffers;
using StreamHouse.Broker.Groups;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Broker;

/// <summary>
/// Everything the front ends may ask for. They translate; every rule lives behind this interface. Methods that return a task may fail with
/// <see cref="BrokerException"/>; <see cref="Append"/> and <see cref="FetchAsync"/> report errors in their results instead.
/// </summary>
public interface IBroker
{
    /// <summary>Where requests' bytes are read into.</summary>
    BufferPool Buffers { get; }

    /// <summary>
    /// Sequences a batch, or queues it behind earlier ones of its partition, before it returns; the task ends when it is acknowledged or
    /// refused. Call it in arrival order: order among calls for a partition is order in its log.
    /// </summary>
    Task<AppendResult> Append(in AppendRequest request);

    /// <summary>
    /// Reads, waiting for data as asked. What <see cref="FetchRequest.Consistency"/> asks for is what the answer reaches, or it is an error.
    /// </summary>
    ValueTask<FetchResult> FetchAsync(FetchRequest request, CancellationToken ct);

    /// <summary>Finds offsets.</summary>
    /// <param name="partition">Where.</param>
    /// <param name="query">Which.</param>
    /// <param name="timestampMs">For <see cref="OffsetQuery.ByTimestamp"/>: ms since 1970.</param>
    /// <param name="consistency">How fresh the answer must be.</param>
    /// <param name="ct">Ends the wait.</param>
    Task<OffsetResult> FindOffsetAsync(
        TopicPartition partition, OffsetQuery query, long timestampMs, ReadConsistency consistency, CancellationToken ct);

    /// <summary>Finds where a leader epoch ends: how a reader that knows the epoch of its position notices that what it read is gone.</summary>
    /// <param name="partition">Where.</param>
    /// <param name="epoch">Which; 0 or more.</param>
    /// <param name="ct">Ends the wait.</param>
    Task<EpochEnd> FindEpochEndAsync(TopicPartition partition, long epoch, CancellationToken ct);

    /// <summary>A producer id never given out before; its epoch is 0.</summary>
    Task<long> NewProducerIdAsync(CancellationToken ct);

    /// <summary>A live topic by name, or null. From memory.</summary>
    TopicDescription? FindTopic(string name);

    /// <summary>A live topic by id, or null. From memory.</summary>
    TopicDescription? FindTopic(TopicId id);

    /// <summary>
    /// The topic of this name that was deleted here within the last two seconds, or null; there may be a live one of that name again. From memory.
    /// </summary>
    TopicDescription? FindDeletedTopic(string name);

    /// <summary>All live topics in name order. From memory.</summary>
    IReadOnlyList<TopicDescription> ListTopics();

    /// <summary>
    /// Refuses what <see cref="CreateTopicAsync"/> would refuse for its name, its number of partitions or a topic that exists. From memory.
    /// </summary>
    /// <param name="name">See <see cref="TopicName"/>.</param>
    /// <param name="partitions">1 or more, or null for the server's default.</param>
    void CheckNewTopic(string name, int? partitions);

    /// <summary>Creates a topic; ready for use when the task ends.</summary>
    /// <param name="name">See <see cref="TopicName"/>.</param>
    /// <param name="partitions">1 or more, or null for the server's default.</param>
    /// <param name="durability">Or null for the server's default.</param>
    /// <param name="config">See <see cref="TopicConfig.Parse"/>.</param>
    /// <param name="ct">Ends the wait, not the creation.</param>
    Task<TopicDescription> CreateTopicAsync(string name, int? partitions, Durability? durability, TopicConfig config, CancellationToken ct);

    /// <summary>Deletes a topic: its appends, waiting reads and slices in flight fail with <see cref="BrokerErrorCode.UnknownTopic"/>.</summary>
    Task DeleteTopicAsync(TopicId topic, CancellationToken ct);

    /// <summary>Replaces a topic's explicit settings.</summary>
    Task<TopicDescription> SetTopicConfigAsync(TopicId topic, TopicConfig config, CancellationToken ct);

    /// <summary>
    /// Changes single settings of a topic: all of them, or none when one is refused. Changes at the same time do not undo each other.
    /// </summary>
    Task<TopicDescription> ChangeTopicConfigAsync(TopicId topic, IReadOnlyList<TopicConfigChange> changes, CancellationToken ct);

    /// <summary>Refuses what <see cref="AddPartitionsAsync"/> would refuse. From memory.</summary>
    void CheckAddedPartitions(TopicId topic, int partitions);

    /// <summary>Raises a topic's number of partitions.</summary>
    Task<TopicDescription> AddPartitionsAsync(TopicId topic, int partitions, CancellationToken ct);

    /// <summary>State of a topic's partitions. From memory.</summary>
    IReadOnlyList<PartitionStatus> DescribePartitions(TopicId topic);

    /// <summary>State of one partition. From memory.</summary>
    PartitionStatus DescribePartition(TopicPartition partition);

    /// <summary>Moves a partition's log start forward to <paramref name="offset"/> (-1: the high watermark); returns the new log start.</summary>
    Task<long> DeleteRecordsAsync(TopicPartition partition, long offset, CancellationToken ct);

    /// <summary>Bytes of each partition in objects; partitions that have none are left out.</summary>
    Task<IReadOnlyDictionary<TopicPartition, long>> ReadTieredBytesAsync(CancellationToken ct);

    /// <summary>A partition's slices in objects that end above <paramref name="fromOffset"/>.</summary>
    Task<IReadOnlyList<SegmentRow>> ListSegmentsAsync(TopicPartition partition, long fromOffset, int limit, CancellationToken ct);

    /// <summary>Consumer groups: members, generations and committed offsets.</summary>
    IGroupCoordinator Groups { get; }

    /// <summary>The limits and defaults it runs with, for front ends that tell them to clients.</summary>
    BrokerOptions Options { get; }

    /// <summary>Figures of the whole server. From memory.</summary>
    BrokerStatus Status { get; }

    /// <summary>Proves that metadata and object store answer.</summary>
    /// <exception cref="BrokerException">One does not; the message says which.</exception>
    Task CheckHealthAsync(CancellationToken ct);
}

/// <summary>State of a partition.</summary>
/// <param name="Partition">Which.</param>
/// <param name="LeaderEpoch">Lease epoch.</param>
/// <param name="LogStartOffset">First readable offset.</param>
/// <param name="TieredEndOffset">End of what is in objects.</param>
/// <param name="HighWatermark">End of what readers see.</param>
/// <param name="LogEndOffset">End of what is sequenced.</param>
/// <param name="TailBytes">Bytes not yet in objects.</param>
/// <param name="Online">False when the lease is lost or storage failed.</param>
public sealed record PartitionStatus(
    TopicPartition Partition, long LeaderEpoch, long LogStartOffset, long TieredEndOffset, long HighWatermark, long LogEndOffset,
    long TailBytes, bool Online);

/// <summary>Figures of a whole server.</summary>
/// <param name="ClusterId">The cluster.</param>
/// <param name="Incarnation">This run of the process.</param>
/// <param name="Topics">Live topics.</param>
/// <param name="Partitions">Partitions led here.</param>
/// <param name="TailBytes">Rented bytes that are not in objects yet.</param>
/// <param name="TailBytesMax">Their limit: producers wait above it.</param>
/// <param name="NodeLogBytes">Size of the node log's files in use.</param>
/// <param name="ObjectStore">Where objects lie.</param>
public sealed record BrokerStatus(
    Guid ClusterId, Guid Incarnation, int Topics, int Partitions, long TailBytes, long TailBytesMax, long NodeLogBytes, string ObjectStore);
