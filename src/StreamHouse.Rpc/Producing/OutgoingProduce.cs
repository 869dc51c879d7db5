using System.Buffers;
using StreamHouse.Rpc.Grpc;
using StreamHouse.Rpc.V1;
using StreamHouse.Rpc.Wire;

namespace StreamHouse.Rpc.Producing;

/// <summary>One request of <c>ProduceStream</c> with an encoded batch, as a client sends it.</summary>
/// <param name="Correlation">Returned with the answer.</param>
/// <param name="Topic">The topic's name.</param>
/// <param name="Partition">The partition.</param>
/// <param name="Acks">When to answer.</param>
/// <param name="Batch">One encoded RecordBatch v2, with its own producer id, epoch and sequence.</param>
public readonly record struct OutgoingProduce(ulong Correlation, string Topic, int Partition, Acks Acks, ReadOnlyMemory<byte> Batch);

/// <summary>Encodes <see cref="OutgoingProduce"/> as <see cref="ProduceStreamRequest"/>, byte for byte as Google.Protobuf does.</summary>
public sealed class OutgoingProduceWriter : IMessageWriter<OutgoingProduce>
{
    /// <inheritdoc/>
    public int Measure(in OutgoingProduce message) =>
        ProtoWriter.ScalarBytes(message.Correlation) + ProtoWriter.DelimitedBytes(MeasureRequest(message));

    /// <inheritdoc/>
    public void Write(in OutgoingProduce message, IBufferWriter<byte> output)
    {
        ProtoWriter writer = new(output);
        writer.Scalar(ProduceStreamRequest.CorrelationFieldNumber, message.Correlation);
        writer.Delimiter(ProduceStreamRequest.RequestFieldNumber, MeasureRequest(message));
        writer.Text(ProduceRequest.TopicFieldNumber, message.Topic);
        writer.Scalar(ProduceRequest.PartitionFieldNumber, message.Partition);
        writer.Scalar(ProduceRequest.AcksFieldNumber, (long)message.Acks);
        writer.Bytes(ProduceRequest.BatchFieldNumber, message.Batch.Span);
    }

    private static int MeasureRequest(in OutgoingProduce message) =>
        ProtoWriter.TextBytes(message.Topic)
        + ProtoWriter.ScalarBytes((ulong)message.Partition)
        + ProtoWriter.ScalarBytes((ulong)message.Acks)
        + ProtoWriter.DelimitedBytes(message.Batch.Length);
}
