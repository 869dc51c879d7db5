using System.Buffers.Binary;

namespace StreamHouse.Broker.Producers;

/// <summary>A batch that a producer had acknowledged.</summary>
/// <param name="FirstSequence">Sequence of its first record.</param>
/// <param name="LastSequence">Sequence of its last record; smaller than the first where sequences wrapped.</param>
/// <param name="BaseOffset">Offset of its first record.</param>
/// <param name="TimestampMs">When it was appended, ms since 1970.</param>
public readonly record struct ProducedBatch(int FirstSequence, int LastSequence, long BaseOffset, long TimestampMs);

/// <summary>What is remembered of one producer in one partition.</summary>
/// <param name="ProducerId">Its id.</param>
/// <param name="Epoch">Its newest epoch.</param>
/// <param name="Batches">Its newest batches under that epoch, at most <see cref="ProducerSnapshot.BatchesMax"/>, oldest first.</param>
public sealed record ProducerEntry(long ProducerId, short Epoch, IReadOnlyList<ProducedBatch> Batches);

/// <summary>
/// Durable producer state of a partition as of one offset. Encoded: u32 count, then per producer i64 id, i16 epoch, u8 number of batches and per batch
/// i32 first sequence, i32 last sequence, i64 base offset, i64 timestamp; all big-endian. No producers are no bytes. The count's highest bit
/// marks a partial snapshot: it holds only what its own slice, and perhaps some before it, added to the state of the slice before.
/// </summary>
public sealed class ProducerSnapshot
{
    /// <summary>Batches remembered per producer: as many as Kafka clients may have in flight.</summary>
    public const int BatchesMax = 5;

    private const int PartialBit = int.MinValue;
    private const int CountBytes = 4;
    private const int ProducerBytes = 8 + 2 + 1;
    private const int BatchBytes = 4 + 4 + 8 + 8;

    /// <param name="producers">One entry per producer id.</param>
    /// <param name="isPartial">See <see cref="IsPartial"/>.</param>
    public ProducerSnapshot(IReadOnlyList<ProducerEntry> producers, bool isPartial = false)
    {
        ArgumentNullException.ThrowIfNull(producers);
        int bytes = 0;
        foreach (ProducerEntry producer in producers)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(producer.Batches.Count, BatchesMax, nameof(producers));
            bytes = checked(bytes + ProducerBytes + (producer.Batches.Count * BatchBytes));
        }
        Producers = producers;
        IsPartial = isPartial;
        EncodedBytes = producers.Count == 0 && !isPartial ? 0 : bytes + CountBytes;
    }

    /// <summary>No producers.</summary>
    public static ProducerSnapshot Empty { get; } = new([]);

    /// <summary>One entry per producer id.</summary>
    public IReadOnlyList<ProducerEntry> Producers { get; }

    /// <summary>
    /// The state of the slice before must be read too, and this laid over it: what is written while that slice's object is missing or damaged.
    /// </summary>
    public bool IsPartial { get; }

    /// <summary>Size of <see cref="Encode"/>'s output.</summary>
    public int EncodedBytes { get; }

    /// <summary>Writes <see cref="EncodedBytes"/> bytes.</summary>
    public void Encode(Span<byte> destination)
    {
        if (EncodedBytes == 0)
        {
            return;
        }
        BinaryPrimitives.WriteInt32BigEndian(destination, Producers.Count | (IsPartial ? PartialBit : 0));
        destination = destination[CountBytes..];
        foreach (ProducerEntry producer in Producers)
        {
            BinaryPrimitives.WriteInt64BigEndian(destination, producer.ProducerId);
            BinaryPrimitives.WriteInt16BigEndian(destination[8..], producer.Epoch);
            destination[10] = (byte)producer.Batches.Count;
            destination = destination[ProducerBytes..];
            for (int i = 0; i < producer.Batches.Count; i++)
            {
                ProducedBatch batch = producer.Batches[i];
                BinaryPrimitives.WriteInt32BigEndian(destination, batch.FirstSequence);
                BinaryPrimitives.WriteInt32BigEndian(destination[4..], batch.LastSequence);
                BinaryPrimitives.WriteInt64BigEndian(destination[8..], batch.BaseOffset);
                BinaryPrimitives.WriteInt64BigEndian(destination[16..], batch.TimestampMs);
                destination = destination[BatchBytes..];
            }
        }
    }

    /// <summary>Reads what <see cref="Encode"/> wrote.</summary>
    /// <returns>Null when the bytes are not exactly a snapshot.</returns>
    public static ProducerSnapshot? TryDecode(ReadOnlySpan<byte> source)
    {
        if (source.IsEmpty)
        {
            return Empty;
        }
        if (source.Length < CountBytes)
        {
            return null;
        }
        int count = BinaryPrimitives.ReadInt32BigEndian(source);
        source = source[CountBytes..];
        bool isPartial = (count & PartialBit) != 0;
        count &= ~PartialBit;
        if ((count < 1 && !isPartial) || count > source.Length / ProducerBytes)
        {
            return null;
        }
        var producers = new ProducerEntry[count];
        for (int i = 0; i < count; i++)
        {
            if (TryDecodeProducer(ref source) is not { } producer)
            {
                return null;
            }
            producers[i] = producer;
        }
        return source.IsEmpty ? new ProducerSnapshot(producers, isPartial) : null;
    }

    private static ProducerEntry? TryDecodeProducer(ref ReadOnlySpan<byte> source)
    {
        if (source.Length < ProducerBytes)
        {
            return null;
        }
        long id = BinaryPrimitives.ReadInt64BigEndian(source);
        short epoch = BinaryPrimitives.ReadInt16BigEndian(source[8..]);
        int count = source[10];
        source = source[ProducerBytes..];
        if (count > BatchesMax || source.Length < count * BatchBytes)
        {
            return null;
        }
        var batches = new ProducedBatch[count];
        for (int i = 0; i < count; i++)
        {
            batches[i] = new ProducedBatch(
                BinaryPrimitives.ReadInt32BigEndian(source),
                BinaryPrimitives.ReadInt32BigEndian(source[4..]),
                BinaryPrimitives.ReadInt64BigEndian(source[8..]),
                BinaryPrimitives.ReadInt64BigEndian(source[16..]));
            source = source[BatchBytes..];
        }
        return new ProducerEntry(id, epoch, batches);
    }
}
