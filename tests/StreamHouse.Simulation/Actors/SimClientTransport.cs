using Google.Protobuf;
using StreamHouse.Broker;
using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Topics;
using StreamHouse.Client;
using StreamHouse.Client.Transport;
using StreamHouse.Rpc.Grpc;
using StreamHouse.Rpc.V1;
using StreamHouse.Simulation.Kernel;
using StreamHouse.Simulation.World;
using StreamHouse.Simulation.World.Network;

namespace StreamHouse.Simulation.Actors;

/// <summary>
/// The .NET client's way over the simulated network, as far as its producer needs one. Batches leave in the order they were made and are answered in
/// that order, until one gets no answer: then all that wait on that connection fail, and the next goes out over another one. What was sent before may
/// yet arrive.
/// </summary>
internal sealed class SimClientTransport(SimWorld world, SimProcess process) : IClientTransport
{
    private readonly ClientLink _link = new(world, process);
    private Stream? _stream;

    /// <inheritdoc/>
    public async Task<TResponse> CallAsync<TRequest, TResponse>(
        RpcMethod<TRequest, TResponse> method, TRequest request, TimeSpan timeout, CancellationToken ct)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new()
    {
        Task<IMessage> call = _link.Connection.CallAsync(b => AnswerAsync(b, request), timeout);
        try
        {
            return (TResponse)await Cancellable.WaitAsync(call, ct);
        }
        catch (Exception e) when (e is SimNetworkException or BrokerException)
        {
            throw Failure(e);
        }
    }

    /// <inheritdoc/>
    public Task<ProduceOutcome> ProduceAsync(in ProduceCall call)
    {
        SimConnection connection = _link.Connection;
        if (_stream is not { IsOver: false } stream || stream.Connection != connection)
        {
            _stream = stream = new Stream(connection);
        }
        (string topic, int partition, TimeSpan timeout) = (call.Topic, call.Partition, call.Timeout);
        byte[] batch = call.Batch.ToArray();
        Task<AppendResult> append = connection.CallAsync(b => AppendAsync(b, topic, partition, batch), timeout);
        Task<ProduceOutcome> outcome = OutcomeAsync(stream, stream.Last, append);
        stream.Last = outcome;
        return outcome;
    }

    /// <inheritdoc/>
    public IDeliveryStream Subscribe(SubscribeRequest request) => throw new NotSupportedException("Only producers run over this.");

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static async Task<ProduceOutcome> OutcomeAsync(Stream stream, Task before, Task<AppendResult> append)
    {
        await before;
        if (stream.IsOver)
        {
            return new ProduceOutcome(Broken("The connection broke."));
        }
        try
        {
            AppendResult result = await append;
            return result.Error == BrokerErrorCode.None
                ? new ProduceOutcome(null, result.BaseOffset)
                : new ProduceOutcome(ErrorMapping.ToException(Detail(result.Error, result.Message)));
        }
        catch (Exception e) when (e is SimNetworkException or BrokerException)
        {
            stream.IsOver = true;
            return new ProduceOutcome(Failure(e));
        }
    }

    // In the node's process: what the server's front end does.
    private static async Task<IMessage> AnswerAsync(LocalBroker broker, IMessage request) => request switch
    {
        GetTopicRequest get => broker.FindTopic(get.Topic) is { } topic
            ? new GetTopicResponse { Topic = new Topic { Name = topic.Name, Partitions = topic.Partitions } }
            : throw new BrokerException(BrokerErrorCode.UnknownTopic, $"There is no topic {get.Topic}."),
        InitProducerRequest => new InitProducerResponse { ProducerId = await broker.NewProducerIdAsync(CancellationToken.None) },
        _ => throw new InvalidOperationException($"{request.GetType().Name} is not answered here."),
    };

    private static async Task<AppendResult> AppendAsync(LocalBroker broker, string name, int partition, byte[] batch) =>
        broker.FindTopic(name) is { } topic
            ? await Requests.AppendAsync(broker, new TopicPartition(topic.Id, partition), batch, Broker.Partitions.Acks.All)
            : throw new BrokerException(BrokerErrorCode.UnknownTopic, $"There is no topic {name}.");

    private static StreamHouseException Failure(Exception e) =>
        e is BrokerException refused ? ErrorMapping.ToException(Detail(refused.Code, refused.Message)) : Broken(e.Message);

    private static StreamHouseException Broken(string message) =>
        new(StreamHouseErrorCode.Unavailable, message, isRetriable: true, isOutcomeUnknown: true);

    private static ErrorDetail Detail(BrokerErrorCode code, string? message) =>
        new() { Code = (ErrorCode)(int)code, Name = code.ToString(), Message = message ?? "", Retriable = code.IsRetriable() };

    private sealed class Stream(SimConnection connection)
    {
        public SimConnection Connection => connection;

        public Task Last { get; set; } = Task.CompletedTask;

        public bool IsOver { get; set; }
    }
}
