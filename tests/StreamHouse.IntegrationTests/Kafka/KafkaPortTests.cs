using System.Net.Sockets;
using StreamHouse.IntegrationTests.Support;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;
using StreamHouse.Server.Hosting;

namespace StreamHouse.IntegrationTests.Kafka;

/// <summary>The Kafka port of a real server process, as settings describe it.</summary>
public sealed class KafkaPortTests
{
    [Fact]
    public async Task Port_0_takes_a_free_one_and_clients_are_told_what_they_can_reach()
    {
        await using ServerProcess server = await ServerProcess.StartAsync();

        MetadataResponse response = await AskAsync(server.Kafka);

        MetadataResponse.Broker broker = response.Brokers.Single();
        $"{broker.Host}:{broker.Port}".ShouldBe(server.Kafka);
        broker.NodeId.ShouldBe(response.ControllerId);
        server.Log.ShouldContain($"Kafka (internal) listens on {server.Kafka}");
    }

    [Fact]
    public async Task Topic_named_for_the_first_time_is_complete_in_the_answer_that_created_it()
    {
        await using ServerProcess server = await ServerProcess.StartAsync();

        MetadataResponse response = await AskAsync(server.Kafka, "fresh", "not a name");

        response.Topics[0].ErrorCode.ShouldBe(KafkaErrorCode.None);
        response.Topics[0].Partitions.Length.ShouldBe(4);
        response.Topics[0].Partitions.ShouldAllBe(p => p.LeaderId == response.ControllerId && p.ErrorCode == KafkaErrorCode.None);
        response.Topics[1].ErrorCode.ShouldBe(KafkaErrorCode.InvalidTopicException);
        using HttpClient http = new() { BaseAddress = server.Http };
        string metrics = await http.GetStringAsync("/metrics", TestContext.Current.CancellationToken);
        metrics.ShouldContain("""streamhouse_kafka_requests_total{api="metadata"} 1""");
        metrics.ShouldContain("""streamhouse_kafka_errors_total{api="metadata",code="invalid_topic_exception"} 1""");
    }

    [Fact]
    public async Task Advertised_address_is_a_setting_and_so_is_auto_creation()
    {
        await using ServerProcess server = await ServerProcess.StartAsync(
            args: ["--set", "Kafka:AdvertisedListeners=internal://streams.example:9999", "--set", "Kafka:AutoCreateTopics=false"]);

        MetadataResponse response = await AskAsync(server.Kafka, "fresh");

        (response.Brokers[0].Host, response.Brokers[0].Port).ShouldBe(("streams.example", 9999));
        response.Topics[0].ErrorCode.ShouldBe(KafkaErrorCode.UnknownTopicOrPartition);
    }

    [Theory]
    [InlineData("Kafka:Listeners=external", "Kafka:Listeners")]
    [InlineData("Kafka:AdvertisedListeners=nobody://host:1", "There is no Kafka listener 'nobody'")]
    [InlineData("Kafka:TlsCertificatePath=/nowhere/cert.pem", "/nowhere/cert.pem")]
    public async Task Settings_that_cannot_be_used_stop_the_start_by_name(string setting, string message)
    {
        await using ServerProcess server = ServerProcess.Launch(
            null, ["--grpc-port", "0", "--http-port", "0", "--kafka-port", "0", "--set", setting]);

        (await server.WaitForExitAsync()).ShouldBe(ExitCode.InvalidConfiguration, server.Log);
        server.Log.ShouldContain(message);
    }

    private static async Task<MetadataResponse> AskAsync(string address, params string[] topics)
    {
        string[] parts = address.Split(':');
        using TcpClient client = new();
        await client.ConnectAsync(parts[0], int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture));
        NetworkStream stream = client.GetStream();
        using KafkaBuffer buffer = new();
        MetadataRequest request = new() { Topics = [.. topics.Select(t => new MetadataRequest.Topic { Name = t })] };
        KafkaFrame.WriteRequest(buffer, 9, 1, "test", request);
        await stream.WriteAsync(buffer.WrittenMemory);
        byte[] length = new byte[4];
        await stream.ReadExactlyAsync(length);
        byte[] frame = new byte[System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(length)];
        await stream.ReadExactlyAsync(frame);
        KafkaReader reader = new(frame);
        ResponseHeader.Read(ref reader, ApiKey.Metadata, 9).CorrelationId.ShouldBe(1);
        return MetadataResponse.Read(ref reader, 9);
    }
}
