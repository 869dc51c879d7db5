using StreamHouse.Broker;
using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Topics;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;
using StreamHouse.Server.Kafka.Dispatch;

namespace StreamHouse.Server.Kafka.Offsets;

/// <summary>Tells where leader epochs end: how clients notice that what they read is gone.</summary>
internal sealed class OffsetForLeaderEpochHandler(IBroker broker) : IKafkaHandler<OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse>
{
    public async ValueTask<OffsetForLeaderEpochResponse> HandleAsync(OffsetForLeaderEpochRequest request, KafkaCall call)
    {
        List<Question> questions = [];
        foreach (OffsetForLeaderEpochRequest.Topic asked in request.Topics)
        {
            TopicId? topic = broker.FindTopic(asked.Name)?.Id;
            foreach (OffsetForLeaderEpochRequest.Partition partition in asked.Partitions)
            {
                questions.Add(new Question(topic, partition.PartitionIndex, partition.LeaderEpoch, partition.CurrentLeaderEpoch));
            }
        }
        OffsetForLeaderEpochResponse.Partition[] found = await PartitionQuestions.AnswerAsync(questions, q => FindAsync(q, call), call.Client.Closed);
        OffsetForLeaderEpochResponse response = new() { Topics = new OffsetForLeaderEpochResponse.Topic[request.Topics.Length] };
        int next = 0;
        for (int i = 0; i < response.Topics.Length; i++)
        {
            OffsetForLeaderEpochRequest.Topic asked = request.Topics[i];
            response.Topics[i] = new() { Name = asked.Name, Partitions = found.AsSpan(next, asked.Partitions.Length).ToArray() };
            next += asked.Partitions.Length;
        }
        return response;
    }

    public OffsetForLeaderEpochResponse Refuse(OffsetForLeaderEpochRequest request, KafkaErrorCode error, string message) => new()
    {
        Topics = [.. request.Topics.Select(t => new OffsetForLeaderEpochResponse.Topic
        {
            Name = t.Name, Partitions = [.. t.Partitions.Select(p => Failed(p.PartitionIndex, error))],
        })],
    };

    private static OffsetForLeaderEpochResponse.Partition Failed(int partition, KafkaErrorCode error) =>
        new() { PartitionIndex = partition, ErrorCode = error };

    private async ValueTask<OffsetForLeaderEpochResponse.Partition> FindAsync(Question asked, KafkaCall call)
    {
        if (asked.Topic is not { } topic)
        {
            return Failed(asked.Partition, KafkaErrorCode.UnknownTopicOrPartition);
        }
        try
        {
            TopicPartition partition = new(topic, asked.Partition);
            LeaderEpochs.Check(asked.CurrentLeaderEpoch, broker.DescribePartition(partition));
            EpochEnd end = asked.LeaderEpoch < 0 ? EpochEnd.Unknown : await broker.FindEpochEndAsync(partition, asked.LeaderEpoch, call.Client.Closed);
            return new OffsetForLeaderEpochResponse.Partition
            {
                PartitionIndex = asked.Partition, LeaderEpoch = (int)end.Epoch, EndOffset = end.EndOffset,
            };
        }
        catch (BrokerException e)
        {
            return Failed(asked.Partition, KafkaErrors.Of(e.Code));
        }
    }

    private readonly record struct Question(TopicId? Topic, int Partition, int LeaderEpoch, int CurrentLeaderEpoch);
}
