using System.Buffers;
using Google.Protobuf;
using StreamHouse.Rpc.Grpc;
using StreamHouse.Rpc.V1;
using StreamHouse.Rpc.Wire;

namespace StreamHouse.Rpc.Producing;

/// <summary>
/// Decodes <see cref="ProduceStreamRequest"/>, or a bare <see cref="ProduceRequest"/>, without copying the batch out of the memory it was
/// received in. Fields may come in any order, repeated (the last wins), or unknown (skipped), as protobuf has it.
/// </summary>
public sealed class IncomingProduceReader : IMessageReader<IncomingProduce>
{
    private const int TopicIdBytes = 16;

    private readonly TextCache _topics = new();
    private readonly bool _enveloped;

    private IncomingProduceReader(IPayloadAllocator allocator, bool enveloped)
    {
        Allocator = allocator;
        _enveloped = enveloped;
    }

    /// <inheritdoc/>
    public IPayloadAllocator Allocator { get; }

    /// <summary>A reader for the requests of <c>ProduceStream</c>.</summary>
    /// <param name="allocator">Where requests are received.</param>
    public static IncomingProduceReader OfStream(IPayloadAllocator allocator) => new(allocator, enveloped: true);

    /// <summary>A reader for the request of <c>Produce</c>.</summary>
    /// <param name="allocator">Where requests are received.</param>
    public static IncomingProduceReader OfUnary(IPayloadAllocator allocator) => new(allocator, enveloped: false);

    /// <inheritdoc/>
    public IncomingProduce Read(ReadOnlyMemory<byte> encoded, IMemoryOwner<byte>? owner)
    {
        IncomingProduce request = new(owner);
        if (_enveloped)
        {
            ReadEnvelope(encoded.Span, request);
        }
        else
        {
            ReadRequest(encoded.Span, at: 0, request);
        }
        if (!request.HasBatch)
        {
            request.Dispose();
        }
        return request;
    }

    private void ReadEnvelope(ReadOnlySpan<byte> message, IncomingProduce request)
    {
        ProtoReader reader = new(message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case ProduceStreamRequest.CorrelationFieldNumber:
                    request.Correlation = reader.Scalar();
                    break;
                case ProduceStreamRequest.RequestFieldNumber:
                    Range range = reader.Delimited();
                    ReadRequest(message[range], range.Start.Value, request);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
    }

    private void ReadRequest(ReadOnlySpan<byte> message, int at, IncomingProduce request)
    {
        ProtoReader reader = new(message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case ProduceRequest.TopicFieldNumber:
                    request.Topic = _topics.Get(message[reader.Delimited()]);
                    break;
                case ProduceRequest.TopicIdFieldNumber:
                    request.TopicId = ReadTopicId(message[reader.Delimited()]);
                    break;
                case ProduceRequest.PartitionFieldNumber:
                    request.Partition = (int)reader.Scalar();
                    break;
                case ProduceRequest.AcksFieldNumber:
                    request.Acks = (Acks)(int)reader.Scalar();
                    break;
                case ProduceRequest.ProducerIdFieldNumber:
                    request.ProducerId = (long)reader.Scalar();
                    break;
                case ProduceRequest.ProducerEpochFieldNumber:
                    request.ProducerEpoch = (int)reader.Scalar();
                    break;
                case ProduceRequest.BaseSequenceFieldNumber:
                    request.BaseSequence = (int)reader.Scalar();
                    break;
                case ProduceRequest.RecordsFieldNumber:
                    ReadRecords(message[reader.Delimited()], request);
                    break;
                case ProduceRequest.BatchFieldNumber:
                    Range range = reader.Delimited();
                    request.HasBatch = true;
                    request.Records = null;
                    request.BatchRange = (at + range.Start.Value)..(at + range.End.Value);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
    }

    private static Guid ReadTopicId(ReadOnlySpan<byte> bytes) => bytes.Length switch
    {
        0 => Guid.Empty,
        TopicIdBytes => new Guid(bytes, bigEndian: true),
        _ => throw new MalformedMessageException($"topic_id has {bytes.Length} bytes; it must have {TopicIdBytes}."),
    };

    private static void ReadRecords(ReadOnlySpan<byte> message, IncomingProduce request)
    {
        try
        {
            RecordList records = RecordList.Parser.ParseFrom(message);
            if (request.Records is null)
            {
                request.Records = records;
            }
            else
            {
                request.Records.MergeFrom(records);
            }
            request.HasBatch = false;
            request.BatchRange = default;
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new MalformedMessageException($"The records are not a valid RecordList: {e.Message}", e);
        }
    }
}
