using System.Globalization;
using System.Text;
using StreamHouse.Records;
using StreamHouse.Simulation.Kernel;

namespace StreamHouse.Simulation.Actors;

/// <summary>Makes batches of records that exist only once in a run, and recognizes them again.</summary>
internal static class RecordMaker
{
    /// <summary>A batch ready to be sent, and the hashes of its records.</summary>
    public static MadeBatch Make(string producer, ref long next, int count, int paddingMax, long timestamp, SimRandom random, long producerId, int sequence)
    {
        using RecordBatchBuilder builder = new();
        ulong[] hashes = new ulong[count];
        for (int i = 0; i < count; i++)
        {
            string text = string.Create(CultureInfo.InvariantCulture, $"{producer}/{next++}/");
            byte[] value = new byte[text.Length + random.Next(paddingMax + 1)];
            random.Fill(value);
            Encoding.ASCII.GetBytes(text, value);
            byte[] key = Encoding.ASCII.GetBytes(producer);
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
        ulong hash = 14695981039346656037;
        foreach (byte b in key)
        {
            hash = (hash ^ b) * 1099511628211;
        }
        hash = (hash ^ 0x1ff) * 1099511628211;
        foreach (byte b in value)
        {
            hash = (hash ^ b) * 1099511628211;
        }
        return hash;
    }

    /// <summary>The records in whole batches: offset and hash of each, in order.</summary>
    public static List<(long Offset, ulong Hash)> Read(ReadOnlySpan<byte> batches)
    {
        List<(long, ulong)> found = [];
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
