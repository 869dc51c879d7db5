using StreamHouse.Broker;
using StreamHouse.Broker.Buffers;
using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Topics;
using StreamHouse.Records;
using StreamHouse.Rpc.Producing;
using StreamHouse.Rpc.V1;
using StreamHouse.Server.Grpc.Runtime;
using Acks = StreamHouse.Broker.Partitions.Acks;

namespace StreamHouse.Server.Grpc.Producing;

/// <summary>Hands produce requests of one call to the broker, encoding loose records first. For one caller at a time.</summary>
internal sealed class Appender(IBroker broker, TimeProvider clock) : IDisposable
{
    private RecordEncoder? _encoder;

    /// <summary>
    /// Gives a request to the broker, in arrival order, before it returns. The request's memory may be given back at once: the broker holds
    /// on to what it needs.
    /// </summary>
    /// <param name="request">The request.</param>
    /// <param name="bytes">Bytes that the broker may have to hold for it.</param>
    public Task<AppendResult> Append(IncomingProduce request, out int bytes)
    {
        bytes = 0;
        try
        {
            TopicDescription topic = broker.Require(request.Topic, request.TopicId);
            TopicPartition partition = new(topic.Id, request.Partition);
            Acks acks = AcksOf(request.Acks);
            if (request.HasBatch)
            {
                BufferSlice received = request.BatchSlice();
                bytes = received.Owner.Capacity;
                return broker.Append(new AppendRequest(partition, received, acks));
            }
            BufferSlice batch = (_encoder ??= new RecordEncoder(broker.Buffers, clock)).Encode(request);
            bytes = batch.Owner.Capacity;
            try
            {
                return broker.Append(new AppendRequest(partition, batch, acks));
            }
            finally
            {
                batch.Owner.Release();
            }
        }
        catch (BrokerException e)
        {
            return Task.FromResult(AppendResult.Refused(e.Code, e.Message));
        }
        catch (RecordFormatException e)
        {
            return Task.FromResult(AppendResult.Refused(BrokerErrorCode.InvalidRecord, e.Message));
        }
    }

    /// <summary>What a client is told of an acknowledged append.</summary>
    public static DurabilityReached ReachedOf(AckDurability durability) => durability switch
    {
        AckDurability.Eventual => DurabilityReached.Eventual,
        AckDurability.Local => DurabilityReached.LocalFsync,
        AckDurability.Object => DurabilityReached.Object,
        _ => throw new ArgumentOutOfRangeException(nameof(durability), durability, "Not a durability."),
    };

    public void Dispose() => _encoder?.Dispose();

    private static Acks AcksOf(Rpc.V1.Acks acks) => acks switch
    {
        Rpc.V1.Acks.All => Acks.All,
        Rpc.V1.Acks.Leader => Acks.Leader,
        Rpc.V1.Acks.None => Acks.None,
        _ => throw new BrokerException(BrokerErrorCode.InvalidRequest, $"acks has the value {(int)acks}, which this server does not know."),
    };
}
