using System.Buffers;
using Google.Protobuf;
using StreamHouse.Rpc.Errors;
using StreamHouse.Rpc.Grpc;
using StreamHouse.Rpc.V1;
using StreamHouse.Rpc.Wire;

namespace StreamHouse.Rpc.Producing;

/// <summary>One answer of <c>ProduceStream</c>.</summary>
/// <param name="Correlation">The request's.</param>
/// <param name="BaseOffset">Offset of the first record; -1 with <see cref="Acks.None"/>.</param>
/// <param name="RecordCount">Records appended.</param>
/// <param name="TimestampMs">The broker's timestamp with LogAppendTime, else -1.</param>
/// <param name="Durability">How durable the records were when this was sent.</param>
/// <param name="Error">Why the request failed; the other fields are then meaningless. Null when it succeeded.</param>
public readonly record struct ProduceReply(
    ulong Correlation, long BaseOffset, int RecordCount, long TimestampMs, DurabilityReached Durability, ErrorDetail? Error = null);

/// <summary>Encodes and decodes <see cref="ProduceReply"/> as <see cref="ProduceStreamResponse"/>, byte for byte as Google.Protobuf does.</summary>
public sealed class ProduceReplyMarshaller : IMessageWriter<ProduceReply>, IMessageReader<ProduceReply>
{
    /// <inheritdoc/>
    public int Measure(in ProduceReply message) =>
        ProtoWriter.ScalarBytes(message.Correlation)
        + ProtoWriter.DelimitedBytes(message.Error is { } error ? error.CalculateSize() : MeasureResponse(message));

    /// <inheritdoc/>
    public void Write(in ProduceReply message, IBufferWriter<byte> output)
    {
        ProtoWriter writer = new(output);
        writer.Scalar(ProduceStreamResponse.CorrelationFieldNumber, message.Correlation);
        if (message.Error is { } error)
        {
            writer.Delimiter(ProduceStreamResponse.ErrorFieldNumber, error.CalculateSize());
            error.WriteTo(output);
            return;
        }
        writer.Delimiter(ProduceStreamResponse.ResponseFieldNumber, MeasureResponse(message));
        writer.Scalar(ProduceResponse.BaseOffsetFieldNumber, message.BaseOffset);
        writer.Scalar(ProduceResponse.RecordCountFieldNumber, message.RecordCount);
        writer.Scalar(ProduceResponse.TimestampMsFieldNumber, message.TimestampMs);
        writer.Scalar(ProduceResponse.DurabilityFieldNumber, (long)message.Durability);
    }

    /// <inheritdoc/>
    public ProduceReply Read(ReadOnlyMemory<byte> encoded, IMemoryOwner<byte>? owner)
    {
        ReadOnlySpan<byte> message = encoded.Span;
        ProduceReply reply = default;
        ProtoReader reader = new(message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case ProduceStreamResponse.CorrelationFieldNumber:
                    reply = reply with { Correlation = reader.Scalar() };
                    break;
                case ProduceStreamResponse.ResponseFieldNumber:
                    reply = ReadResponse(message[reader.Delimited()], reply with { Error = null });
                    break;
                case ProduceStreamResponse.ErrorFieldNumber:
                    reply = reply with { Error = ErrorDetails.Parse(message[reader.Delimited()]) };
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
        return reply;
    }

    private static int MeasureResponse(in ProduceReply message) =>
        ProtoWriter.ScalarBytes((ulong)message.BaseOffset)
        + ProtoWriter.ScalarBytes((ulong)message.RecordCount)
        + ProtoWriter.ScalarBytes((ulong)message.TimestampMs)
        + ProtoWriter.ScalarBytes((ulong)message.Durability);

    private static ProduceReply ReadResponse(ReadOnlySpan<byte> message, ProduceReply reply)
    {
        ProtoReader reader = new(message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case ProduceResponse.BaseOffsetFieldNumber:
                    reply = reply with { BaseOffset = (long)reader.Scalar() };
                    break;
                case ProduceResponse.RecordCountFieldNumber:
                    reply = reply with { RecordCount = (int)reader.Scalar() };
                    break;
                case ProduceResponse.TimestampMsFieldNumber:
                    reply = reply with { TimestampMs = (long)reader.Scalar() };
                    break;
                case ProduceResponse.DurabilityFieldNumber:
                    reply = reply with { Durability = (DurabilityReached)(int)reader.Scalar() };
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
        return reply;
    }
}
