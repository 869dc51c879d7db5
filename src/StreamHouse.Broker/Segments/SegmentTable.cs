using System.Buffers.Binary;
using System.Text;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Broker.Segments;

/// <summary>The slices of one segment object. Immutable.</summary>
public sealed class SegmentTable
{
    private readonly Dictionary<TopicPartition, SegmentSlice> _byPartition;

    private SegmentTable(Guid objectId, SegmentSlice[] slices, Dictionary<TopicPartition, SegmentSlice> byPartition)
    {
        ObjectId = objectId;
        Slices = slices;
        _byPartition = byPartition;
    }

    /// <summary>The object it describes.</summary>
    public Guid ObjectId { get; }

    /// <summary>The slices in the order they lie in.</summary>
    public IReadOnlyList<SegmentSlice> Slices { get; }

    /// <summary>A partition's slice, or null; an object has at most one.</summary>
    public SegmentSlice? Find(TopicPartition partition) => _byPartition.GetValueOrDefault(partition);

    internal static int EncodedBytes(IReadOnlyList<SegmentSlice> slices)
    {
        int bytes = SegmentLayout.TableHeadBytes;
        foreach (SegmentSlice slice in slices)
        {
            bytes = checked(bytes + SegmentLayout.TableEntryBytesMin + Encoding.UTF8.GetByteCount(slice.TopicName) + (slice.BatchEpochs.Count * 16));
        }
        return bytes;
    }

    internal static void Write(Span<byte> destination, Guid objectId, IReadOnlyList<SegmentSlice> slices)
    {
        objectId.TryWriteBytes(destination, bigEndian: true, out _);
        BinaryPrimitives.WriteInt32BigEndian(destination[16..], slices.Count);
        var writer = new SegmentTableWriter(destination[SegmentLayout.TableHeadBytes..]);
        foreach (SegmentSlice slice in slices)
        {
            writer.Write(slice);
        }
    }

    /// <summary>Reads a table whose checksum is right; what it says is still held against the object's bounds.</summary>
    /// <exception cref="SegmentFormatException">It contradicts itself or the object.</exception>
    internal static SegmentTable Parse(ReadOnlySpan<byte> source, long tablePosition)
    {
        if (source.Length < SegmentLayout.TableHeadBytes)
        {
            throw new SegmentFormatException($"Its table has {source.Length} bytes, fewer than a table's head.");
        }
        var objectId = new Guid(source[..16], bigEndian: true);
        int count = BinaryPrimitives.ReadInt32BigEndian(source[16..]);
        source = source[SegmentLayout.TableHeadBytes..];
        if (count < 0 || count > source.Length / SegmentLayout.TableEntryBytesMin)
        {
            throw new SegmentFormatException($"Its table gives a number of slices, {(uint)count}, that cannot fit into it.");
        }
        var slices = new SegmentSlice[count];
        var byPartition = new Dictionary<TopicPartition, SegmentSlice>(count);
        var reader = new SegmentTableReader(source, tablePosition);
        long end = SegmentLayout.HeaderBytes;
        for (int i = 0; i < count; i++)
        {
            SegmentSlice slice = reader.Read();
            if (slice.Position < end)
            {
                throw new SegmentFormatException($"Its slice of partition {slice.Partition} at {slice.Position} overlaps what lies before it.");
            }
            end = slice.Position + slice.Length;
            if (!byPartition.TryAdd(slice.Partition, slice))
            {
                throw new SegmentFormatException($"Its table has two slices of partition {slice.Partition}.");
            }
            slices[i] = slice;
        }
        reader.ThrowIfNotAtEnd();
        return new SegmentTable(objectId, slices, byPartition);
    }
}
