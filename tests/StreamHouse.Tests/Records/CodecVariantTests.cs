using System.Text;
using StreamHouse.Records;
using StreamHouse.Records.Compression;

namespace StreamHouse.Tests.Records;

/// <summary>
/// Frames that other writers may send. The bytes are from Debian's python3-lz4 4.0.2 and python3-zstandard 0.20.0 over "0123456789" and
/// 1000 times "stream"; Snappy's are by hand from its format description.
/// </summary>
public sealed class CodecVariantTests
{
    private static readonly string Expected = "0123456789" + string.Concat(Enumerable.Repeat("stream", 1000));

    // lz4.frame.compress(block_size=BLOCKSIZE_MAX4MB, block_linked=True, content_checksum=True, block_checksum=True, store_size=True)
    private const string Lz4Linked = "04224d187c407a17000000000000aa32000000ff013031323334353637383973747265616d0600ffffffffffffffffffffffffffffffffffffffffffffff6950747265616d04b285830000000099b9fc49";

    // compress(first 2000 bytes) + compress(the rest): two frames
    private const string ZstdTwoFrames = "28b52ffd60d006bd0000803031323334353637383973747265616d01007acf5f9628b52ffd60aa0e6d000030616d737472650100a18f5f8a";

    // ZstdCompressor(level=19, write_checksum=True)
    private const string ZstdChecksum = "28b52ffd647a16c50000803031323334353637383973747265616d0100ce2e7d5902d2cadd27";

    // window_log=27 without content size: the decoder must keep 128 MiB of history at hand
    private const string ZstdLargeWindow = "28b52ffd0088c50000803031323334353637383973747265616d0100ce2e7d5902";

    // window_log=30: more than a decoder accepts by default
    private const string ZstdHugeWindow = "28b52ffd00a0bd0000803031323334353637383973747265616d010022535902";

    [Theory]
    [InlineData(CompressionCodec.Lz4, Lz4Linked)]
    [InlineData(CompressionCodec.Zstd, ZstdTwoFrames)]
    [InlineData(CompressionCodec.Zstd, ZstdChecksum)]
    [InlineData(CompressionCodec.Zstd, ZstdLargeWindow)]
    public void Frames_of_other_shapes_are_read(CompressionCodec codec, string hex)
    {
        using var decompressor = new Decompressor(10_000);
        for (int round = 0; round < 3; round++)
        {
            decompressor.TryDecompress(codec, Convert.FromHexString(hex), out ReadOnlySpan<byte> output).ShouldBe(RecordBatchError.None);
            Encoding.ASCII.GetString(output).ShouldBe(Expected);
        }
    }

    [Fact]
    public void A_window_beyond_the_decoders_bound_is_refused() =>
        Decompress(CompressionCodec.Zstd, Convert.FromHexString(ZstdHugeWindow)).Error.ShouldBe(RecordBatchError.CorruptCompression);

    [Theory]
    [InlineData(CompressionCodec.Lz4, Lz4Linked)]
    [InlineData(CompressionCodec.Zstd, ZstdChecksum)]
    public void A_checksum_that_does_not_match_is_told(CompressionCodec codec, string hex)
    {
        byte[] frame = Convert.FromHexString(hex);
        frame[^1] ^= 1;
        Decompress(codec, frame).Error.ShouldBe(RecordBatchError.CorruptCompression);
    }

    [Theory]
    [InlineData("00", "")]
    [InlineData("0308616263", "abc")]
    [InlineData("0b" + "08616263" + "1103", "abcabcabcab")] // copy of 8 with a 1-byte offset of 3, over its own output
    [InlineData("07" + "08616263" + "0e0300", "abcabca")] // copy of 4 with a 2-byte offset
    [InlineData("07" + "08616263" + "0f03000000", "abcabca")] // copy of 4 with a 4-byte offset
    [InlineData("03" + "f002" + "616263", "abc")] // literal length in one extra byte
    [InlineData("03" + "f40200" + "616263", "abc")]
    [InlineData("03" + "f8020000" + "616263", "abc")]
    [InlineData("03" + "fc02000000" + "616263", "abc")]
    public void Snappy_elements_of_every_kind_are_read(string hex, string expected)
    {
        (RecordBatchError error, byte[] output) = Decompress(CompressionCodec.Snappy, Convert.FromHexString(hex));
        error.ShouldBe(RecordBatchError.None);
        Encoding.ASCII.GetString(output).ShouldBe(expected);
    }

    [Theory]
    [InlineData("")] // no length
    [InlineData("80")] // a length that does not end
    [InlineData("04" + "08616263")] // fewer bytes than announced
    [InlineData("02" + "08616263")] // more
    [InlineData("07" + "08616263" + "0e0400")] // a copy from before the start
    [InlineData("07" + "08616263" + "0e0000")] // a copy from itself
    [InlineData("07" + "08616263" + "0f030000ff")] // an offset beyond 31 bits
    [InlineData("07" + "08616263" + "0e03")] // a copy cut short
    [InlineData("03" + "fcffffffff" + "616263")] // a literal of 4 GiB
    [InlineData("03" + "fc0200")] // a literal length cut short
    [InlineData("ffffffff0f" + "08616263")] // 4 GiB announced: refused without a buffer
    [InlineData("82534e41505059")] // not quite the xerial magic, and no raw block either
    [InlineData("82534e4150505900" + "0000000100000001" + "00000005" + "0308616263" + "00")] // a chunk length cut short
    [InlineData("82534e4150505900" + "0000000100000001" + "00000006" + "0308616263")] // a chunk cut short
    [InlineData("82534e4150505900" + "0000000100000001" + "ffffffff" + "0308616263")] // a negative chunk length
    [InlineData("82534e4150505900" + "00000001000000")] // a header cut short
    public void Malformed_Snappy_is_refused(string hex) =>
        Decompress(CompressionCodec.Snappy, Convert.FromHexString(hex)).Error.ShouldBe(RecordBatchError.CorruptCompression);

    [Fact]
    public void Snappy_chunks_share_one_limit()
    {
        const string Chunk = "00000005" + "0308616263";
        const string TwoChunks = "82534e4150505900" + "0000000100000001" + Chunk + Chunk;
        using var enough = new Decompressor(6);
        using var tooSmall = new Decompressor(5);
        enough.TryDecompress(CompressionCodec.Snappy, Convert.FromHexString(TwoChunks), out ReadOnlySpan<byte> output).ShouldBe(RecordBatchError.None);
        Encoding.ASCII.GetString(output).ShouldBe("abcabc");
        tooSmall.TryDecompress(CompressionCodec.Snappy, Convert.FromHexString(TwoChunks), out _).ShouldBe(RecordBatchError.DecompressionTooLarge);
    }

    private static (RecordBatchError Error, byte[] Output) Decompress(CompressionCodec codec, byte[] input)
    {
        using var decompressor = new Decompressor(1_000_000);
        RecordBatchError error = decompressor.TryDecompress(codec, input, out ReadOnlySpan<byte> output);
        return (error, output.ToArray());
    }
}
