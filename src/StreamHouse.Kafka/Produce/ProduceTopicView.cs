namespace StreamHouse.Kafka.Produce;

/// <summary>A topic of a <see cref="ProduceRequestView"/>.</summary>
/// <param name="Name">The topic.</param>
/// <param name="FirstPartition">Where its partitions begin in <see cref="ProduceRequestView.Partitions"/>.</param>
/// <param name="PartitionCount">How many they are.</param>
public readonly record struct ProduceTopicView(string Name, int FirstPartition, int PartitionCount);

/// <summary>A partition of a <see cref="ProduceRequestView"/>.</summary>
/// <param name="Index">The partition.</param>
/// <param name="RecordsPosition">Where its records begin in the bytes that the reader was created over.</param>
/// <param name="RecordsBytes">How long they are; -1 when the request has null.</param>
public readonly record struct ProducePartitionView(int Index, int RecordsPosition, int RecordsBytes);
