using StreamHouse.Broker;
using StreamHouse.Broker.Topics;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;
using StreamHouse.Server.Kafka.Dispatch;

namespace StreamHouse.Server.Kafka.Topics;

/// <summary>Moves log starts forward.</summary>
internal sealed class DeleteRecordsHandler(IBroker broker, TimeProvider clock) : IKafkaHandler<DeleteRecordsRequest, DeleteRecordsResponse>
{
    private static readonly TimeSpan OwnPart = TimeSpan.FromSeconds(5);

    public async ValueTask<DeleteRecordsResponse> HandleAsync(DeleteRecordsRequest request, KafkaCall call)
    {
        // In Kafka the time given is for the followers: a leader without any does its own part even within none.
        TimeSpan timeout = request.TimeoutMs > 0 ? TimeSpan.FromMilliseconds(request.TimeoutMs) : OwnPart;
        // All at once: what has to be uploaded first goes in one upload.
        return new DeleteRecordsResponse
        {
            Topics = await Task.WhenAll(request.Topics.Select(async t => new DeleteRecordsResponse.Topic
            {
                Name = t.Name, Partitions = await Task.WhenAll(t.Partitions.Select(p => DeleteAsync(t.Name, p, timeout))),
            })),
        };
    }

    public DeleteRecordsResponse Refuse(DeleteRecordsRequest request, KafkaErrorCode error, string message) => new()
    {
        Topics = [.. request.Topics.Select(t => new DeleteRecordsResponse.Topic
        {
            Name = t.Name,
            Partitions = [.. t.Partitions.Select(p => new DeleteRecordsResponse.Partition { PartitionIndex = p.PartitionIndex, LowWatermark = -1, ErrorCode = error })],
        })],
    };

    private async Task<DeleteRecordsResponse.Partition> DeleteAsync(string topic, DeleteRecordsRequest.Partition asked, TimeSpan timeout)
    {
        DeleteRecordsResponse.Partition answer = new() { PartitionIndex = asked.PartitionIndex, LowWatermark = -1 };
        PartFailure failure = await PartFailure.OfAsync(async () =>
        {
            TopicPartition partition = new(broker.RequireTopic(topic).Id, asked.PartitionIndex);
            Task<long> deleted = broker.DeleteRecordsAsync(partition, asked.Offset, CancellationToken.None);
            answer.LowWatermark = await deleted.WaitAsync(timeout, clock);
        });
        answer.ErrorCode = failure.Code;
        return answer;
    }
}
