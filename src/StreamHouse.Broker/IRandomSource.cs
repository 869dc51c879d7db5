namespace StreamHouse.Broker;

/// <summary>Where the engine's random numbers and new ids come from: the operating system in production, the seed in simulation.</summary>
public interface IRandomSource
{
    /// <summary>Fills <paramref name="destination"/> with random bytes. Safe to call from any thread.</summary>
    void Fill(Span<byte> destination);
}

/// <summary>What is made from random bytes.</summary>
public static class RandomSourceExtensions
{
    /// <summary>A fresh version-4 UUID.</summary>
    public static Guid NextGuid(this IRandomSource random)
    {
        ArgumentNullException.ThrowIfNull(random);
        Span<byte> bytes = stackalloc byte[16];
        random.Fill(bytes);
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x40);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true);
    }

    /// <summary>A number from 0 (inclusive) to 1 (exclusive).</summary>
    public static double NextDouble(this IRandomSource random)
    {
        ArgumentNullException.ThrowIfNull(random);
        Span<byte> bytes = stackalloc byte[8];
        random.Fill(bytes);
        return (BitConverter.ToUInt64(bytes) >> 11) * (1.0 / (1UL << 53));
    }
}
