using System.Text;
using StreamHouse.Records.Partitioning;

namespace StreamHouse.Tests.Records.Partitioning;

public sealed class KeyPartitionerTests
{
    // Made with kafka-python 2.0.2: murmur2(key) & 0xffffffff, then (hash & 0x7fffffff) % 7 and % 64.
    [Theory]
    [InlineData("", 275646681u, 2, 25)]
    [InlineData("a", 2731586172u, 5, 60)]
    [InlineData("ab", 316155434u, 0, 42)]
    [InlineData("abc", 479470107u, 4, 27)]
    [InlineData("abcd", 2971317748u, 5, 52)]
    [InlineData("hello", 2132663229u, 4, 61)]
    [InlineData("21", 3321034988u, 3, 44)]
    [InlineData("foobar", 3504634814u, 0, 62)]
    [InlineData("a-little-bit-long-string", 3308985760u, 1, 32)]
    [InlineData("a-little-bit-longer-string", 2808662467u, 0, 3)]
    [InlineData("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", 4236069325u, 3, 13)]
    [InlineData("żółw", 1005548696u, 5, 24)]
    public void Key_goes_where_other_clients_put_it(string key, uint hash, int ofSeven, int ofSixtyFour)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(key);

        KeyPartitioner.Murmur2(bytes).ShouldBe(hash);
        KeyPartitioner.PartitionOf(bytes, 7).ShouldBe(ofSeven);
        KeyPartitioner.PartitionOf(bytes, 64).ShouldBe(ofSixtyFour);
    }

    [Fact]
    public void Bytes_above_127_hash_as_other_clients_hash_them()
    {
        byte[] all = [.. Enumerable.Range(0, 256).Select(i => (byte)i)];

        KeyPartitioner.Murmur2(all).ShouldBe(2346620022u);
        KeyPartitioner.Murmur2([0xff, 0xfe, 0xfd]).ShouldBe(998637092u);
    }

    [Fact]
    public void Number_of_partitions_must_be_positive() =>
        Should.Throw<ArgumentOutOfRangeException>(() => KeyPartitioner.PartitionOf("k"u8, 0));
}
