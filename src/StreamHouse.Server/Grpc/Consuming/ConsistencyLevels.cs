using StreamHouse.Broker;
using StreamHouse.Broker.Partitions;

namespace StreamHouse.Server.Grpc.Consuming;

/// <summary>Levels of consistency, from and to the wire.</summary>
internal static class ConsistencyLevels
{
    /// <exception cref="BrokerException"><see cref="BrokerErrorCode.InvalidRequest"/> for a level this server does not know: a weaker one would not
    /// do.</exception>
    public static ReadConsistency FromWire(Rpc.V1.ReadConsistency consistency) => consistency switch
    {
        Rpc.V1.ReadConsistency.Strong => ReadConsistency.Strong,
        Rpc.V1.ReadConsistency.Linearizable => ReadConsistency.Linearizable,
        _ => throw new BrokerException(
            BrokerErrorCode.InvalidRequest, $"consistency has the value {(int)consistency}, which this server does not know."),
    };
}
