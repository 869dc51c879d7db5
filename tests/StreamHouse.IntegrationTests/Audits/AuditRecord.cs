using System.Buffers.Binary;
using StreamHouse.Client.Consumers;
using StreamHouse.Records;

namespace StreamHouse.IntegrationTests.Audits;

/// <summary>A record whose bytes follow from who wrote it and its number, so that a reader can tell both and check every byte.</summary>
/// <param name="Producer">Number of the producer.</param>
/// <param name="Sequence">Number of the record among those of the producer for its partition, from 0.</param>
internal readonly record struct AuditRecord(int Producer, int Sequence)
{
    private const int IdentityBytes = 8;

    /// <summary>The value: identity, then bytes that follow from it. Mostly short, sometimes some 20 KiB.</summary>
    public byte[] Value()
    {
        uint state = Seed();
        int length = state % 64 == 0 ? 20_000 : (int)(state % 300);
        byte[] value = new byte[IdentityBytes + length];
        BinaryPrimitives.WriteInt32BigEndian(value, Producer);
        BinaryPrimitives.WriteInt32BigEndian(value.AsSpan(4), Sequence);
        for (int i = IdentityBytes; i < value.Length; i++)
        {
            state = (state * 1664525) + 1013904223;
            // A small alphabet, so that compression has something to do.
            value[i] = (byte)('a' + (state >> 28));
        }
        return value;
    }

    /// <summary>The key: every third record has none.</summary>
    public byte[]? Key() => Sequence % 3 == 0 ? null : BitConverter.GetBytes(Seed());

    /// <summary>One header on every fifth record.</summary>
    public RecordHeader[] Headers() => Sequence % 5 == 0 ? [new RecordHeader("audit", BitConverter.GetBytes(Sequence))] : [];

    /// <summary>Which record this is.</summary>
    /// <exception cref="InvalidDataException">Its bytes are not those that were written.</exception>
    public static AuditRecord Identify(ConsumedRecord consumed)
    {
        ReadOnlySpan<byte> value = consumed.Value.GetValueOrDefault().Span;
        if (value.Length < IdentityBytes)
        {
            throw new InvalidDataException($"{consumed.Topic}/{consumed.Partition}@{consumed.Offset} is {value.Length} bytes: not a record of the audit.");
        }
        AuditRecord record = new(BinaryPrimitives.ReadInt32BigEndian(value), BinaryPrimitives.ReadInt32BigEndian(value[4..]));
        byte[]? key = record.Key();
        RecordHeader[] headers = record.Headers();
        bool isSame = value.SequenceEqual(record.Value())
            && (key is null ? consumed.Key is null : consumed.Key is { } read && read.Span.SequenceEqual(key))
            && consumed.Headers.Count == headers.Length
            && (headers.Length == 0 || (consumed.Headers[0].Key == headers[0].Key && consumed.Headers[0].Value!.Value.Span.SequenceEqual(headers[0].Value!.Value.Span)));
        return isSame
            ? record
            : throw new InvalidDataException($"{consumed.Topic}/{consumed.Partition}@{consumed.Offset} has other bytes than {record} was written with.");
    }

    private uint Seed() => (((uint)Producer * 2654435761) ^ ((uint)Sequence * 2246822519)) * 3266489917;
}
