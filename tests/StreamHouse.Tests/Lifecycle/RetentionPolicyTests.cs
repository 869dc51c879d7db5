using StreamHouse.Broker.Lifecycle;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Tests.Lifecycle;

/// <summary>Where a log may begin.</summary>
public class RetentionPolicyTests
{
    private const long Hour = 3_600_000;

    private static readonly DateTimeOffset Now = new(2026, 6, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly long NowMs = Now.ToUnixTimeMilliseconds();

    [Fact]
    public void Slices_older_than_the_topic_keeps_them_go()
    {
        LogStart(Age(1), Slice(0, 10, NowMs - (3 * Hour)), Slice(10, 20, NowMs - (2 * Hour)), Slice(20, 30, NowMs)).ShouldBe(20);
    }

    [Fact]
    public void Slice_of_exactly_the_age_stays_and_one_a_millisecond_older_goes()
    {
        LogStart(Age(1), Slice(0, 10, NowMs - Hour)).ShouldBe(0);
        LogStart(Age(1), Slice(0, 10, NowMs - Hour - 1)).ShouldBe(10);
    }

    [Fact]
    public void Slice_that_must_stay_keeps_all_after_it()
    {
        LogStart(Age(1), Slice(0, 10, NowMs), Slice(10, 20, 0)).ShouldBe(0);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(long.MinValue)]
    [InlineData(long.MaxValue)]
    [InlineData(1_790_000_000_000_000)]
    public void Absurd_timestamp_counts_as_the_time_of_the_commit(long timestamp)
    {
        LogStart(Age(1), Slice(0, 10, timestamp, committed: NowMs - Hour - 1)).ShouldBe(10);
        LogStart(Age(1), Slice(0, 10, timestamp, committed: NowMs - Hour)).ShouldBe(0);
    }

    [Fact]
    public void Timestamp_in_the_future_does_not_keep_what_comes_after_it_for_ever()
    {
        LogStart(Age(1), Slice(0, 10, NowMs + 1, committed: NowMs - (2 * Hour)), Slice(10, 20, NowMs - (2 * Hour))).ShouldBe(20);
    }

    [Fact]
    public void Plausible_timestamp_counts_whenever_it_was_committed()
    {
        LogStart(Age(1), Slice(0, 10, NowMs, committed: 0)).ShouldBe(0);
        LogStart(Age(1), Slice(0, 10, 0, committed: NowMs)).ShouldBe(10);
    }

    [Fact]
    public void Without_limits_everything_stays()
    {
        LogStart(Age(-1), Slice(0, 10, 0), Slice(10, 20, -1, committed: 0)).ShouldBe(0);
    }

    [Fact]
    public void Age_of_zero_removes_all_but_this_very_millisecond()
    {
        LogStart(Config(0, -1), Slice(0, 10, NowMs - 1), Slice(10, 20, NowMs)).ShouldBe(10);
    }

    [Fact]
    public void Largest_age_does_not_overflow()
    {
        LogStart(Config(long.MaxValue, -1), Slice(0, 10, 0), Slice(10, 20, long.MinValue)).ShouldBe(0);
    }

    [Theory]
    [InlineData(300, 0)]
    [InlineData(201, 0)]
    [InlineData(200, 10)]
    [InlineData(101, 10)]
    [InlineData(100, 20)]
    [InlineData(1, 20)]
    [InlineData(0, 30)]
    public void Slices_go_while_what_stays_is_at_least_the_limit(long bytes, long expected)
    {
        LogStart(Config(-1, bytes), Slice(0, 10, NowMs), Slice(10, 20, NowMs), Slice(20, 30, NowMs)).ShouldBe(expected);
    }

    [Fact]
    public void Either_limit_suffices()
    {
        LogStart(Config(Hour, 100), Slice(0, 10, 0), Slice(10, 20, NowMs), Slice(20, 30, NowMs)).ShouldBe(20);
    }

    [Fact]
    public void Bytes_removed_by_age_count_for_the_size_too()
    {
        LogStart(Config(Hour, 200), Slice(0, 10, 0), Slice(10, 20, NowMs), Slice(20, 30, NowMs)).ShouldBe(10);
    }

    [Fact]
    public void Log_start_never_passes_the_high_watermark()
    {
        RetentionPolicy.LogStart([Slice(0, 10, 0), Slice(10, 20, 0)], Age(1), Now, 0, highWatermark: 15).ShouldBe(10);
    }

    [Fact]
    public void Log_start_never_goes_back()
    {
        RetentionPolicy.LogStart([Slice(0, 10, 0)], Age(1), Now, logStart: 12, highWatermark: 30).ShouldBe(12);
        RetentionPolicy.LogStart([], Age(1), Now, logStart: 12, highWatermark: 30).ShouldBe(12);
    }

    [Fact]
    public void Slice_that_the_log_start_lies_within_goes_whole_or_not_at_all()
    {
        RetentionPolicy.LogStart([Slice(0, 10, NowMs)], Age(1), Now, logStart: 5, highWatermark: 30).ShouldBe(5);
        RetentionPolicy.LogStart([Slice(0, 10, 0)], Age(1), Now, logStart: 5, highWatermark: 30).ShouldBe(10);
    }

    private static long LogStart(TopicConfig config, params SegmentRow[] segments) => RetentionPolicy.LogStart(segments, config, Now, 0, long.MaxValue);

    private static TopicConfig Age(long hours) => Config(hours < 0 ? -1 : hours * Hour, -1);

    private static TopicConfig Config(long ms, long bytes) => TopicConfig.Default.With("retention.ms", $"{ms}").With("retention.bytes", $"{bytes}");

    private static SegmentRow Slice(long from, long to, long timestamp, long committed = 0) => new(
        new TopicPartition(new TopicId(Guid.Empty), 0), from, to, 1, Guid.Empty, "key", 1000, 64, 100, timestamp, to - from,
        DateTimeOffset.FromUnixTimeMilliseconds(committed));
}
