using StreamHouse.Broker.Partitions;
using StreamHouse.Tests.Support;

namespace StreamHouse.Tests.Partitions;

public class WaitTimeoutsTests
{
    private readonly ManualTimeProvider _clock = new();

    [Fact]
    public void Waits_that_ended_early_are_not_kept_until_the_longest_one_ends()
    {
        WaitTimeouts timeouts = new(_clock);
        FetchWaiter longest = new(1);
        timeouts.WakeAfter(longest, TimeSpan.FromSeconds(1));
        for (int i = 0; i < 100_000; i++)
        {
            FetchWaiter waiter = new(1);
            timeouts.WakeAfter(waiter, TimeSpan.FromMinutes(5));
            waiter.Wake();
            timeouts.End(waiter);
            timeouts.Count.ShouldBeLessThan(200);
        }
        longest.Woken.IsCompleted.ShouldBeFalse();
    }

    [Fact]
    public async Task Waits_that_go_on_end_in_time_after_others_were_dropped()
    {
        WaitTimeouts timeouts = new(_clock);
        FetchWaiter[] waiters = [.. Enumerable.Range(0, 1000).Select(_ => new FetchWaiter(1))];
        for (int i = 0; i < waiters.Length; i++)
        {
            timeouts.WakeAfter(waiters[i], TimeSpan.FromMilliseconds(i));
        }
        foreach (FetchWaiter ended in waiters.Where((_, i) => i % 10 != 0))
        {
            timeouts.End(ended);
        }
        timeouts.Count.ShouldBeLessThan(400);

        for (int i = 0; i < 500 && !waiters[990].Woken.IsCompleted; i++)
        {
            _clock.Advance(TimeSpan.FromMilliseconds(5));
            await Task.Delay(1);
        }

        waiters.Where((_, i) => i % 10 == 0).ShouldAllBe(w => w.Woken.IsCompleted);
        timeouts.Count.ShouldBe(0);
    }

    [Fact]
    public async Task Waits_that_end_at_about_the_same_time_are_woken_together_and_not_early()
    {
        WaitTimeouts timeouts = new(_clock);
        FetchWaiter[] waiters = new FetchWaiter[500];
        for (int i = 0; i < waiters.Length; i++)
        {
            timeouts.WakeAfter(waiters[i] = new FetchWaiter(1), TimeSpan.FromMilliseconds(500));
            _clock.Advance(TimeSpan.FromMilliseconds(1));
        }

        int wakings = 0;
        for (int ms = 500; ms < 1100; ms++)
        {
            int before = waiters.Count(w => w.Woken.IsCompleted);
            before.ShouldBeLessThanOrEqualTo(ms - 500 + 1);
            _clock.Advance(TimeSpan.FromMilliseconds(1));
            await Task.Delay(1);
            wakings += waiters.Count(w => w.Woken.IsCompleted) > before ? 1 : 0;
        }

        waiters.ShouldAllBe(w => w.Woken.IsCompleted);
        wakings.ShouldBeLessThan(40);
    }

    [Fact]
    public async Task A_short_wait_ends_in_time_behind_a_long_one()
    {
        WaitTimeouts timeouts = new(_clock);
        FetchWaiter longest = new(1);
        FetchWaiter shortest = new(1);
        timeouts.WakeAfter(longest, TimeSpan.FromSeconds(10));
        timeouts.WakeAfter(shortest, TimeSpan.FromMilliseconds(20));

        for (int ms = 0; ms < 30; ms++)
        {
            _clock.Advance(TimeSpan.FromMilliseconds(1));
            await Task.Delay(1);
        }

        shortest.Woken.IsCompleted.ShouldBeTrue();
        longest.Woken.IsCompleted.ShouldBeFalse();
    }
}
