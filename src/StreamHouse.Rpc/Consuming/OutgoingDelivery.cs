using System.Buffers;
using Google.Protobuf;
using StreamHouse.Rpc.Grpc;
using StreamHouse.Rpc.V1;
using StreamHouse.Rpc.Wire;

namespace StreamHouse.Rpc.Consuming;

/// <summary>One message of <c>Subscribe</c> as a server sends it.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="HighWatermark">Offset up to which records can be read, exclusive.</param>
/// <param name="LogStartOffset">First offset that can be read.</param>
/// <param name="NextOffset">Offset after the last record of this message.</param>
/// <param name="LeaderEpoch">The leader's epoch.</param>
/// <param name="Batches">Slices of whole batches, in order; copied while the message is written.</param>
/// <param name="Heartbeat">Whether the message only shows that the stream is alive.</param>
/// <param name="Error">Why the partition is no longer followed, or null.</param>
public readonly record struct OutgoingDelivery(
    int Partition,
    long HighWatermark,
    long LogStartOffset,
    long NextOffset,
    long LeaderEpoch,
    IReadOnlyList<ReadOnlyMemory<byte>> Batches,
    bool Heartbeat = false,
    ErrorDetail? Error = null)
{
    /// <summary>A message that only shows that the stream is alive.</summary>
    public static OutgoingDelivery OfHeartbeat() => new(0, 0, 0, 0, 0, [], Heartbeat: true);
}

/// <summary>Encodes <see cref="OutgoingDelivery"/> as <see cref="SubscribeResponse"/>, byte for byte as Google.Protobuf does.</summary>
public sealed class OutgoingDeliveryWriter : IMessageWriter<OutgoingDelivery>
{
    /// <inheritdoc/>
    public int Measure(in OutgoingDelivery message) =>
        ProtoWriter.ScalarBytes((ulong)message.Partition)
        + ProtoWriter.ScalarBytes(message.Heartbeat ? 1UL : 0)
        + ProtoWriter.ScalarBytes((ulong)message.HighWatermark)
        + ProtoWriter.ScalarBytes((ulong)message.LogStartOffset)
        + ProtoWriter.ScalarBytes((ulong)message.NextOffset)
        + ProtoWriter.ScalarBytes((ulong)message.LeaderEpoch)
        + (message.Error is { } error ? ProtoWriter.DelimitedBytes(error.CalculateSize()) : 0)
        + BatchSlices.Measure(message.Batches);

    /// <inheritdoc/>
    public void Write(in OutgoingDelivery message, IBufferWriter<byte> output)
    {
        ProtoWriter writer = new(output);
        writer.Scalar(SubscribeResponse.PartitionFieldNumber, message.Partition);
        writer.Scalar(SubscribeResponse.HeartbeatFieldNumber, message.Heartbeat ? 1UL : 0);
        writer.Scalar(SubscribeResponse.HighWatermarkFieldNumber, message.HighWatermark);
        writer.Scalar(SubscribeResponse.LogStartOffsetFieldNumber, message.LogStartOffset);
        writer.Scalar(SubscribeResponse.NextOffsetFieldNumber, message.NextOffset);
        writer.Scalar(SubscribeResponse.LeaderEpochFieldNumber, message.LeaderEpoch);
        if (message.Error is { } error)
        {
            writer.Delimiter(SubscribeResponse.ErrorFieldNumber, error.CalculateSize());
            error.WriteTo(output);
        }
        BatchSlices.Write(writer, SubscribeResponse.BatchesFieldNumber, message.Batches, output);
    }
}
