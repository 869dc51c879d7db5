using StreamHouse.Records;

namespace StreamHouse.Tests.Records;

public sealed class RecordBatchWalkerTests
{
    [Fact]
    public void Batches_back_to_back_are_walked()
    {
        byte[] first = RecordBatchValidatorTests.Build(CompressionCodec.None, records: 2);
        byte[] second = RecordBatchValidatorTests.Build(CompressionCodec.Gzip, records: 300);
        byte[] both = [.. first, .. second];
        var counts = new List<int>();
        foreach (RecordBatchView batch in new RecordBatchWalker(both))
        {
            counts.Add(batch.RecordCount);
        }

        counts.ShouldBe([2, 300]);
    }

    [Fact]
    public void A_cut_tail_ends_the_walk_and_says_where()
    {
        byte[] batch = RecordBatchValidatorTests.Build(CompressionCodec.None, records: 2);
        for (int tail = 1; tail < batch.Length; tail++)
        {
            var walker = new RecordBatchWalker([.. batch, .. batch.AsSpan(0, tail)]);
            walker.Read().ShouldBeTrue();
            walker.Read().ShouldBeFalse();
            walker.Error.ShouldBe(RecordBatchError.Truncated);
            walker.NextPosition.ShouldBe(batch.Length);
            walker.Read().ShouldBeFalse("an error is final");
        }
    }

    [Fact]
    public void A_loop_over_a_cut_tail_throws()
    {
        byte[] batch = RecordBatchValidatorTests.Build(CompressionCodec.None, records: 2);
        Should.Throw<RecordFormatException>(() =>
        {
            foreach (RecordBatchView view in new RecordBatchWalker([.. batch, 0]))
            {
                view.RecordCount.ShouldBe(2);
            }
        }).Error.ShouldBe(RecordBatchError.Truncated);
    }
}
