using System.Buffers.Binary;
using System.Runtime.InteropServices;
using StreamHouse.Simulation.Kernel;

namespace StreamHouse.Simulation.World.Disk;

/// <summary>
/// A machine's disk, which outlives its processes. What is written lies in the page cache until it is synced; a crash of the process keeps
/// it, a power failure keeps, loses or tears it sector by sector.
/// </summary>
internal sealed class SimDisk(SimKernel kernel, string name, SimRandom random)
{
    private readonly SortedDictionary<string, SimFile> _files = new(StringComparer.Ordinal);

    public string Name => name;

    public SimKernel Kernel => kernel;

    public SimRandom Random => random;

    /// <summary>How it behaves now.</summary>
    public DiskFaults Faults { get; set; } = new();

    public IReadOnlyDictionary<string, SimFile> Files => _files;

    /// <summary>Highest position of the log that a synced frame says was synced before it.</summary>
    public long ProvenPosition { get; set; }

    /// <summary>Told of each sync that is about to begin, with the time it takes.</summary>
    public Action<TimeSpan>? Syncing { get; set; }

    public SimFile Create(string file, long bytes)
    {
        SimFile created = new((int)bytes);
        _files[file] = created;
        return created;
    }

    public void Rename(string from, string to)
    {
        SimFile file = _files[from];
        _files.Remove(from);
        _files[to] = file;
    }

    public void Delete(string file) => _files.Remove(file);

    /// <summary>The power fails: unsynced sectors keep their old or their new bytes, or become garbage.</summary>
    public void LosePower()
    {
        int lost = 0;
        foreach (SimFile file in _files.Values)
        {
            lost += file.LosePower(random);
        }
        kernel.Trace.Add(name, $"power lost, {lost} sectors with it");
    }

    /// <summary>The power fails; all that was not synced has reached the platter, but a bit of it is wrong.</summary>
    /// <returns>Whether a frame was not synced, in which the bit is.</returns>
    public bool LosePowerAndFlipUnsynced()
    {
        List<(SimFile File, int At, int Bytes)> candidates = [];
        foreach ((string file, SimFile content) in _files)
        {
            if (file.EndsWith(".log", StringComparison.Ordinal))
            {
                candidates.AddRange(content.Frames().Where(f => content.IsUnsynced(f.At)).Select(f => (content, f.At, f.Bytes)));
            }
        }
        foreach (SimFile file in _files.Values)
        {
            file.Sync();
        }
        if (candidates.Count == 0)
        {
            return false;
        }
        (SimFile flipped, int begin, int bytes) = candidates[random.Next(candidates.Count)];
        int where = begin + random.Next(bytes);
        new BitFlip(flipped, where, (byte)(1 << random.Next(8))).Make();
        kernel.Trace.Add(name, $"power lost, and a bit flipped at {where}, which was not synced");
        return true;
    }

    /// <summary>Flips one bit of what a synced frame has proved to be synced, or returns null when there is nothing such.</summary>
    public BitFlip? FlipProvenBit()
    {
        List<(SimFile File, int At)> candidates = [];
        foreach ((string file, SimFile content) in _files)
        {
            if (file.EndsWith(".log", StringComparison.Ordinal))
            {
                foreach ((int at, long position, int bytes) in content.Frames())
                {
                    if (position + bytes <= ProvenPosition)
                    {
                        candidates.Add((content, at + random.Next(bytes)));
                    }
                }
            }
        }
        if (candidates.Count == 0)
        {
            return null;
        }
        (SimFile flipped, int where) = candidates[random.Next(candidates.Count)];
        BitFlip flip = new(flipped, where, (byte)(1 << random.Next(8)));
        flip.Make();
        kernel.Trace.Add(name, $"a bit flipped at {where}");
        return flip;
    }
}

/// <summary>A bit that flips, and which a backup can put right.</summary>
internal sealed class BitFlip(SimFile file, int at, byte mask)
{
    /// <summary>In which byte.</summary>
    public int At => at;

