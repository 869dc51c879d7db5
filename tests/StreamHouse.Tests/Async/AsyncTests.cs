using StreamHouse.Broker.Async;

namespace StreamHouse.Tests.Async;

public class AsyncTests
{
    [Fact]
    public async Task A_signal_set_before_the_wait_is_not_lost_and_counts_once()
    {
        AsyncSignal signal = new(TimeProvider.System);
        signal.Set();
        signal.Set();

        (await signal.WaitAsync(Timeout.InfiniteTimeSpan)).ShouldBeTrue();
        (await signal.WaitAsync(TimeSpan.FromMilliseconds(20))).ShouldBeFalse();
    }

    [Fact]
    public async Task A_signal_wakes_its_waiter_before_the_time_is_up()
    {
        AsyncSignal signal = new(TimeProvider.System);
        Task<bool> waiting = signal.WaitAsync(TimeSpan.FromMinutes(1));
        waiting.IsCompleted.ShouldBeFalse();

        signal.Set();

        (await waiting.WaitAsync(TimeSpan.FromSeconds(10))).ShouldBeTrue();
    }

    [Fact]
    public async Task A_gate_lets_callers_in_in_order_as_others_leave()
    {
        AsyncGate gate = new(2);
        await gate.EnterAsync();
        await gate.EnterAsync();
        Task third = gate.EnterAsync();
        Task fourth = gate.EnterAsync();
        third.IsCompleted.ShouldBeFalse();

        gate.Leave();
        await third.WaitAsync(TimeSpan.FromSeconds(10));
        fourth.IsCompleted.ShouldBeFalse();
        gate.Leave();
        await fourth.WaitAsync(TimeSpan.FromSeconds(10));
    }
}
