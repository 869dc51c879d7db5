using StreamHouse.Cli.Bench;

namespace StreamHouse.Tests.Cli;

public sealed class LatencyHistogramTests
{
    [Fact]
    public void Every_value_lies_in_a_bucket_no_wider_than_a_128th_of_it()
    {
        Random random = new(1);
        long[] edges = [0, 1, 127, 128, 255, 256, 257, 65_535, 65_536, long.MaxValue - 1, long.MaxValue];
        foreach (long value in edges.Concat(Enumerable.Range(0, 100_000).Select(_ => random.NextInt64() >> random.Next(63))))
        {
            int index = LatencyHistogram.IndexOf(value);
            long highest = LatencyHistogram.HighestOf(index);

            highest.ShouldBeGreaterThanOrEqualTo(value);
            (highest - value).ShouldBeLessThanOrEqualTo(value / 128);
            LatencyHistogram.IndexOf(highest).ShouldBe(index);
            if (highest < long.MaxValue)
            {
                LatencyHistogram.IndexOf(highest + 1).ShouldBe(index + 1);
            }
        }
    }

    [Fact]
    public void Percentiles_are_those_of_the_sorted_values()
    {
        LatencyHistogram histogram = new();
        Random random = new(2);
        long[] values = [.. Enumerable.Range(0, 50_000).Select(_ => (long)Math.Exp(random.NextDouble() * 20))];
        foreach (long value in values)
        {
            histogram.Record(value);
        }
        Array.Sort(values);

        foreach (double quantile in (double[])[0.001, 0.5, 0.95, 0.99, 0.999])
        {
            long exact = values[(int)Math.Ceiling(quantile * values.Length) - 1];
            histogram.ValueAt(quantile).ShouldBeInRange(exact, exact + (exact / 128));
        }
        histogram.ValueAt(1).ShouldBe(values[^1]);
        histogram.Max.ShouldBe(values[^1]);
        histogram.Count.ShouldBe(50_000);
    }

    [Fact]
    public void Recording_allocates_nothing()
    {
        LatencyHistogram histogram = new();
        SendTimes times = new();
        for (int round = 0; round < 2; round++)
        {
            Send();
        }
        long before = GC.GetAllocatedBytesForCurrentThread();

        Send();

        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);

        void Send()
        {
            for (int i = 0; i < 10_000; i++)
            {
                times.Add(i);
            }
            times.Complete(10_000, 20_000, histogram);
        }
    }

    [Fact]
    public void Send_times_come_back_in_order_while_the_ring_grows()
    {
        SendTimes times = new();
        LatencyHistogram histogram = new();
        long next = 0;
        long done = 0;
        for (int round = 1; round < 60; round++)
        {
            for (int i = 0; i < round * 50; i++)
            {
                times.Add(next++);
            }

            // Each record took exactly 100, if the oldest comes first.
            for (int i = 0; i < round * 40; i++)
            {
                times.Complete(1, done++ + 100, histogram);
            }
        }

        histogram.Max.ShouldBe(100);
        histogram.ValueAt(0).ShouldBe(100);
        times.Drop((int)(next - done));
    }
}
