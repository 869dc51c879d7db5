using System.Buffers.Binary;

namespace StreamHouse.Records.Partitioning;

/// <summary>
/// Chooses the partition of a key as Kafka's own clients do, so that producers of any kind put a key into the same partition: the 32-bit
/// MurmurHash2 of the key, without its sign bit, modulo the number of partitions.
/// </summary>
public static class KeyPartitioner
{
    private const uint Seed = 0x9747b28c;
    private const uint Mix = 0x5bd1e995;

    /// <summary>The partition of <paramref name="key"/>.</summary>
    /// <param name="key">The key's bytes; may be empty. Records without a key have no partition of their own.</param>
    /// <param name="partitions">Number of partitions of the topic, 1 or more.</param>
    public static int PartitionOf(ReadOnlySpan<byte> key, int partitions)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(partitions, 1);
        return (int)((Murmur2(key) & int.MaxValue) % (uint)partitions);
    }

    /// <summary>The 32-bit MurmurHash2 with the seed that Kafka uses.</summary>
    public static uint Murmur2(ReadOnlySpan<byte> data)
    {
        uint hash = Seed ^ (uint)data.Length;
        while (data.Length >= sizeof(uint))
        {
            uint word = BinaryPrimitives.ReadUInt32LittleEndian(data) * Mix;
            hash = (hash * Mix) ^ ((word ^ (word >> 24)) * Mix);
            data = data[sizeof(uint)..];
        }

        if (!data.IsEmpty)
        {
            for (int i = data.Length - 1; i >= 0; i--)
            {
                hash ^= (uint)data[i] << (8 * i);
            }

            hash *= Mix;
        }

        hash = (hash ^ (hash >> 13)) * Mix;
        return hash ^ (hash >> 15);
    }
}
