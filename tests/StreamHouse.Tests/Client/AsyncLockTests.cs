using StreamHouse.Client;

namespace StreamHouse.Tests.Client;

public sealed class AsyncLockTests
{
    private readonly VirtualTime _time = new();
    private readonly AsyncLock _lock = new();

    [Fact]
    public void One_is_in_at_a_time_and_the_others_follow_in_their_order() => _time.Run(() =>
    {
        List<int> order = [];
        _lock.TryEnter().ShouldBeTrue();
        Task[] waiting = [EnterAsync(1), EnterAsync(2), EnterAsync(3)];
        _time.Settle();
        order.ShouldBeEmpty();
        _lock.TryEnter().ShouldBeFalse();
        foreach (int turn in (int[])[1, 2, 3])
        {
            _lock.Exit();
            _time.Settle();
            order.ShouldBe(Enumerable.Range(1, turn));
        }
        waiting.ShouldAllBe(task => task.IsCompletedSuccessfully);
        _lock.TryEnter().ShouldBeFalse();
        _lock.Exit();
        _lock.TryEnter().ShouldBeTrue();

        async Task EnterAsync(int number)
        {
            await _lock.EnterAsync(default);
            order.Add(number);
        }
    });

    [Fact]
    public void Who_gives_up_waiting_holds_nobody_up() => _time.Run(() =>
    {
        using CancellationTokenSource impatience = new();
        _lock.TryEnter();
        Task impatient = _lock.EnterAsync(impatience.Token).AsTask();
        Task patient = _lock.EnterAsync(default).AsTask();
        impatience.Cancel();
        _time.Settle();
        impatient.IsCanceled.ShouldBeTrue();
        _lock.Exit();
        _time.Settle();
        patient.IsCompletedSuccessfully.ShouldBeTrue();
        _lock.Exit();
        _lock.TryEnter().ShouldBeTrue();
    });

    [Fact]
    public void Turn_that_comes_together_with_giving_up_is_passed_on() => _time.Run(() =>
    {
        using CancellationTokenSource impatience = new();
        _lock.TryEnter();
        Task impatient = _lock.EnterAsync(impatience.Token).AsTask();
        Task patient = _lock.EnterAsync(default).AsTask();

        // The wait is cancelled before it has seen that its turn has come.
        impatience.Cancel();
        _lock.Exit();
        _time.Settle();
        impatient.IsCanceled.ShouldBeTrue();
        patient.IsCompletedSuccessfully.ShouldBeTrue();
    });
}
