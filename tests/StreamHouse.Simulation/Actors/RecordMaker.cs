using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Text;
using StreamHouse.Records;
using StreamHouse.Simulation.Kernel;

namespace StreamHouse.Simulation.Actors;

/// <summary>Makes batches of records that exist only once in a run, and recognizes them again.</summary>
internal static class RecordMaker
{
    private const ulong Prime = 0x9FB21C651E98DF25;
    private const int LikelyRecordBytes = 128;

    /// <summary>A batch ready to be sent, and the hashes of its records.</summary>
    public static MadeBatch Make(string producer, ref long next, int count, int paddingMax, long timestamp, SimRandom random, long producerId, int sequence)
    {
        using RecordBatchBuilder builder = new();
        ulong[] hashes = new ulong[count];
        byte[] key = Encoding.ASCII.GetBytes(producer);
        for (int i = 0; i < count; i++)
        {
            string text = string.Create(CultureInfo.InvariantCulture, $"{producer}/{next++}/");
            byte[] value = new byte[text.Length + random.Next(paddingMax + 1)];
            random.Fill(value);
            Encoding.ASCII.GetBytes(text, value);
            builder.Add(timestamp + i, key, value);
            hashes[i] = Hash(key, value);
        }
        byte[] batch = builder.Build(new RecordBatchOptions
        {
            ProducerId = producerId,
            ProducerEpoch = producerId < 0 ? (short)-1 : (short)0,
            BaseSequence = producerId < 0 ? -1 : sequence,
        }).ToArray();
        return new MadeBatch(batch, hashes, sequence);
    }

    /// <summary>What a record is known by.</summary>
    public static ulong Hash(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        ulong hash = Hash(14695981039346656037, key);
        return Hash((hash ^ (ulong)key.Length) * Prime, value);
    }

    // Eight bytes at a time: every record is hashed many times in a run.
    private static ulong Hash(ulong hash, ReadOnlySpan<byte> bytes)
    {
        for (; bytes.Length >= 8; bytes = bytes[8..])
        {
            hash = BitOperations.RotateLeft((hash ^ BinaryPrimitives.ReadUInt64LittleEndian(bytes)) * Prime, 29);
        }
        foreach (byte b in bytes)
        {
            hash = (hash ^ b) * Prime;
        }
        return (hash ^ (hash >> 32)) * Prime;
    }

    /// <summary>The records in whole batches: offset and hash of each, in order.</summary>
    public static List<(long Offset, ulong Hash)> Read(ReadOnlySpan<byte> batches)
    {
        List<(long, ulong)> found = new(batches.Length / LikelyRecordBytes);
        using RecordBatchReader reader = new();
        for (int at = 0; at < batches.Length;)
        {
            int size = (int)new RecordBatchView(batches[at..]).SizeBytes;
            RecordReader records = reader.Open(batches.Slice(at, size));
            while (records.Read())
            {
                ref readonly StreamHouse.Records.Record record = ref records.Current;
                found.Add((record.Offset, Hash(record.Key.Span, record.Value.Span)));
            }
            at += size;
        }
        return found;
    }
}

/// <summary>A batch and the hashes of its records.</summary>
internal sealed record MadeBatch(byte[] Bytes, ulong[] Hashes, int Sequence);
