using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;
using StreamHouse.Server.Kafka.Dispatch;

namespace StreamHouse.Server.Kafka.Cluster;

/// <summary>Tells which partitions are being moved between brokers: none, for there is one broker.</summary>
internal sealed class ListPartitionReassignmentsHandler : IKafkaHandler<ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse>
{
    public ValueTask<ListPartitionReassignmentsResponse> HandleAsync(ListPartitionReassignmentsRequest request, KafkaCall call) =>
        ValueTask.FromResult(new ListPartitionReassignmentsResponse());

    public ListPartitionReassignmentsResponse Refuse(ListPartitionReassignmentsRequest request, KafkaErrorCode error, string message) =>
        new() { ErrorCode = error, ErrorMessage = message };
}
