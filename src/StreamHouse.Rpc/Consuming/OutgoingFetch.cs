using System.Buffers;
using StreamHouse.Rpc.Grpc;
using StreamHouse.Rpc.V1;
using StreamHouse.Rpc.Wire;

namespace StreamHouse.Rpc.Consuming;

/// <summary>The answer of <c>Fetch</c> as a server sends it.</summary>
/// <param name="HighWatermark">Offset up to which records can be read, exclusive.</param>
/// <param name="LogStartOffset">First offset that can be read.</param>
/// <param name="LogEndOffset">Offset the next record gets.</param>
/// <param name="LeaderEpoch">The leader's epoch.</param>
/// <param name="Batches">Slices of whole batches, in order; copied while the answer is written.</param>
/// <param name="Consistency">The level that was reached.</param>
public readonly record struct OutgoingFetch(
    long HighWatermark,
    long LogStartOffset,
    long LogEndOffset,
    long LeaderEpoch,
    IReadOnlyList<ReadOnlyMemory<byte>> Batches,
    ReadConsistency Consistency = ReadConsistency.Strong);

/// <summary>Encodes <see cref="OutgoingFetch"/> as <see cref="FetchResponse"/>, byte for byte as Google.Protobuf does.</summary>
public sealed class OutgoingFetchWriter : IMessageWriter<OutgoingFetch>
{
    /// <inheritdoc/>
    public int Measure(in OutgoingFetch message) =>
        ProtoWriter.ScalarBytes((ulong)message.HighWatermark)
        + ProtoWriter.ScalarBytes((ulong)message.LogStartOffset)
        + ProtoWriter.ScalarBytes((ulong)message.LogEndOffset)
        + ProtoWriter.ScalarBytes((ulong)message.LeaderEpoch)
        + ProtoWriter.ScalarBytes((ulong)message.Consistency)
        + BatchSlices.Measure(message.Batches);

    /// <inheritdoc/>
    public void Write(in OutgoingFetch message, IBufferWriter<byte> output)
    {
        ProtoWriter writer = new(output);
        writer.Scalar(FetchResponse.HighWatermarkFieldNumber, message.HighWatermark);
        writer.Scalar(FetchResponse.LogStartOffsetFieldNumber, message.LogStartOffset);
        writer.Scalar(FetchResponse.LogEndOffsetFieldNumber, message.LogEndOffset);
        writer.Scalar(FetchResponse.LeaderEpochFieldNumber, message.LeaderEpoch);
        writer.Scalar(FetchResponse.ConsistencyFieldNumber, (long)message.Consistency);
        BatchSlices.Write(writer, FetchResponse.BatchesFieldNumber, message.Batches, output);
    }
}
