using System.Buffers.Binary;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;
using StreamHouse.Server.Kafka;
using StreamHouse.Tests.Engine;

namespace StreamHouse.Tests.KafkaListening;

/// <summary>Whatever a client sends, at most its own connection is closed.</summary>
public sealed class BadInputTests
{
    public static TheoryData<string, byte[]> Garbage => new()
    {
        { "negative length", [0xff, 0xff, 0xff, 0xff] },
        { "no room for a header", [0, 0, 0, 7, 0, 18, 0, 0, 0, 0, 0] },
        { "larger than the limit", [0x7f, 0xff, 0xff, 0xff, 0, 18, 0, 0, 0, 0, 0, 1] },
        { "HTTP", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray() },
        { "TLS", [0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, 1, 2, 3, 4, 5] },
        { "unknown API", [0, 0, 0, 10, 0x12, 0x34, 0, 0, 0, 0, 0, 1, 0xff, 0xff] },
        { "negative API", [0, 0, 0, 10, 0xff, 0xff, 0, 0, 0, 0, 0, 1, 0xff, 0xff] },
        { "unknown version", [0, 0, 0, 10, 0, 3, 0, 99, 0, 0, 0, 1, 0xff, 0xff] },
        { "negative version", [0, 0, 0, 10, 0, 3, 0xff, 0xff, 0, 0, 0, 1, 0xff, 0xff] },
        { "client id longer than the frame", [0, 0, 0, 10, 0, 3, 0, 0, 0, 0, 0, 1, 0x7f, 0xff] },
        { "array longer than the frame", [0, 0, 0, 14, 0, 3, 0, 1, 0, 0, 0, 1, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff] },
        { "negative array", [0, 0, 0, 14, 0, 3, 0, 1, 0, 0, 0, 1, 0xff, 0xff, 0x80, 0, 0, 0] },
        { "produce with more topics than bytes", Request(0, 9, [0, 0xff, 0xff, 0, 0, 0x75, 0x30, 0xff, 0xff, 0xff, 0xff, 7]) },
        { "produce with more partitions than bytes", Request(0, 9, [0, 0xff, 0xff, 0, 0, 0x75, 0x30, 2, 2, (byte)'t', 0xff, 0xff, 0xff, 0xff, 7]) },
        { "records longer than the frame", Request(0, 9, [0, 0xff, 0xff, 0, 0, 0x75, 0x30, 2, 2, (byte)'t', 2, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 7]) },
        { "records of a negative length", Request(0, 3, [0xff, 0xff, 0xff, 0xff, 0, 0, 0x75, 0x30, 0, 0, 0, 1, 0, 1, (byte)'t', 0, 0, 0, 1, 0, 0, 0, 0, 0x80, 0, 0, 0]) },
        { "fetch with more topics than bytes", Request(1, 4, [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0x7f, 0xff, 0xff, 0xff]) },
        { "join with more protocols than bytes", Request(11, 0, [0, 1, (byte)'g', 0, 0, 0x75, 0x30, 0, 0, 0, 1, (byte)'c', 0x7f, 0xff, 0xff, 0xff]) },
        { "length as a varint without an end", Request(3, 9, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]) },
        { "tagged fields longer than the frame", Request(18, 3, [0xff, 0xff, 0xff, 0xff, 7]) },
        { "body that ends early", [0, 0, 0, 12, 0, 0, 0, 3, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff] },
    };

    [Fact]
    public async Task As_many_of_the_smallest_elements_as_a_request_may_hold_are_answered_in_bounded_memory()
    {
        await using ListenerRig rig = await ListenerRig.StartAsync(new KafkaOptions { RequestBytesMax = 1 << 20 });
        RawClient client = await rig.ConnectAsync();
        RawClient other = await rig.ConnectAsync();
        // Topics without names in topics without partitions, nested as deep as the protocol goes.
        OffsetFetchRequest.Group[] groups = [.. Enumerable.Range(0, 50).Select(g => new OffsetFetchRequest.Group
        {
            GroupId = $"g{g}",
            Topics = [.. Enumerable.Range(0, 100).Select(_ => new OffsetFetchRequest.GroupTopic { Name = "t", PartitionIndexes = new int[40] })],
        })];
        byte[] request = RawClient.Frame(new OffsetFetchRequest { Groups = groups }, 8, 1);
        request.Length.ShouldBeInRange(500_000, 1 << 20);

        await client.SendAsync(request);

        (await client.ReceiveAsync<OffsetFetchResponse>(8)).Response.Groups.Length.ShouldBe(50);
        rig.Engine.Broker.Buffers.Bytes.ShouldBeLessThan(16 << 20, "what the request was read into is given back");
        (await other.CallAsync<ApiVersionsRequest, ApiVersionsResponse>(new(), 0)).ErrorCode.ShouldBe(KafkaErrorCode.None);
    }

    [Fact]
    public async Task Client_that_goes_on_dribbling_is_closed_when_its_request_has_had_its_time()
    {
        await using ListenerRig rig = await ListenerRig.StartAsync(new KafkaOptions { TransferTimeout = TimeSpan.FromMilliseconds(500) });
        RawClient slow = await rig.ConnectAsync();
        RawClient other = await rig.ConnectAsync();
        byte[] request = RawClient.Frame(new MetadataRequest { Topics = [.. Enumerable.Range(0, 200).Select(i => new MetadataRequest.Topic { Name = $"t{i}" })] }, 9, 1);

        Task dribble = Task.Run(async () =>
        {
            // Every byte comes in time; the request would take half a minute.
            for (int i = 0; i < request.Length; i++)
            {
                await slow.SendAsync(request.AsMemory(i, 1));
                await Task.Delay(20);
            }
        });

        await slow.ShouldBeClosedAsync();
        await Should.ThrowAsync<IOException>(() => dribble.WaitAsync(TimeSpan.FromSeconds(30)));
        (await other.CallAsync<ApiVersionsRequest, ApiVersionsResponse>(new(), 0)).ErrorCode.ShouldBe(KafkaErrorCode.None);
    }

    [Fact]
    public async Task Half_closed_client_is_answered_without_waiting_for_data_and_closed()
    {
        await using ListenerRig rig = await ListenerRig.StartAsync();
        await rig.CreateTopicAsync();
        RawClient client = await rig.ConnectAsync();

        await client.SendAsync(RawClient.FetchOf("t", 0, waitMs: 60_000), 12, 4);
        client.FinishSending();

        (await client.ReceiveAsync<FetchResponse>(12)).CorrelationId.ShouldBe(4);
        await client.ShouldBeClosedAsync();
        await rig.WaitForConnectionsAsync(0);
    }

    [Theory]
    [MemberData(nameof(Garbage))]
    public async Task Bytes_that_are_no_request_close_that_connection_and_nothing_else(string what, byte[] bytes)
    {
        await using ListenerRig rig = await ListenerRig.StartAsync();
        RawClient other = await rig.ConnectAsync();
        RawClient client = await rig.ConnectAsync();

        await client.SendAsync(bytes);

        await client.ShouldBeClosedAsync();
        (await other.CallAsync<ApiVersionsRequest, ApiVersionsResponse>(new(), 0)).ErrorCode.ShouldBe(KafkaErrorCode.None, what);
    }

    [Fact]
    public async Task What_came_before_the_garbage_is_answered()
    {
        await using ListenerRig rig = await ListenerRig.StartAsync();
        RawClient client = await rig.ConnectAsync();

        byte[] bytes = [.. RawClient.Frame(new ApiVersionsRequest(), 0, 5), 0xff, 0xff, 0xff, 0xff];
        await client.SendAsync(bytes);

        (await client.ReceiveAsync<ApiVersionsResponse>(0)).CorrelationId.ShouldBe(5);
        await client.ShouldBeClosedAsync();
    }

    [Fact]
    public async Task Random_bytes_never_take_the_server_down()
    {
        await using ListenerRig rig = await ListenerRig.StartAsync();
        Random random = new(4711);
        for (int i = 0; i < 100; i++)
        {
            byte[] frame = new byte[random.Next(12, 300)];
            random.NextBytes(frame);
            BinaryPrimitives.WriteInt32BigEndian(frame, frame.Length - 4);
            BinaryPrimitives.WriteInt16BigEndian(frame.AsSpan(4), (short)random.Next(0, 4));
            BinaryPrimitives.WriteInt16BigEndian(frame.AsSpan(6), (short)random.Next(0, 14));
            using RawClient client = await RawClient.ConnectAsync(rig.Endpoint);
            await client.SendAsync(frame);
        }

        await rig.WaitForConnectionsAsync(0);
        await rig.ShouldStillServeAsync();
    }

    [Fact]
    public async Task Unknown_version_of_ApiVersions_is_answered_in_version_0_with_what_is_known()
    {
        await using ListenerRig rig = await ListenerRig.StartAsync();
        RawClient client = await rig.ConnectAsync();

        await client.SendAsync(new byte[] { 0, 0, 0, 10, 0, 18, 0, 99, 0, 0, 0, 9, 0xff, 0xff });

        (int correlationId, ApiVersionsResponse response) = await client.ReceiveAsync<ApiVersionsResponse>(0);
        correlationId.ShouldBe(9);
        response.ErrorCode.ShouldBe(KafkaErrorCode.UnsupportedVersion);
        response.ApiKeys.Single().ApiKey.ShouldBe((short)18);
        // The connection goes on, in a version the client now knows of.
        (await client.CallAsync<ApiVersionsRequest, ApiVersionsResponse>(
            new() { ClientSoftwareName = "raw", ClientSoftwareVersion = "1.0" }, 4)).ErrorCode.ShouldBe(KafkaErrorCode.None);
    }

    [Fact]
    public async Task Frame_of_an_allowed_size_that_ends_early_is_forgotten()
    {
        await using ListenerRig rig = await ListenerRig.StartAsync();
        RawClient client = await rig.ConnectAsync();

        await client.SendAsync(new byte[] { 0, 0, 1, 0, 0, 18 });
        client.FinishSending();

        await client.ShouldBeClosedAsync();
        await rig.WaitForConnectionsAsync(0);
    }

    [Fact]
    public async Task Slow_requests_are_given_up_and_do_not_hold_memory_that_others_need()
    {
        KafkaOptions options = new() { RequestsBytesMax = 1 << 20, TransferTimeout = TimeSpan.FromSeconds(10) };
        await using ListenerRig rig = await ListenerRig.StartAsync(options);
        await rig.CreateTopicAsync();
        byte[] large = RawClient.Produce("t", EngineRig.Batch([new string('x', 900_000)]), 1);
        RawClient slow = await rig.ConnectAsync();
        await slow.SendAsync(large.AsMemory(0, 70_000));
        RawClient[] announcing = [await rig.ConnectAsync(), await rig.ConnectAsync(), await rig.ConnectAsync()];
        foreach (RawClient client in announcing)
        {
            await client.SendAsync(large.AsMemory(0, 5));
        }
        await Task.Delay(50);

        RawClient honest = await rig.ConnectAsync();
        await honest.SendAsync(large);

        (await honest.ReceiveAsync<ProduceResponse>(9)).Response.Responses[0].PartitionResponses[0].ErrorCode.ShouldBe(KafkaErrorCode.None);
        await slow.ShouldBeClosedAsync();
    }

    [Fact]
    public async Task Request_that_does_not_end_in_time_closes_its_connection()
    {
        await using ListenerRig rig = await ListenerRig.StartAsync(new KafkaOptions { TransferTimeout = TimeSpan.FromMilliseconds(300) });
        RawClient slow = await rig.ConnectAsync();
        RawClient idle = await rig.ConnectAsync();

        await slow.SendAsync(new byte[] { 0, 0 });

        await slow.ShouldBeClosedAsync();
        (await idle.CallAsync<ApiVersionsRequest, ApiVersionsResponse>(new(), 0)).ErrorCode.ShouldBe(KafkaErrorCode.None, "an idle connection is not slow");
        rig.Rejected.ShouldBe(1);
    }

    [Fact]
    public async Task Client_that_takes_no_answers_is_closed()
    {
        await using ListenerRig rig = await ListenerRig.StartAsync(new KafkaOptions { TransferTimeout = TimeSpan.FromMilliseconds(500) });
        var topic = await rig.CreateTopicAsync();
        for (int i = 0; i < 16; i++)
        {
            await rig.Engine.AppendAsync(topic, new string('x', 900_000));
        }
        RawClient client = await rig.ConnectAsync();

        for (int i = 0; i < 20; i++)
        {
            await client.SendAsync(RawClient.FetchOf("t", 0, maxBytes: 50 << 20, partitionMaxBytes: 50 << 20), 12, i);
        }

        await rig.WaitForConnectionsAsync(0);
        rig.Rejected.ShouldBe(1);
        await rig.ShouldStillServeAsync();
    }

    /// <summary>A frame of an API and version with a header that is right, and such a body; flexible headers have their tags in it.</summary>
    private static byte[] Request(short api, short version, byte[] body)
    {
        byte[] frame = [0, 0, 0, 0, (byte)(api >> 8), (byte)api, (byte)(version >> 8), (byte)version, 0, 0, 0, 1, 0xff, 0xff, .. IsFlexible(api, version) ? [0] : Array.Empty<byte>(), .. body];
        BinaryPrimitives.WriteInt32BigEndian(frame, frame.Length - 4);
        return frame;
    }

    private static bool IsFlexible(short api, short version) => SupportedApis.Get((ApiKey)api).IsFlexible(version);
}
