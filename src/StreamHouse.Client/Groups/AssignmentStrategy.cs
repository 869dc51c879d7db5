namespace StreamHouse.Client.Groups;

/// <summary>How the partitions of a group's topics are shared among its members; compatible with Kafka's clients of the same names.</summary>
public enum AssignmentStrategy
{
    /// <summary>
    /// <c>cooperative-sticky</c>: evenly, moving as few partitions as possible; those that stay are read on during a rebalance.
    /// </summary>
    CooperativeSticky,

    /// <summary><c>range</c>: neighbouring partitions of each topic together, so that the same partitions of several topics go to the same member.</summary>
    Range,

    /// <summary><c>roundrobin</c>: partition by partition to one member after the other.</summary>
    RoundRobin,
}
