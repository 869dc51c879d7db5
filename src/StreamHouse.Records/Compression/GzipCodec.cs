using System.Buffers.Binary;
using System.IO.Compression;

namespace StreamHouse.Records.Compression;

/// <summary>One gzip member, as every Kafka client writes.</summary>
internal static class GzipCodec
{
    private const int HeaderAndTrailerBytes = 18;

    public static unsafe RecordBatchError TryDecompress(ReadOnlySpan<byte> input, PooledBytes output)
    {
        if (input.Length < HeaderAndTrailerBytes)
        {
            return RecordBatchError.CorruptCompression;
        }

        fixed (byte* start = input)
        {
            using var source = new UnmanagedMemoryStream(start, input.Length);
            using var gzip = new GZipStream(source, CompressionMode.Decompress);
            try
            {
                for (int read; (read = gzip.Read(output.Room())) > 0;)
                {
                    output.Advance(read);
                    if (output.IsOverLimit)
                    {
                        return RecordBatchError.DecompressionTooLarge;
                    }
                }
            }
            catch (Exception e) when (e is InvalidDataException or IOException)
            {
                return RecordBatchError.CorruptCompression;
            }
        }

        // GZipStream lets a cut trailer and bytes behind the member pass; other clients do not. The trailer ends in the size.
        return BinaryPrimitives.ReadUInt32LittleEndian(input[^sizeof(uint)..]) == (uint)output.Length
            ? RecordBatchError.None
            : RecordBatchError.CorruptCompression;
    }

    public static void Compress(ReadOnlySpan<byte> input, PooledBytes output)
    {
        using var target = new PooledBytesStream(output);
        using var gzip = new GZipStream(target, CompressionLevel.Fastest);
        gzip.Write(input);
    }

    private sealed class PooledBytesStream(PooledBytes output) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => output.Length;

        public override long Position
        {
            get => output.Length;
            set => throw new NotSupportedException();
        }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            buffer.CopyTo(output.Room(buffer.Length));
            output.Advance(buffer.Length);
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
