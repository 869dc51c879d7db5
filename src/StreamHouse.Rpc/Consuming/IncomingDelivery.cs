using System.Buffers;
using StreamHouse.Rpc.Errors;
using StreamHouse.Rpc.Grpc;
using StreamHouse.Rpc.V1;
using StreamHouse.Rpc.Wire;

namespace StreamHouse.Rpc.Consuming;

/// <summary>One message of <c>Subscribe</c> as a client receives it. Disposing gives the memory of the batches back.</summary>
public sealed class IncomingDelivery : IDisposable
{
    private IMemoryOwner<byte>? _owner;
    private Range _batches;

    private IncomingDelivery(IMemoryOwner<byte>? owner) => _owner = owner;

    /// <summary>The partition.</summary>
    public int Partition { get; private set; }

    /// <summary>Whether the message only shows that the stream is alive.</summary>
    public bool Heartbeat { get; private set; }

    /// <summary>Offset up to which records can be read, exclusive.</summary>
    public long HighWatermark { get; private set; }

    /// <summary>First offset that can be read.</summary>
    public long LogStartOffset { get; private set; }

    /// <summary>Offset after the last record of this message: where to begin again after a broken stream.</summary>
    public long NextOffset { get; private set; }

    /// <summary>The leader's epoch.</summary>
    public long LeaderEpoch { get; private set; }

    /// <summary>Why the partition is no longer followed, or null.</summary>
    public ErrorDetail? Error { get; private set; }

    /// <summary>Whole encoded batches back to back; valid until this is disposed of.</summary>
    public ReadOnlyMemory<byte> Batches => _owner is null ? default : _owner.Memory[_batches];

    /// <inheritdoc/>
    public void Dispose() => Interlocked.Exchange(ref _owner, null)?.Dispose();

    internal static IncomingDelivery Read(ReadOnlySpan<byte> message, IMemoryOwner<byte>? owner)
    {
        IncomingDelivery delivery = new(owner);
        ProtoReader reader = new(message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case SubscribeResponse.PartitionFieldNumber:
                    delivery.Partition = (int)reader.Scalar();
                    break;
                case SubscribeResponse.HeartbeatFieldNumber:
                    delivery.Heartbeat = reader.Scalar() != 0;
                    break;
                case SubscribeResponse.HighWatermarkFieldNumber:
                    delivery.HighWatermark = (long)reader.Scalar();
                    break;
                case SubscribeResponse.LogStartOffsetFieldNumber:
                    delivery.LogStartOffset = (long)reader.Scalar();
                    break;
                case SubscribeResponse.NextOffsetFieldNumber:
                    delivery.NextOffset = (long)reader.Scalar();
                    break;
                case SubscribeResponse.LeaderEpochFieldNumber:
                    delivery.LeaderEpoch = (long)reader.Scalar();
                    break;
                case SubscribeResponse.ErrorFieldNumber:
                    delivery.Error = ErrorDetails.Parse(message[reader.Delimited()]);
                    break;
                case SubscribeResponse.BatchesFieldNumber:
                    delivery._batches = reader.Delimited();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
        return delivery;
    }
}

/// <summary>Decodes <see cref="SubscribeResponse"/> without copying the batches out of the memory they were received in.</summary>
public sealed class IncomingDeliveryReader : IMessageReader<IncomingDelivery>
{
    /// <param name="allocator">Where messages are received.</param>
    public IncomingDeliveryReader(IPayloadAllocator allocator) => Allocator = allocator;

    /// <inheritdoc/>
    public IPayloadAllocator Allocator { get; }

    /// <inheritdoc/>
    public IncomingDelivery Read(ReadOnlyMemory<byte> encoded, IMemoryOwner<byte>? owner) => IncomingDelivery.Read(encoded.Span, owner);
}
