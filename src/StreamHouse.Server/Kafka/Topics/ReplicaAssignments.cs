using StreamHouse.Kafka;

namespace StreamHouse.Server.Kafka.Topics;

/// <summary>Checks where a client wants replicas to be. There is one broker, which is every partition's only replica; the object store replicates.</summary>
internal static class ReplicaAssignments
{
    /// <summary>What clients are told of every topic.</summary>
    public const short ReplicationFactor = 1;

    /// <summary>Accepts a number of replicas, as large as it may be: tools ask for 3 out of habit, and what they want is that nothing gets lost.</summary>
    /// <param name="factor">As asked for; -1 for the server's choice.</param>
    /// <exception cref="PartRefusedException">It is neither -1 nor above 0.</exception>
    public static void CheckFactor(short factor)
    {
        if (factor is not -1 and <= 0)
        {
            throw new PartRefusedException(
                KafkaErrorCode.InvalidReplicationFactor, $"The replication factor is {factor}; it must be 1 or more, or -1 for the server's choice.");
        }
    }

    /// <summary>Accepts partitions assigned to the brokers that there are.</summary>
    /// <param name="partitions">The brokers of each partition, in the order of the partitions.</param>
    /// <param name="nodeId">The only broker.</param>
    /// <exception cref="PartRefusedException">A partition has no broker, one twice, or one that there is not.</exception>
    public static void CheckBrokers(IEnumerable<int[]> partitions, int nodeId)
    {
        foreach (int[] brokers in partitions)
        {
            if (brokers is not [var only] || only != nodeId)
            {
                throw new PartRefusedException(
                    KafkaErrorCode.InvalidReplicaAssignment,
                    $"A partition is assigned to the brokers [{string.Join(", ", brokers.Take(10))}]; the only broker is {nodeId}, and it holds each partition once.");
            }
        }
    }
}
