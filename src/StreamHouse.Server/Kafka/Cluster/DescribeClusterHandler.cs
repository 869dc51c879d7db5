using StreamHouse.Broker;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;
using StreamHouse.Server.Kafka.Dispatch;
using StreamHouse.Server.Kafka.Metadata;

namespace StreamHouse.Server.Kafka.Cluster;

/// <summary>Tells the cluster's id and its brokers: this one.</summary>
internal sealed class DescribeClusterHandler(IBroker broker, KafkaOptions options) : IKafkaHandler<DescribeClusterRequest, DescribeClusterResponse>
{
    private const sbyte Brokers = 1;

    public ValueTask<DescribeClusterResponse> HandleAsync(DescribeClusterRequest request, KafkaCall call) => ValueTask.FromResult(
        request.EndpointType != Brokers
            ? Refuse(request, KafkaErrorCode.InvalidRequest, $"There are no endpoints of kind {request.EndpointType} here; 1 describes the brokers.")
            : new DescribeClusterResponse
            {
                ClusterId = MetadataHandler.ClusterIdOf(broker.Status.ClusterId),
                ControllerId = options.NodeId,
                Brokers = [new DescribeClusterResponse.Broker { BrokerId = options.NodeId, Host = call.Client.AdvertisedHost, Port = call.Client.AdvertisedPort }],
                ClusterAuthorizedOperations = AuthorizedOperations.OnCluster(request.IncludeClusterAuthorizedOperations),
            });

    public DescribeClusterResponse Refuse(DescribeClusterRequest request, KafkaErrorCode error, string message) =>
        new() { ErrorCode = error, ErrorMessage = message, EndpointType = request.EndpointType };
}
