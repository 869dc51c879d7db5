using StreamHouse.Broker;
using StreamHouse.Broker.Topics;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;
using StreamHouse.Server.Kafka.Dispatch;

namespace StreamHouse.Server.Kafka.Cluster;

/// <summary>
/// Tells how large partitions are: what they have in objects and what not yet. There is one log directory, named after the place where objects lie.
/// </summary>
internal sealed class DescribeLogDirsHandler(IBroker broker) : IKafkaHandler<DescribeLogDirsRequest, DescribeLogDirsResponse>
{
    public async ValueTask<DescribeLogDirsResponse> HandleAsync(DescribeLogDirsRequest request, KafkaCall call)
    {
        IReadOnlyDictionary<TopicPartition, long> tiered = await broker.ReadTieredBytesAsync(call.Client.Closed);
        List<DescribeLogDirsResponse.Topic> topics = [];
        foreach ((TopicDescription topic, HashSet<int>? partitions) in TopicsOf(request))
        {
            topics.Add(new DescribeLogDirsResponse.Topic { Name = topic.Name, Partitions = Describe(topic, partitions, tiered) });
        }
        return new DescribeLogDirsResponse { Results = [new DescribeLogDirsResponse.Result { LogDir = broker.Status.ObjectStore, Topics = [.. topics] }] };
    }

    public DescribeLogDirsResponse Refuse(DescribeLogDirsRequest request, KafkaErrorCode error, string message) => new()
    {
        ErrorCode = error,
        Results = [new DescribeLogDirsResponse.Result { ErrorCode = error, LogDir = broker.Status.ObjectStore }],
    };

    // Null partitions for all. What there is not is left out, and each topic is told once.
    private IEnumerable<(TopicDescription Topic, HashSet<int>? Partitions)> TopicsOf(DescribeLogDirsRequest request)
    {
        if (request.Topics is not { } asked)
        {
            return broker.ListTopics().Select(t => (t, (HashSet<int>?)null));
        }
        return asked.GroupBy(t => t.Name)
            .Select(g => (Topic: broker.FindTopic(g.Key), Partitions: (HashSet<int>?)[.. g.SelectMany(t => t.Partitions)]))
            .Where(t => t.Topic is not null)
            .Select(t => (t.Topic!, t.Partitions));
    }

    private DescribeLogDirsResponse.Partition[] Describe(
        TopicDescription topic, HashSet<int>? partitions, IReadOnlyDictionary<TopicPartition, long> tiered)
    {
        try
        {
            return [.. broker.DescribePartitions(topic.Id)
                .Where(p => partitions?.Contains(p.Partition.Partition) ?? true)
                .Select(p => new DescribeLogDirsResponse.Partition
                {
                    PartitionIndex = p.Partition.Partition,
                    PartitionSize = p.TailBytes + tiered.GetValueOrDefault(p.Partition),
                })];
        }
        catch (BrokerException)
        {
            // Deleted a moment ago.
            return [];
        }
    }
}
