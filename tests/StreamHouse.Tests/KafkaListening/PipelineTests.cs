using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;
using StreamHouse.Server.Kafka;
using StreamHouse.Tests.Engine;

namespace StreamHouse.Tests.KafkaListening;

public sealed class PipelineTests
{
    private const short Produce = 9;
    private const short Fetch = 12;

    [Fact]
    public async Task Answers_come_in_the_order_of_the_requests_although_later_ones_are_ready_first()
    {
        await using ListenerRig rig = await ListenerRig.StartAsync();
        await rig.CreateTopicAsync();
        RawClient client = await rig.ConnectAsync();
        rig.Engine.Log.Close();

        await client.SendAsync(RawClient.Produce("t", EngineRig.Batch(["a"]), correlationId: 1));
        await client.SendAsync(new ApiVersionsRequest(), 0, correlationId: 2);
        await Task.Delay(100);
        client.Socket.Available.ShouldBe(0, "the second answer must wait for the first");
        rig.Engine.Log.Open();

        (await client.ReceiveAsync<ProduceResponse>(Produce)).CorrelationId.ShouldBe(1);
        (await client.ReceiveAsync<ApiVersionsResponse>(0)).CorrelationId.ShouldBe(2);
    }

    [Fact]
    public async Task Requests_of_a_connection_are_in_progress_together_and_keep_their_order_in_the_log()
    {
        await using ListenerRig rig = await ListenerRig.StartAsync();
        var topic = await rig.CreateTopicAsync();
        RawClient client = await rig.ConnectAsync();
        rig.Engine.Log.Close();
        const int Count = 100;

        byte[] burst = [.. Enumerable.Range(0, Count).SelectMany(i => RawClient.Produce("t", EngineRig.Batch([$"v{i}"]), i))];
        await client.SendAsync(burst);
        for (int i = 0; i < 400 && rig.Engine.Broker.DescribePartitions(topic.Id)[0].LogEndOffset < Count; i++)
        {
            await Task.Delay(5);
        }
        rig.Engine.Broker.DescribePartitions(topic.Id)[0].LogEndOffset.ShouldBe(Count, "all of them are sequenced before the first is acknowledged");
        rig.Engine.Log.Open();

        for (int i = 0; i < Count; i++)
        {
            (int correlationId, ProduceResponse response) = await client.ReceiveAsync<ProduceResponse>(Produce);
            correlationId.ShouldBe(i);
            response.Responses[0].PartitionResponses[0].BaseOffset.ShouldBe(i);
        }
        (await rig.Engine.ReadAllAsync(topic)).ShouldBe([.. Enumerable.Range(0, Count).Select(i => $"{i}:v{i}")]);
    }

    [Fact]
    public async Task More_requests_than_may_be_in_progress_wait_unread_and_none_is_lost()
    {
        await using ListenerRig rig = await ListenerRig.StartAsync(new KafkaOptions { ConnectionRequestsMax = 4 });
        var topic = await rig.CreateTopicAsync();
        RawClient client = await rig.ConnectAsync();
        rig.Engine.Log.Close();

        await client.SendAsync(Enumerable.Range(0, 20).SelectMany(i => RawClient.Produce("t", EngineRig.Batch([$"v{i}"]), i)).ToArray());
        await Task.Delay(200);
        rig.Engine.Broker.DescribePartitions(topic.Id)[0].LogEndOffset.ShouldBe(4);
        rig.Engine.Log.Open();

        for (int i = 0; i < 20; i++)
        {
            (await client.ReceiveAsync<ProduceResponse>(Produce)).CorrelationId.ShouldBe(i);
        }
    }

    [Fact]
    public async Task Requests_above_the_memory_of_all_connections_wait_and_none_is_lost()
    {
        await using ListenerRig rig = await ListenerRig.StartAsync(new KafkaOptions { RequestsBytesMax = 1 << 20 });
        var topic = await rig.CreateTopicAsync();
        rig.Engine.Log.Close();
        string value = new('x', 300_000);
        RawClient[] clients = [await rig.ConnectAsync(), await rig.ConnectAsync(), await rig.ConnectAsync()];

        Task[] sending = [.. clients.Select(c => c.SendAsync(Enumerable.Range(0, 3).SelectMany(i => RawClient.Produce("t", EngineRig.Batch([value]), i)).ToArray()))];
        await Task.Delay(300);
        rig.Engine.Broker.DescribePartitions(topic.Id)[0].LogEndOffset.ShouldBe(3, "three requests of 300 KB fit into 1 MiB");
        rig.Engine.Log.Open();

        await Task.WhenAll(sending);
        foreach (RawClient client in clients)
        {
            for (int i = 0; i < 3; i++)
            {
                (int correlationId, ProduceResponse response) = await client.ReceiveAsync<ProduceResponse>(Produce);
                correlationId.ShouldBe(i);
                response.Responses[0].PartitionResponses[0].ErrorCode.ShouldBe(KafkaErrorCode.None);
            }
        }
        rig.Engine.Broker.DescribePartitions(topic.Id)[0].LogEndOffset.ShouldBe(9);
    }

