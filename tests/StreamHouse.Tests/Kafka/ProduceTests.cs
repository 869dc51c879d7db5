using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;
using StreamHouse.Kafka.Produce;
using StreamHouse.KafkaCodec;

namespace StreamHouse.Tests.Kafka;

/// <summary>The hand-written half of produce against the generated one.</summary>
public sealed class ProduceTests
{
    public static TheoryData<short> Versions => [.. Enumerable.Range(0, 12).Select(v => (short)v)];

    [Theory]
    [MemberData(nameof(Versions))]
    public void View_sees_what_the_request_says(short version)
    {
        ApiSchema api = KafkaSchemas.Get("Produce");
        ProduceRequestView view = new();
        for (int seed = 0; seed < 50; seed++)
        {
            var request = (ProduceRequest)new RandomMessages(seed).Create(typeof(ProduceRequest), api, api.Request, version);
            byte[] bytes = new MessageCodec<ProduceRequest>().Write(request, version);

            KafkaReader reader = new(bytes);
            view.Read(ref reader, version);

            reader.Remaining.ShouldBe(0);
            view.TransactionalId.ShouldBe(request.TransactionalId);
            view.Acks.ShouldBe(request.Acks);
            view.TimeoutMs.ShouldBe(request.TimeoutMs);
            view.Topics.ToArray().Select(t => t.Name).ShouldBe(request.TopicData.Select(t => t.Name));
            view.Topics.ToArray().Select(t => t.PartitionCount).ShouldBe(request.TopicData.Select(t => t.PartitionData.Length));
            for (int i = 0; i < request.TopicData.Length; i++)
            {
                ReadOnlySpan<ProducePartitionView> partitions = view.PartitionsOf(view.Topics[i]);
                for (int j = 0; j < partitions.Length; j++)
                {
                    ProduceRequest.Partition expected = request.TopicData[i].PartitionData[j];
                    partitions[j].Index.ShouldBe(expected.Index);
                    partitions[j].RecordsBytes.ShouldBe(expected.Records?.Length ?? -1);
                    bytes.AsSpan(partitions[j].RecordsPosition, Math.Max(0, partitions[j].RecordsBytes)).ToArray().ShouldBe(expected.Records ?? []);
                }
            }
        }
    }

    [Theory]
    [InlineData(3)]
    [InlineData(8)]
    [InlineData(11)]
    public void Reading_the_same_topics_again_allocates_nothing(short version)
    {
        byte[] bytes = new MessageCodec<ProduceRequest>().Write(new ProduceRequest { TopicData = [Topic("orders", 40), Topic("payments", 3)] }, version);
        ProduceRequestView view = new();
        KafkaReader first = new(bytes);
        view.Read(ref first, version);

        long before = GC.GetAllocatedBytesForCurrentThread();
        KafkaReader second = new(bytes);
        view.Read(ref second, version);

        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);
        view.Partitions.Length.ShouldBe(43);

        static ProduceRequest.Topic Topic(string name, int partitions) => new()
        {
            Name = name,
            PartitionData = [.. Enumerable.Range(0, partitions).Select(p => new ProduceRequest.Partition { Index = p, Records = new byte[100] })],
        };
    }

    [Fact]
    public void A_view_used_again_shows_only_the_new_request()
    {
        ProduceRequestView view = new();
        Read(view, new ProduceRequest { TransactionalId = "t", TopicData = [new() { Name = "größe", PartitionData = [new(), new()] }, new() { Name = "b" }] });

        Read(view, new ProduceRequest { TopicData = [new() { Name = "c", PartitionData = [new() { Index = 9 }] }] });

        view.TransactionalId.ShouldBeNull();
        view.Topics.ToArray().ShouldBe([new ProduceTopicView("c", 0, 1)]);
        view.Partitions.Length.ShouldBe(1);
        view.Partitions[0].Index.ShouldBe(9);

        static void Read(ProduceRequestView view, ProduceRequest request)
        {
            KafkaReader reader = new(new MessageCodec<ProduceRequest>().Write(request, 9));
            view.Read(ref reader, 9);
        }
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void Writer_makes_the_bytes_of_the_generated_response(short version)
    {
        ApiSchema api = KafkaSchemas.Get("Produce");
        for (int seed = 0; seed < 50; seed++)
        {
            var response = (ProduceResponse)new RandomMessages(seed).Create(typeof(ProduceResponse), api, api.Response, version);
            using KafkaBuffer expected = new();
            KafkaFrame.WriteResponse(expected, version, 42, response);

            using KafkaBuffer actual = new();
            ProduceResponseWriter writer = new(actual, version, 42, response.Responses.Length);
            foreach (ProduceResponse.Topic topic in response.Responses)
            {
                writer.BeginTopic(topic.Name, topic.PartitionResponses.Length);
                foreach (ProduceResponse.Partition partition in topic.PartitionResponses)
                {
                    writer.WritePartition(new ProducePartitionResult
                    {
                        Index = partition.Index,
                        ErrorCode = partition.ErrorCode,
                        BaseOffset = partition.BaseOffset,
                        LogAppendTimeMs = partition.LogAppendTimeMs,
                        LogStartOffset = partition.LogStartOffset,
                        ErrorMessage = partition.ErrorMessage,
                        RecordErrors = partition.RecordErrors,
                        CurrentLeader = partition.CurrentLeader,
                    });
                }

                writer.EndTopic();
            }

            writer.End(response.ThrottleTimeMs, response.NodeEndpoints);

            actual.WrittenSpan.ToArray().ShouldBe(expected.WrittenSpan.ToArray());
        }
    }

    [Fact]
    public void Response_with_fewer_partitions_than_announced_is_not_finished()
    {
        using KafkaBuffer buffer = new();

        Should.Throw<InvalidOperationException>(() =>
        {
            ProduceResponseWriter writer = new(buffer, 9, 1, topicCount: 1);
            writer.BeginTopic("orders", partitionCount: 2);
            writer.WritePartition(new ProducePartitionResult());
            writer.EndTopic();
        });
        Should.Throw<InvalidOperationException>(() => new ProduceResponseWriter(buffer, 9, 1, topicCount: 1).End());
    }
}
