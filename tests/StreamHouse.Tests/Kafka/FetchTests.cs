using StreamHouse.Kafka;
using StreamHouse.Kafka.Fetch;
using StreamHouse.Kafka.Messages;
using StreamHouse.KafkaCodec;

namespace StreamHouse.Tests.Kafka;

/// <summary>The hand-written half of fetch against the generated one.</summary>
public sealed class FetchTests
{
    public static TheoryData<short> Versions => [.. Enumerable.Range(4, 14).Select(v => (short)v)];

    [Theory]
    [MemberData(nameof(Versions))]
    public void View_sees_what_the_request_says(short version)
    {
        ApiSchema api = KafkaSchemas.Get("Fetch");
        FetchRequestView view = new();
        for (int seed = 0; seed < 50; seed++)
        {
            var request = (FetchRequest)new RandomMessages(seed).Create(typeof(FetchRequest), api, api.Request, version);

            KafkaReader reader = new(new MessageCodec<FetchRequest>().Write(request, version));
            view.Read(ref reader, version);

            reader.Remaining.ShouldBe(0);
            view.ReplicaId.ShouldBe(version >= 15 ? request.ReplicaState?.ReplicaId ?? -1 : request.ReplicaId);
            view.MaxWaitMs.ShouldBe(request.MaxWaitMs);
            view.MinBytes.ShouldBe(request.MinBytes);
            view.MaxBytes.ShouldBe(request.MaxBytes);
            view.IsReadCommitted.ShouldBe(request.IsolationLevel == 1);
            view.SessionId.ShouldBe(request.SessionId);
            view.SessionEpoch.ShouldBe(request.SessionEpoch);
            view.RackId.ShouldBe(request.RackId);
            view.Topics.Length.ShouldBe(request.Topics.Length);
            for (int i = 0; i < request.Topics.Length; i++)
            {
                FetchRequest.Topic topic = request.Topics[i];
                view.Topics[i].Name.ShouldBe(topic.Name);
                view.Topics[i].TopicId.ShouldBe(topic.TopicId);
                view.PartitionsOf(view.Topics[i]).ToArray().ShouldBe(topic.Partitions.Select(p => new FetchPartitionView(
                    p.PartitionIndex, p.CurrentLeaderEpoch, p.FetchOffset, p.LastFetchedEpoch, p.PartitionMaxBytes)));
            }

            view.ForgottenTopics.Length.ShouldBe(request.ForgottenTopicsData.Length);
            for (int i = 0; i < request.ForgottenTopicsData.Length; i++)
            {
                view.ForgottenTopics[i].Name.ShouldBe(request.ForgottenTopicsData[i].Name);
                view.ForgottenTopics[i].TopicId.ShouldBe(request.ForgottenTopicsData[i].TopicId);
                view.ForgottenPartitionsOf(view.ForgottenTopics[i]).ToArray().ShouldBe(request.ForgottenTopicsData[i].Partitions);
            }
        }
    }

    [Theory]
    [InlineData(4)]
    [InlineData(12)]
    [InlineData(17)]
    public void Reading_the_same_topics_again_allocates_nothing(short version)
    {
        FetchRequest request = new()
        {
            RackId = "rack",
            Topics = [new() { Name = "orders", TopicId = new Guid(1, 2, 3, new byte[8]), Partitions = [.. Enumerable.Range(0, 50).Select(p => new FetchRequest.Partition { PartitionIndex = p })] }],
        };
        byte[] bytes = new MessageCodec<FetchRequest>().Write(request, version);
        FetchRequestView view = new();
        KafkaReader first = new(bytes);
        view.Read(ref first, version);

        long before = GC.GetAllocatedBytesForCurrentThread();
        KafkaReader second = new(bytes);
        view.Read(ref second, version);

        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);
        view.Partitions.Length.ShouldBe(50);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void Pieces_and_records_together_are_the_bytes_of_the_generated_response(short version)
    {
        ApiSchema api = KafkaSchemas.Get("Fetch");
        using FetchResponseFrame frame = new();
        int withRecords = 0;
        for (int seed = 0; seed < 50; seed++)
        {
            var response = (FetchResponse)new RandomMessages(seed).Create(typeof(FetchResponse), api, api.Response, version);
            FetchResponse.Partition[] partitions = [.. response.Responses.SelectMany(t => t.Partitions)];
            foreach (FetchResponse.Partition partition in partitions)
            {
                // Not written by a broker without followers, racks and null records.
                partition.SnapshotId = null;
                partition.PreferredReadReplica = -1;
                partition.Records ??= [];
            }

            using KafkaBuffer expected = new();
            KafkaFrame.WriteResponse(expected, version, 42, response);

            byte[] actual = Send(frame, version, response);

            actual.ShouldBe(expected.WrittenSpan.ToArray());
            frame.FrameBytes.ShouldBe(actual.Length);
            withRecords += partitions.Count(p => p.Records!.Length > 0);
        }

        withRecords.ShouldBeGreaterThan(50);
    }

    [Fact]
    public void Response_with_more_partitions_than_announced_is_refused()
    {
        using FetchResponseFrame frame = new();
        frame.Begin(12, 1, topicCount: 1);
        frame.BeginTopic("orders", Guid.Empty, partitionCount: 1);
        frame.WritePartition(new FetchPartitionResult());

        Should.Throw<InvalidOperationException>(() => frame.WritePartition(new FetchPartitionResult()));
    }

    [Fact]
    public void Frame_too_large_for_its_length_is_refused()
    {
        using FetchResponseFrame frame = new();
        frame.Begin(12, 1, topicCount: 1);
        frame.BeginTopic("orders", Guid.Empty, partitionCount: 2);
        frame.WritePartition(new FetchPartitionResult { RecordsBytes = int.MaxValue });
        frame.WritePartition(new FetchPartitionResult { RecordsBytes = int.MaxValue });
        frame.EndTopic();

        Should.Throw<OverflowException>(() => frame.End());
    }

    private static byte[] Send(FetchResponseFrame frame, short version, FetchResponse response)
    {
        frame.Begin(version, 42, response.Responses.Length, response.SessionId, response.ErrorCode, response.ThrottleTimeMs);
        foreach (FetchResponse.Topic topic in response.Responses)
        {
            frame.BeginTopic(topic.Name, topic.TopicId, topic.Partitions.Length);
            foreach (FetchResponse.Partition partition in topic.Partitions)
            {
                frame.WritePartition(new FetchPartitionResult
                {
                    PartitionIndex = partition.PartitionIndex,
                    ErrorCode = partition.ErrorCode,
                    HighWatermark = partition.HighWatermark,
                    LastStableOffset = partition.LastStableOffset,
                    LogStartOffset = partition.LogStartOffset,
                    AbortedTransactions = partition.AbortedTransactions,
                    CurrentLeader = partition.CurrentLeader,
                    DivergingEpoch = partition.DivergingEpoch,
                    RecordsBytes = partition.Records!.Length,
                });
            }

            frame.EndTopic();
        }

        frame.End(response.NodeEndpoints);
        var records = new Queue<byte[]>(response.Responses.SelectMany(t => t.Partitions).Select(p => p.Records!).Where(r => r.Length > 0));
        List<byte> sent = [.. frame.Piece(0).Span];
        for (int i = 1; i < frame.PieceCount; i++)
        {
            frame.RecordsBytesBehind(i - 1).ShouldBe(records.Peek().Length);
            sent.AddRange(records.Dequeue());
            sent.AddRange(frame.Piece(i).Span);
        }

        records.ShouldBeEmpty();
        return [.. sent];
    }
}
