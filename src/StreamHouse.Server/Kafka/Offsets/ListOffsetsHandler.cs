using StreamHouse.Broker;
using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Topics;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;
using StreamHouse.Server.Kafka.Dispatch;

namespace StreamHouse.Server.Kafka.Offsets;

/// <summary>
/// Finds offsets by time, or by one of the special values that stand for a place in the log. There are no transactions, so the end is the same for
/// every isolation level.
/// </summary>
internal sealed class ListOffsetsHandler(IBroker broker) : IKafkaHandler<ListOffsetsRequest, ListOffsetsResponse>
{
    public async ValueTask<ListOffsetsResponse> HandleAsync(ListOffsetsRequest request, KafkaCall call)
    {
        List<Question> questions = [];
        foreach (ListOffsetsRequest.Topic asked in request.Topics)
        {
            TopicId? topic = broker.FindTopic(asked.Name)?.Id;
            foreach (ListOffsetsRequest.Partition partition in asked.Partitions)
            {
                questions.Add(new Question(topic, partition.PartitionIndex, partition.Timestamp, partition.CurrentLeaderEpoch));
            }
        }
        ListOffsetsResponse.Partition[] found = await PartitionQuestions.AnswerAsync(questions, q => FindAsync(q, call), call.Client.Closed);
        ListOffsetsResponse response = new() { Topics = new ListOffsetsResponse.Topic[request.Topics.Length] };
        int next = 0;
        for (int i = 0; i < response.Topics.Length; i++)
        {
            ListOffsetsRequest.Topic asked = request.Topics[i];
            response.Topics[i] = new() { Name = asked.Name, Partitions = found.AsSpan(next, asked.Partitions.Length).ToArray() };
            next += asked.Partitions.Length;
        }
        return response;
    }

    public ListOffsetsResponse Refuse(ListOffsetsRequest request, KafkaErrorCode error, string message) => new()
    {
        Topics = [.. request.Topics.Select(t => new ListOffsetsResponse.Topic
        {
            Name = t.Name, Partitions = [.. t.Partitions.Select(p => Failed(p.PartitionIndex, error))],
        })],
    };

    private static ListOffsetsResponse.Partition Failed(int partition, KafkaErrorCode error) => new() { PartitionIndex = partition, ErrorCode = error };

    private async ValueTask<ListOffsetsResponse.Partition> FindAsync(Question asked, KafkaCall call)
    {
        if (asked.Topic is not { } topic)
        {
            return Failed(asked.Partition, KafkaErrorCode.UnknownTopicOrPartition);
        }
        if (QueryOf(asked.Timestamp, call.Version) is not { } query)
        {
            return Failed(asked.Partition, KafkaErrorCode.UnsupportedVersion);
        }
        try
        {
            TopicPartition partition = new(topic, asked.Partition);
            LeaderEpochs.Check(asked.CurrentLeaderEpoch, broker.DescribePartition(partition));
            OffsetResult found = await broker.FindOffsetAsync(partition, query, asked.Timestamp, ReadConsistency.Strong, call.Client.Closed);
            return new ListOffsetsResponse.Partition
            {
                PartitionIndex = asked.Partition, Offset = found.Offset, Timestamp = found.TimestampMs, LeaderEpoch = (int)found.LeaderEpoch,
            };
        }
        catch (BrokerException e)
        {
            return Failed(asked.Partition, KafkaErrors.Of(e.Code));
        }
    }

    // Each special value has come with a version of its own; null for one that this version does not have.
    private static OffsetQuery? QueryOf(long timestamp, short version) => timestamp switch
    {
        >= 0 => OffsetQuery.ByTimestamp,
        -1 => OffsetQuery.Latest,
        -2 => OffsetQuery.Earliest,
        -3 when version >= 7 => OffsetQuery.MaxTimestamp,
        -4 when version >= 8 => OffsetQuery.EarliestUntiered,
        -5 when version >= 9 => OffsetQuery.LatestTiered,
        _ => null,
    };

    private readonly record struct Question(TopicId? Topic, int Partition, long Timestamp, int CurrentLeaderEpoch);
}
