using StreamHouse.Broker;

namespace StreamHouse.Server.Kafka.Offsets;

/// <summary>Compares the leader epoch that a client believes in with the partition's.</summary>
internal static class LeaderEpochs
{
    /// <summary>Refuses a client that believes in another epoch.</summary>
    /// <param name="believed">The client's epoch, or -1 when it does not say.</param>
    /// <param name="status">The partition's state.</param>
    /// <exception cref="BrokerException"><see cref="BrokerErrorCode.FencedLeaderEpoch"/> or <see cref="BrokerErrorCode.UnknownLeaderEpoch"/>.</exception>
    public static void Check(int believed, PartitionStatus status)
    {
        if (believed < 0 || believed == status.LeaderEpoch)
        {
            return;
        }
        throw believed < status.LeaderEpoch
            ? new BrokerException(BrokerErrorCode.FencedLeaderEpoch, $"Leader epoch {believed} is over; it is {status.LeaderEpoch} now.")
            : new BrokerException(BrokerErrorCode.UnknownLeaderEpoch, $"Leader epoch {believed} is not known here; it is {status.LeaderEpoch}.");
    }
}
