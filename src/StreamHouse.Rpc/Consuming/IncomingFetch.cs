using System.Buffers;
using StreamHouse.Rpc.Grpc;
using StreamHouse.Rpc.V1;
using StreamHouse.Rpc.Wire;

namespace StreamHouse.Rpc.Consuming;

/// <summary>The answer of <c>Fetch</c> as a client receives it. Disposing gives the memory of the batches back.</summary>
public sealed class IncomingFetch : IDisposable
{
    private IMemoryOwner<byte>? _owner;
    private Range _batches;

    private IncomingFetch(IMemoryOwner<byte>? owner) => _owner = owner;

    /// <summary>Offset up to which records can be read, exclusive.</summary>
    public long HighWatermark { get; private set; }

    /// <summary>First offset that can be read.</summary>
    public long LogStartOffset { get; private set; }

    /// <summary>Offset the next record gets.</summary>
    public long LogEndOffset { get; private set; }

    /// <summary>The leader's epoch.</summary>
    public long LeaderEpoch { get; private set; }

    /// <summary>The level that was reached.</summary>
    public ReadConsistency Consistency { get; private set; }

    /// <summary>Whole encoded batches back to back; valid until this is disposed of.</summary>
    public ReadOnlyMemory<byte> Batches => _owner is null ? default : _owner.Memory[_batches];

    /// <inheritdoc/>
    public void Dispose() => Interlocked.Exchange(ref _owner, null)?.Dispose();

    internal static IncomingFetch Read(ReadOnlySpan<byte> message, IMemoryOwner<byte>? owner)
    {
        IncomingFetch fetch = new(owner);
        ProtoReader reader = new(message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case FetchResponse.HighWatermarkFieldNumber:
                    fetch.HighWatermark = (long)reader.Scalar();
                    break;
                case FetchResponse.LogStartOffsetFieldNumber:
                    fetch.LogStartOffset = (long)reader.Scalar();
                    break;
                case FetchResponse.LogEndOffsetFieldNumber:
                    fetch.LogEndOffset = (long)reader.Scalar();
                    break;
                case FetchResponse.LeaderEpochFieldNumber:
                    fetch.LeaderEpoch = (long)reader.Scalar();
                    break;
                case FetchResponse.ConsistencyFieldNumber:
                    fetch.Consistency = (ReadConsistency)reader.Scalar();
                    break;
                case FetchResponse.BatchesFieldNumber:
                    fetch._batches = reader.Delimited();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
        return fetch;
    }
}

/// <summary>Decodes <see cref="FetchResponse"/> without copying the batches out of the memory they were received in.</summary>
public sealed class IncomingFetchReader : IMessageReader<IncomingFetch>
{
    /// <param name="allocator">Where answers are received.</param>
    public IncomingFetchReader(IPayloadAllocator allocator) => Allocator = allocator;

    /// <inheritdoc/>
    public IPayloadAllocator Allocator { get; }

    /// <inheritdoc/>
    public IncomingFetch Read(ReadOnlyMemory<byte> encoded, IMemoryOwner<byte>? owner) => IncomingFetch.Read(encoded.Span, owner);
}
