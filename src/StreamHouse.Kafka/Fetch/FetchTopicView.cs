namespace StreamHouse.Kafka.Fetch;

/// <summary>A topic of a <see cref="FetchRequestView"/>.</summary>
/// <param name="Name">Its name up to version 12, else empty.</param>
/// <param name="TopicId">Its id from version 13, else zero.</param>
/// <param name="FirstPartition">Where its partitions begin in <see cref="FetchRequestView.Partitions"/> or <see cref="FetchRequestView.ForgottenPartitions"/>.</param>
/// <param name="PartitionCount">How many they are.</param>
public readonly record struct FetchTopicView(string Name, Guid TopicId, int FirstPartition, int PartitionCount);

/// <summary>A partition of a <see cref="FetchRequestView"/>.</summary>
/// <param name="PartitionIndex">The partition.</param>
/// <param name="CurrentLeaderEpoch">The leader epoch that the client knows, or -1.</param>
/// <param name="FetchOffset">First offset wanted.</param>
/// <param name="LastFetchedEpoch">Epoch of the last record read, or -1.</param>
/// <param name="PartitionMaxBytes">Limit for this partition.</param>
public readonly record struct FetchPartitionView(
    int PartitionIndex, int CurrentLeaderEpoch, long FetchOffset, int LastFetchedEpoch, int PartitionMaxBytes);
