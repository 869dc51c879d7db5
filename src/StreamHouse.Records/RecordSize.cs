using System.Text;

namespace StreamHouse.Records;

/// <summary>What a record will take in a batch.</summary>
internal static class RecordSize
{
    /// <summary>Bytes of a record after its length prefix; a long, since the parts together may pass 2 GiB.</summary>
    public static long BodyBytes(long timestampDelta, int offsetDelta, int keyLength, int valueLength, ReadOnlySpan<RecordHeader> headers)
    {
        long bytes = 1L + Varint.Size(timestampDelta) + Varint.Size(offsetDelta)
            + Varint.Size(keyLength) + Math.Max(keyLength, 0)
            + Varint.Size(valueLength) + Math.Max(valueLength, 0)
            + Varint.Size(headers.Length);
        foreach (ref readonly RecordHeader header in headers)
        {
            int name = Encoding.UTF8.GetByteCount(header.Key);
            int value = header.Value?.Length ?? -1;
            bytes += Varint.Size(name) + name + Varint.Size(value) + Math.Max(value, 0);
        }

        return bytes;
    }
}
