using System.Buffers;
using StreamHouse.Rpc.V1;

namespace StreamHouse.Rpc.Producing;

/// <summary>
/// A produce request as a server receives it. The batch lies where it was received; whoever disposes of the request gives that memory
/// back, unless <see cref="TakeOwner"/> moved it to someone else.
/// </summary>
public sealed class IncomingProduce : IDisposable
{
    private IMemoryOwner<byte>? _owner;

    internal IncomingProduce(IMemoryOwner<byte>? owner) => _owner = owner;

    /// <summary>Returned with the answer; 0 in a unary call.</summary>
    public ulong Correlation { get; internal set; }

    /// <summary>The topic's name; empty when <see cref="TopicId"/> names it.</summary>
    public string Topic { get; internal set; } = "";

    /// <summary>The topic's id; empty when <see cref="Topic"/> names it.</summary>
    public Guid TopicId { get; internal set; }

    /// <summary>The partition.</summary>
    public int Partition { get; internal set; }

    /// <summary>When to answer. A client of a newer version may send values that have no name here.</summary>
    public Acks Acks { get; internal set; }

    /// <summary>Producer id for <see cref="Records"/>; null when the producer is not idempotent.</summary>
    public long? ProducerId { get; internal set; }

    /// <summary>Producer epoch for <see cref="Records"/>.</summary>
    public int ProducerEpoch { get; internal set; }

    /// <summary>Sequence of the first of <see cref="Records"/>.</summary>
    public int BaseSequence { get; internal set; }

    /// <summary>Records to be encoded; null when the request holds <see cref="Batch"/> or nothing.</summary>
    public RecordList? Records { get; internal set; }

    /// <summary>Whether the request holds an encoded batch.</summary>
    public bool HasBatch { get; internal set; }

    /// <summary>The encoded batch; writable, since its base offset and epoch are stamped in place.</summary>
    public Memory<byte> Batch => _owner is null ? default : _owner.Memory[BatchRange];

    /// <summary>Where the batch lies in the owner's memory.</summary>
    public Range BatchRange { get; internal set; }

    /// <summary>The memory the request was received in, still owned by the request; null when it holds no batch.</summary>
    public IMemoryOwner<byte>? Owner => _owner;

    /// <summary>Moves the memory to the caller, who disposes of it; <see cref="Batch"/> is empty afterwards.</summary>
    /// <exception cref="ObjectDisposedException">The memory was taken or disposed of before.</exception>
    public IMemoryOwner<byte> TakeOwner() =>
        Interlocked.Exchange(ref _owner, null) ?? throw new ObjectDisposedException(nameof(IncomingProduce));

    /// <inheritdoc/>
    public void Dispose() => Interlocked.Exchange(ref _owner, null)?.Dispose();
}