    public void Make()
    {
        file.Data[at] ^= mask;
        file.Flips.Add(this);
    }

    /// <summary>Does nothing where something else was written meanwhile: a file may be used again before anybody has looked for the bit.</summary>
    public void PutRight()
    {
        if (file.Flips.Remove(this))
        {
            file.Data[at] ^= mask;
        }
    }
}

/// <summary>One file: its bytes as the page cache has them, and the old bytes of what is not synced.</summary>
internal sealed class SimFile(int bytes)
{
    public const int SectorBytes = 512;

    private readonly Dictionary<int, byte[]> _unsynced = [];
    private readonly Stack<byte[]> _idle = new();

    public byte[] Data { get; } = new byte[bytes];

    /// <summary>Bits that are wrong.</summary>
    public List<BitFlip> Flips { get; } = [];

    /// <summary>Into the page cache.</summary>
    public void Write(int at, ReadOnlySpan<byte> data)
    {
        for (int sector = at / SectorBytes; sector < (at + data.Length + SectorBytes - 1) / SectorBytes; sector++)
        {
            ref byte[]? old = ref CollectionsMarshal.GetValueRefOrAddDefault(_unsynced, sector, out bool known);
            if (!known)
            {
                old = _idle.TryPop(out byte[]? idle) ? idle : new byte[SectorBytes];
                Data.AsSpan(sector * SectorBytes, SectorBytes).CopyTo(old);
            }
        }
        if (Flips.Count > 0)
        {
            int end = at + data.Length;
            Flips.RemoveAll(f => f.At >= at && f.At < end);
        }
        data.CopyTo(Data.AsSpan(at));
    }

    /// <summary>Whether the sector at a place is in the page cache only.</summary>
    public bool IsUnsynced(int at) => _unsynced.ContainsKey(at / SectorBytes);

    /// <summary>Onto the disk.</summary>
    public void Sync()
    {
        foreach (byte[] old in _unsynced.Values)
        {
            _idle.Push(old);
        }
        _unsynced.Clear();
    }

    public int LosePower(SimRandom random)
    {
        // Usually either little or much of it had reached the platter.
        double kept = random.NextDouble();
        int lost = 0;
        foreach ((int sector, byte[] old) in _unsynced)
        {
            if (!random.Chance(kept))
            {
                old.CopyTo(Data.AsSpan(sector * SectorBytes));
                lost++;
            }
            else if (random.Chance(0.05))
            {
                random.Fill(Data.AsSpan(sector * SectorBytes, SectorBytes));
                lost++;
            }
        }
        _unsynced.Clear();
        return lost;
    }

    /// <summary>The frames that begin in this file: where, their position in the log, and their bytes without padding.</summary>
    public IEnumerable<(int At, long Position, int Bytes)> Frames()
    {
        for (int at = 4096; at + 40 <= Data.Length;)
        {
            if (!FrameHead.TryRead(Data.AsSpan(at), out FrameHead head))
            {
                yield break;
            }
            yield return (at, head.Position, 40 + head.BodyBytes);
            at += (40 + head.BodyBytes + 4095) & -4096;
        }
    }
}

/// <summary>The part of a frame's header the disk looks at, read as docs/formats.md has it and not by the engine's code.</summary>
internal readonly record struct FrameHead(long Position, long DurablePosition, int BodyBytes)
{
    public static bool TryRead(ReadOnlySpan<byte> at, out FrameHead head)
    {
        head = default;
        if (at.Length < 40 || BinaryPrimitives.ReadUInt32BigEndian(at) != 0x53484652)
        {
            return false;
        }
        head = new FrameHead(
            BinaryPrimitives.ReadInt64BigEndian(at[16..]), BinaryPrimitives.ReadInt64BigEndian(at[24..]), BinaryPrimitives.ReadInt32BigEndian(at[32..]));
        return true;
    }
}
