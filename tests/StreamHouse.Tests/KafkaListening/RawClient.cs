using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;

namespace StreamHouse.Tests.KafkaListening;

/// <summary>A client that sends whatever bytes a test likes, and reads frame by frame.</summary>
internal sealed class RawClient : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly TcpClient _tcp = new() { NoDelay = true };
    private Stream _stream = null!;

    public Socket Socket => _tcp.Client;

    public static async Task<RawClient> ConnectAsync(IPEndPoint server, Func<Stream, Task<Stream>>? secure = null)
    {
        RawClient client = new();
        await client._tcp.ConnectAsync(server);
        Stream plain = client._tcp.GetStream();
        client._stream = secure is null ? plain : await secure(plain);
        return client;
    }

    public static byte[] Frame<TRequest>(TRequest request, short version, int correlationId)
        where TRequest : IKafkaMessage<TRequest>
    {
        using KafkaBuffer buffer = new();
        KafkaFrame.WriteRequest(buffer, version, correlationId, "raw", request);
        return buffer.WrittenSpan.ToArray();
    }

    public static byte[] Produce(string topic, byte[]? batch, int correlationId, short acks = -1, int partition = 0, short version = 9) =>
        Frame(ProduceOf(topic, batch, acks, partition), version, correlationId);

    public static ProduceRequest ProduceOf(string topic, byte[]? batch, short acks = -1, int partition = 0, int timeoutMs = 30_000) => new()
    {
        Acks = acks,
        TimeoutMs = timeoutMs,
        TopicData =
        [
            new ProduceRequest.Topic { Name = topic, PartitionData = [new ProduceRequest.Partition { Index = partition, Records = batch }] },
        ],
    };

    public static FetchRequest FetchOf(
        string topic, long offset, int waitMs = 0, int minBytes = 1, int maxBytes = 1 << 20, int partition = 0, int partitionMaxBytes = 1 << 20) => new()
    {
        MaxWaitMs = waitMs,
        MinBytes = minBytes,
        MaxBytes = maxBytes,
        Topics =
        [
            new FetchRequest.Topic
            {
                Name = topic,
                Partitions = [new FetchRequest.Partition { PartitionIndex = partition, FetchOffset = offset, PartitionMaxBytes = partitionMaxBytes }],
            },
        ],
    };

    public async Task SendAsync(ReadOnlyMemory<byte> bytes) => await _stream.WriteAsync(bytes);

    public Task SendAsync<TRequest>(TRequest request, short version, int correlationId)
        where TRequest : IKafkaMessage<TRequest> => SendAsync(Frame(request, version, correlationId));

    /// <summary>The next response.</summary>
    public async Task<(int CorrelationId, TResponse Response)> ReceiveAsync<TResponse>(short version)
        where TResponse : IKafkaMessage<TResponse>
    {
        byte[] frame = await ReceiveFrameAsync() ?? throw new EndOfStreamException("The server has closed the connection.");
        KafkaReader reader = new(frame);
        int correlationId = ResponseHeader.Read(ref reader, TResponse.Api, version).CorrelationId;
        var response = TResponse.Read(ref reader, version);
        reader.Remaining.ShouldBe(0);
        return (correlationId, response);
    }

    public async Task<TResponse> CallAsync<TRequest, TResponse>(TRequest request, short version)
        where TRequest : IKafkaMessage<TRequest>
        where TResponse : IKafkaMessage<TResponse>
    {
        await SendAsync(request, version, 77);
        (int correlationId, TResponse response) = await ReceiveAsync<TResponse>(version);
        correlationId.ShouldBe(77);
        return response;
    }

    public async Task<FetchResponse> FetchAsync(FetchRequest request, short version = 12) => await CallAsync<FetchRequest, FetchResponse>(request, version);

    public async Task<ProduceResponse.Partition> ProduceAsync(string topic, byte[]? batch, short acks = -1, int partition = 0, short version = 9)
    {
        ProduceResponse response = await CallAsync<ProduceRequest, ProduceResponse>(ProduceOf(topic, batch, acks, partition), version);
        return response.Responses.Single().PartitionResponses.Single();
    }

    /// <summary>The next frame without its length; null when the server has closed the connection in order.</summary>
    public async Task<byte[]?> ReceiveFrameAsync()
    {
        using CancellationTokenSource limit = new(Patience);
        byte[] length = new byte[4];
        int read = await _stream.ReadAtLeastAsync(length, 4, throwOnEndOfStream: false, limit.Token);
        if (read == 0)
        {
            return null;
        }
        read.ShouldBe(4);
        byte[] frame = new byte[BinaryPrimitives.ReadInt32BigEndian(length)];
        await _stream.ReadExactlyAsync(frame, limit.Token);
        return frame;
    }

    /// <summary>Waits until the server has closed the connection, however it did.</summary>
    public async Task ShouldBeClosedAsync()
    {
        try
        {
            (await ReceiveFrameAsync()).ShouldBeNull("the server answered instead of closing the connection");
        }
        catch (IOException)
        {
            // A reset is an end too.
        }
    }

    /// <summary>Sends no more, and goes on reading.</summary>
    public void FinishSending() => _tcp.Client.Shutdown(SocketShutdown.Send);

    /// <summary>Closes so that the server sees a reset.</summary>
    public void Reset()
    {
        _tcp.Client.LingerState = new LingerOption(true, 0);
        _tcp.Dispose();
    }

    public void Dispose()
    {
        _stream?.Dispose();
        _tcp.Dispose();
    }
}
