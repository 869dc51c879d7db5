using StreamHouse.Broker.Topics;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;
using StreamHouse.Server.Kafka;
using StreamHouse.Tests.Engine;

namespace StreamHouse.Tests.KafkaListening;

/// <summary>How long a produce request waits for its batches to be durable is its own choice.</summary>
public sealed class ProduceTimeoutTests
{
    [Theory]
    [InlineData(50)]
    [InlineData(0)]
    [InlineData(-1)]
    public async Task Batch_that_is_not_durable_in_time_is_answered_so_and_is_kept_all_the_same(int timeoutMs)
    {
        await using ListenerRig rig = await ListenerRig.StartAsync();
        TopicDescription topic = await rig.CreateTopicAsync();
        RawClient client = await rig.ConnectAsync();
        rig.Engine.Log.Close();

        ProduceResponse.Partition answer = await CallAsync(client, "late", timeoutMs, sequence: 0);

        answer.ErrorCode.ShouldBe(KafkaErrorCode.RequestTimedOut);
        answer.BaseOffset.ShouldBe(-1);
        rig.Engine.Log.Open();
        // The client sends it again, as idempotent producers do.
        answer = await CallAsync(client, "late", 20_000, sequence: 0);
        (answer.ErrorCode, answer.BaseOffset).ShouldBe((KafkaErrorCode.None, 0L));
        (await CallAsync(client, "next", 20_000, sequence: 1)).BaseOffset.ShouldBe(1);
        (await rig.Engine.ReadAllAsync(topic)).ShouldBe(["0:late", "1:next"]);
    }

    [Fact]
    public async Task Only_what_is_late_is_answered_so_and_answers_keep_their_order()
    {
        await using ListenerRig rig = await ListenerRig.StartAsync();
        await rig.CreateTopicAsync();
        RawClient client = await rig.ConnectAsync();
        rig.Engine.Log.Close();

        await client.SendAsync(Request("patient", 60_000, 0), 9, 1);
        await client.SendAsync(Request("hasty", 1, 1), 9, 2);
        await client.SendAsync(new ApiVersionsRequest(), 0, 3);
        using RawClient other = await RawClient.ConnectAsync(rig.Endpoint);
        (await CallAsync(other, "hasty too", 1, -1)).ErrorCode.ShouldBe(KafkaErrorCode.RequestTimedOut, "by then the hasty one has expired as well");
        rig.Engine.Log.Open();

        (int first, ProduceResponse patient) = await client.ReceiveAsync<ProduceResponse>(9);
        (int second, ProduceResponse hasty) = await client.ReceiveAsync<ProduceResponse>(9);
        (int third, _) = await client.ReceiveAsync<ApiVersionsResponse>(0);
        (first, second, third).ShouldBe((1, 2, 3));
        patient.Responses[0].PartitionResponses[0].ErrorCode.ShouldBe(KafkaErrorCode.None);
        // It had expired, and waited for the answer before it: by then the batch was durable, and a client is glad to hear it.
        hasty.Responses[0].PartitionResponses[0].ErrorCode.ShouldBeOneOf(KafkaErrorCode.RequestTimedOut, KafkaErrorCode.None);
    }

    [Fact]
    public async Task Memory_of_a_request_answered_too_early_counts_until_its_batches_are_done_with()
    {
        await using ListenerRig rig = await ListenerRig.StartAsync(new KafkaOptions { RequestsBytesMax = 1 << 20 });
        await rig.CreateTopicAsync();
        RawClient client = await rig.ConnectAsync();
        rig.Engine.Log.Close();
        string large = new('x', 600_000);
        (await CallAsync(client, large, 0, -1)).ErrorCode.ShouldBe(KafkaErrorCode.RequestTimedOut);

        await client.SendAsync(Request(large, 0, -1), 9, 2);
        Task<(int CorrelationId, ProduceResponse)> second = client.ReceiveAsync<ProduceResponse>(9);
        (await Task.WhenAny(second, Task.Delay(TimeSpan.FromSeconds(2.5)))).ShouldNotBe(second, "there is no room for a second one while the first lies there");
        rig.Engine.Log.Open();

        (await second).CorrelationId.ShouldBe(2);
    }

    private static async Task<ProduceResponse.Partition> CallAsync(RawClient client, string value, int timeoutMs, int sequence)
    {
        ProduceResponse response = await client.CallAsync<ProduceRequest, ProduceResponse>(Request(value, timeoutMs, sequence), 9);
        return response.Responses.Single().PartitionResponses.Single();
    }

    private static ProduceRequest Request(string value, int timeoutMs, int sequence)
    {
        byte[] batch = EngineRig.Batch([value], producer: sequence < 0 ? -1 : 5, sequence: sequence);
        return RawClient.ProduceOf("t", batch, timeoutMs: timeoutMs);
    }
}