    [Fact]
    public async Task Client_that_sends_without_end_does_not_keep_others_from_being_served()
    {
        await using ListenerRig rig = await ListenerRig.StartAsync();
        await rig.CreateTopicAsync();
        RawClient greedy = await rig.ConnectAsync();
        // Whole requests to the last byte, however much of this is received at once.
        byte[] request = [.. Enumerable.Range(0, 4000).Select(v => RawClient.Produce("t", EngineRig.Batch([new string('x', v)]), 1, acks: 0)).First(r => r.Length == 4096)];
        byte[] burst = [.. Enumerable.Repeat(request, 64).SelectMany(r => r)];
        using CancellationTokenSource enough = new();
        Task sending = Task.Run(async () =>
        {
            while (!enough.IsCancellationRequested)
            {
                await greedy.SendAsync(burst);
            }
        });

        for (int i = 0; i < 20; i++)
        {
            await rig.ShouldStillServeAsync().WaitAsync(TimeSpan.FromSeconds(10));
        }

        await enough.CancelAsync();
        await sending.WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task Request_that_arrives_byte_by_byte_is_served()
    {
        await using ListenerRig rig = await ListenerRig.StartAsync();
        await rig.CreateTopicAsync();
        RawClient client = await rig.ConnectAsync();

        foreach (byte b in RawClient.Produce("t", EngineRig.Batch(["slow"]), 7))
        {
            await client.SendAsync(new[] { b });
        }

        (int correlationId, ProduceResponse response) = await client.ReceiveAsync<ProduceResponse>(Produce);
        correlationId.ShouldBe(7);
        response.Responses[0].PartitionResponses[0].ErrorCode.ShouldBe(KafkaErrorCode.None);
    }

    [Fact]
    public async Task Client_that_has_sent_its_last_request_still_gets_every_answer()
    {
        await using ListenerRig rig = await ListenerRig.StartAsync();
        await rig.CreateTopicAsync();
        RawClient client = await rig.ConnectAsync();
        rig.Engine.Log.Close();

        await client.SendAsync(RawClient.Produce("t", EngineRig.Batch(["a"]), 1));
        await client.SendAsync(RawClient.FetchOf("t", 0, waitMs: 60_000), Fetch, 2);
        client.FinishSending();
        await Task.Delay(50);
        rig.Engine.Log.Open();

        (await client.ReceiveAsync<ProduceResponse>(Produce)).CorrelationId.ShouldBe(1);
        (await client.ReceiveAsync<FetchResponse>(Fetch)).CorrelationId.ShouldBe(2);
        await client.ShouldBeClosedAsync();
        await rig.WaitForConnectionsAsync(0);
    }

    [Fact]
    public async Task Stopping_answers_what_is_in_progress_and_accepts_nothing_new()
    {
        await using ListenerRig rig = await ListenerRig.StartAsync();
        await rig.CreateTopicAsync();
        RawClient idle = await rig.ConnectAsync();
        RawClient waiting = await rig.ConnectAsync();
        RawClient producing = await rig.ConnectAsync();
        await rig.WaitForConnectionsAsync(3);
        rig.Engine.Log.Close();
        await producing.SendAsync(RawClient.Produce("t", EngineRig.Batch(["a"]), 1));
        await waiting.SendAsync(RawClient.FetchOf("t", 0, waitMs: 60_000), Fetch, 2);
        await Task.Delay(100);

        Task stopping = rig.Listener.StopAsync(CancellationToken.None);
        await idle.ShouldBeClosedAsync();
        (await waiting.ReceiveAsync<FetchResponse>(Fetch)).CorrelationId.ShouldBe(2);
        stopping.IsCompleted.ShouldBeFalse("a produce is not answered yet");
        rig.Engine.Log.Open();
        (await producing.ReceiveAsync<ProduceResponse>(Produce)).Response.Responses[0].PartitionResponses[0].ErrorCode.ShouldBe(KafkaErrorCode.None);

        await stopping.WaitAsync(TimeSpan.FromSeconds(10));
        await Should.ThrowAsync<System.Net.Sockets.SocketException>(() => RawClient.ConnectAsync(rig.Endpoint));
    }

    [Fact]
    public async Task Stopping_cuts_off_what_does_not_end_in_time()
    {
        await using ListenerRig rig = await ListenerRig.StartAsync();
        await rig.CreateTopicAsync();
        RawClient producing = await rig.ConnectAsync();
        rig.Engine.Log.Close();
        await producing.SendAsync(RawClient.Produce("t", EngineRig.Batch(["a"]), 1));
        await Task.Delay(50);

        using CancellationTokenSource limit = new(100);
        await rig.Listener.StopAsync(limit.Token).WaitAsync(TimeSpan.FromSeconds(5));

        await producing.ShouldBeClosedAsync();
        rig.Engine.Log.Open();
    }
}
