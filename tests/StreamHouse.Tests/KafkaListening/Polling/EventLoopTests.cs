using System.Diagnostics;
using StreamHouse.Server.Kafka.Polling;

namespace StreamHouse.Tests.KafkaListening.Polling;

/// <summary>What runs on an event loop, what leaves it, and what becomes of both when it ends.</summary>
public sealed class EventLoopTests : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly EventLoop _loop = new();
    private bool _ended;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await EventLoop.LeaveAsync();
        if (!_ended)
        {
            _loop.Dispose();
        }
    }

    [Fact]
    public async Task Entering_and_leaving_change_the_thread()
    {
        EventLoop.IsCurrent.ShouldBeFalse();

        (bool entered, bool hasContext, bool left) = await OnLoopAsync(async () =>
        {
            bool isCurrent = EventLoop.IsCurrent;
            bool context = SynchronizationContext.Current is not null;
            await EventLoop.LeaveAsync();
            return (isCurrent, context, Thread.CurrentThread.IsThreadPoolThread);
        });

        entered.ShouldBeTrue();
        // Else all that a connection awaits would come back to the loop.
        hasContext.ShouldBeFalse();
        left.ShouldBeTrue();
    }

    [Fact]
    public async Task What_a_method_that_stays_awaits_comes_back_and_else_does_not()
    {
        TaskCompletionSource inside = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource outside = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<bool> cameBack = await BeginOnLoopAsync(() => IsOnLoopAfterAsync(inside.Task, stays: true));
        Task<bool> stayedAway = await BeginOnLoopAsync(() => IsOnLoopAfterAsync(outside.Task));

        inside.SetResult();
        outside.SetResult();

        (await cameBack.WaitAsync(Patience, Token)).ShouldBeTrue();
        (await stayedAway.WaitAsync(Patience, Token)).ShouldBeFalse();
    }

    [Fact]
    public async Task Caller_of_a_method_that_stays_does_not()
    {
        TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        bool hasContext = await OnLoopAsync(() =>
        {
            _ = IsOnLoopAfterAsync(ended.Task, stays: true);
            return Task.FromResult(SynchronizationContext.Current is not null);
        });

        hasContext.ShouldBeFalse();
        ended.SetResult();
    }

    [Fact]
    public async Task Whoever_waits_for_a_method_that_stays_no_more_goes_on_right_there()
    {
        TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        async Task StayAsync()
        {
            EventLoop.Stay();
            await ended.Task;
            EventLoop.StayNoMore();
        }
        Task<bool> after = await BeginOnLoopAsync(async () =>
        {
            await StayAsync();
            return EventLoop.IsCurrent;
        });

        ended.SetResult();

        (await after.WaitAsync(Patience, Token)).ShouldBeTrue();
    }

    [Fact]
    public void Elsewhere_staying_changes_nothing()
    {
        SynchronizationContext? before = SynchronizationContext.Current;
        EventLoop.Stay();
        SynchronizationContext.Current.ShouldBeSameAs(before);
        EventLoop.StayNoMore();
        SynchronizationContext.Current.ShouldBeSameAs(before);
    }

    [Fact]
    public async Task Posts_of_many_threads_all_run_on_the_loop_in_the_order_of_each()
    {
        LoopContext context = await OnLoopAsync(() =>
        {
            EventLoop.Stay();
            LoopContext current = (LoopContext)SynchronizationContext.Current!;
            EventLoop.StayNoMore();
            return Task.FromResult(current);
        });
        const int threads = 4;
        const int posts = 20_000;
        int[] next = new int[threads];
        int wrong = 0;
        TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        int left = threads * posts;

        Thread[] posters = [.. Enumerable.Range(0, threads).Select(t => new Thread(() =>
        {
            for (int i = 0; i < posts; i++)
            {
                int number = i;
                context.Post(_ =>
                {
                    wrong += EventLoop.IsCurrent && next[t]++ == number ? 0 : 1;
                    if (--left == 0)
                    {
                        done.SetResult();
                    }
                }, null);
            }
        }))];
        Array.ForEach(posters, p => p.Start());

        await done.Task.WaitAsync(Patience, Token);
        wrong.ShouldBe(0);
    }

    [Fact]
    public async Task Timer_calls_back_on_the_loop_when_it_is_due_and_not_before()
    {
        long began = Stopwatch.GetTimestamp();
        bool onLoop = await OnLoopAsync(async () =>
        {
            // Before the timer is made: that is what makes it the loop's.
            EventLoop.Stay();
            await Task.Delay(TimeSpan.FromMilliseconds(30), LoopClock.Instance, Token);
            return EventLoop.IsCurrent;
        });

        onLoop.ShouldBeTrue();
        Stopwatch.GetElapsedTime(began).ShouldBeInRange(TimeSpan.FromMilliseconds(29.9), Patience);
    }

    [Fact]
    public async Task Timers_fire_in_their_order_as_often_as_they_should_and_not_when_stopped()
    {
        List<string> fired = [];
        TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        void Note(object? name)
        {
            lock (fired)
            {
                fired.Add((string)name!);
                if (fired.Count(f => f == "often") == 3)
                {
                    done.TrySetResult();
                }
            }
        }
        using LoopTimer late = _loop.CreateTimer(Note, "late", TimeSpan.FromMilliseconds(40), Timeout.InfiniteTimeSpan);
        using LoopTimer early = _loop.CreateTimer(Note, "early", TimeSpan.FromMilliseconds(10), Timeout.InfiniteTimeSpan);
        using LoopTimer stopped = _loop.CreateTimer(Note, "stopped", TimeSpan.FromMilliseconds(20), Timeout.InfiniteTimeSpan);
        stopped.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan).ShouldBeTrue();
        using LoopTimer moved = _loop.CreateTimer(Note, "moved", TimeSpan.FromHours(1), Timeout.InfiniteTimeSpan);
        moved.Change(TimeSpan.FromMilliseconds(20), Timeout.InfiniteTimeSpan).ShouldBeTrue();
        using LoopTimer often = _loop.CreateTimer(Note, "often", TimeSpan.FromMilliseconds(60), TimeSpan.FromMilliseconds(5));

        await done.Task.WaitAsync(Patience, Token);

        fired[..6].ShouldBe(["early", "moved", "late", "often", "often", "often"]);
    }

    [Fact]
    public void Clock_elsewhere_is_the_systems()
    {
        using ITimer timer = LoopClock.Instance.CreateTimer(static _ => { }, null, TimeSpan.FromHours(1), Timeout.InfiniteTimeSpan);
        timer.ShouldNotBeOfType<LoopTimer>();
        Math.Abs(LoopClock.Instance.GetTimestamp() - TimeProvider.System.GetTimestamp()).ShouldBeLessThan(TimeProvider.System.TimestampFrequency);
    }

    [Fact]
    public async Task After_its_end_the_pool_goes_on_with_posts_and_timers()
    {
        TaskCompletionSource inside = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<bool> cameBack = await BeginOnLoopAsync(() => IsOnLoopAfterAsync(inside.Task, stays: true));
        TaskCompletionSource<bool> fired = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource<bool> set = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using LoopTimer running = _loop.CreateTimer(_ => fired.TrySetResult(EventLoop.IsCurrent), null, TimeSpan.FromMilliseconds(300), Timeout.InfiniteTimeSpan);
        using LoopTimer idle = _loop.CreateTimer(_ => set.TrySetResult(EventLoop.IsCurrent), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        End();
        inside.SetResult();
        idle.Change(TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan).ShouldBeTrue();

        (await cameBack.WaitAsync(Patience, Token)).ShouldBeFalse();
        (await fired.Task.WaitAsync(Patience, Token)).ShouldBeFalse();
        (await set.Task.WaitAsync(Patience, Token)).ShouldBeFalse();
    }

    private static async Task<bool> IsOnLoopAfterAsync(Task task, bool stays = false)
    {
        if (stays)
        {
            EventLoop.Stay();
        }
        await task;
        return EventLoop.IsCurrent;
    }

    private async Task<T> OnLoopAsync<T>(Func<Task<T>> act)
    {
        T result = await (await BeginOnLoopAsync(act)).WaitAsync(Patience, Token);
        // The rest of a test must not hold up the loop.
        await EventLoop.LeaveAsync();
        return result;
    }

    private async Task<Task<T>> BeginOnLoopAsync<T>(Func<Task<T>> act)
    {
        await _loop.EnterAsync();
        Task<T> begun = act();
        await EventLoop.LeaveAsync();
        return begun;
    }

    private void End()
    {
        _ended = true;
        _loop.Dispose();
    }
}
