using System.Buffers;
using StreamHouse.Rpc.Wire;

namespace StreamHouse.Rpc.Consuming;

/// <summary>A bytes field gathered from slices.</summary>
internal static class BatchSlices
{
    /// <summary>Length of the field, 0 when it is left out.</summary>
    public static int Measure(IReadOnlyList<ReadOnlyMemory<byte>> slices)
    {
        int length = Sum(slices);
        return length == 0 ? 0 : ProtoWriter.DelimitedBytes(length);
    }

    public static void Write(ProtoWriter writer, int field, IReadOnlyList<ReadOnlyMemory<byte>> slices, IBufferWriter<byte> output)
    {
        int length = Sum(slices);
        if (length == 0)
        {
            return;
        }
        writer.Delimiter(field, length);
        for (int i = 0; i < slices.Count; i++)
        {
            output.Write(slices[i].Span);
        }
    }

    private static int Sum(IReadOnlyList<ReadOnlyMemory<byte>> slices)
    {
        int length = 0;
        for (int i = 0; i < slices.Count; i++)
        {
            length = checked(length + slices[i].Length);
        }
        return length;
    }
}
