using System.Buffers.Binary;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;
using StreamHouse.Tests.Support;

namespace StreamHouse.IntegrationTests.Kafka;

/// <summary>The check of what went over the wire finds what is wrong: otherwise its silence would say nothing.</summary>
public sealed class TsharkTests : IDisposable
{
    private const int Port = 19_092;

    private readonly string _path = Path.Combine(Path.GetTempPath(), $"streamhouse-tshark-{Guid.NewGuid():N}.pcap");

    [Fact]
    public async Task Well_formed_messages_are_seen_and_not_complained_about()
    {
        (List<Tshark.KafkaFrame> frames, List<string> malformed) = await DissectAsync(Metadata(), Answer());

        frames.SelectMany(f => f.Requests).ShouldBe([(18, 0), (3, 5)]);
        frames.SelectMany(f => f.Answered).Count().ShouldBe(2);
        malformed.ShouldBeEmpty();
    }

    [Fact]
    public async Task Request_whose_array_is_longer_than_its_frame_is_found()
    {
        byte[] broken = Metadata();
        // Behind length, header and client id lies the number of topics.
        BinaryPrimitives.WriteInt32BigEndian(broken.AsSpan(4 + 8 + 2 + "test".Length), 1000);

        (_, List<string> malformed) = await DissectAsync(broken, Answer());

        malformed.ShouldHaveSingleItem().ShouldContain("(3, 5)");
    }

    [Fact]
    public async Task Answer_that_is_cut_short_is_found()
    {
        byte[] answer = Answer();
        byte[] broken = answer[..^20];
        BinaryPrimitives.WriteInt32BigEndian(broken, broken.Length - 4);

        (_, List<string> malformed) = await DissectAsync(Metadata(), broken);

        malformed.ShouldHaveSingleItem().ShouldContain("(3, 5)");
    }

    [Fact]
    public async Task What_the_dissector_cannot_read_excuses_no_other_message()
    {
        byte[] join = Frame(new JoinGroupRequest { GroupId = "g", SessionTimeoutMs = 10_000, MemberId = "m", ProtocolType = "consumer", Protocols = [] }, 6);
        byte[] broken = join[..^4];
        BinaryPrimitives.WriteInt32BigEndian(broken, broken.Length - 4);

        (_, List<string> malformed) = await DissectAsync(broken, null);

        malformed.ShouldHaveSingleItem().ShouldContain("(11, 6)");
    }

    public void Dispose() => File.Delete(_path);

    private static byte[] Metadata() => Frame(new MetadataRequest { Topics = [new() { Name = "orders" }] }, 5);

    private static byte[] Answer() => Answer(
        new MetadataResponse
        {
            Brokers = [new() { NodeId = 1, Host = "127.0.0.1", Port = Port }],
            ControllerId = 1,
            Topics = [new() { Name = "orders", Partitions = [new() { LeaderId = 1, ReplicaNodes = [1], IsrNodes = [1] }] }],
        },
        5);

    private static byte[] Frame<TRequest>(TRequest request, short version, int correlationId = 2)
        where TRequest : IKafkaMessage<TRequest>
    {
        using KafkaBuffer buffer = new();
        KafkaFrame.WriteRequest(buffer, version, correlationId, "test", request);
        return buffer.WrittenSpan.ToArray();
    }

    private static byte[] Answer<TResponse>(TResponse response, short version, int correlationId = 2)
        where TResponse : IKafkaMessage<TResponse>
    {
        using KafkaBuffer buffer = new();
        KafkaFrame.WriteResponse(buffer, version, correlationId, response);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>A conversation that begins as every client's, and goes on with these bytes.</summary>
    private async Task<(List<Tshark.KafkaFrame> Frames, List<string> Malformed)> DissectAsync(byte[] request, byte[]? answer)
    {
        RequiredTools.Require("tshark");
        using (PacketCapture capture = new(_path, Port))
        {
            PacketCapture.Connection connection = capture.Open();
            connection.Add(fromClient: true, Frame(new ApiVersionsRequest(), 0, 1));
            connection.Add(fromClient: false, Answer(new ApiVersionsResponse { ApiKeys = [new() { ApiKey = 3, MaxVersion = 12 }] }, 0, 1));
            connection.Add(fromClient: true, request);
            if (answer is not null)
            {
                connection.Add(fromClient: false, answer);
            }
        }
        List<Tshark.KafkaFrame> frames = await Tshark.DissectAsync(_path, Port);
        return (frames, [.. Tshark.Malformed(frames)]);
    }
}
