using StreamHouse.Server.Kafka.Polling;

namespace StreamHouse.Tests.KafkaListening.Polling;

/// <summary>Changes and tries in every order in which one could miss the other.</summary>
public sealed class ReadinessTests
{
    private readonly Readiness _readiness = new();

    [Fact]
    public async Task Wait_lasts_until_a_change_and_goes_on_on_the_thread_that_tells_of_it()
    {
        _readiness.Tried();
        Task<Thread> after = WaitAsync(onPool: false);
        after.IsCompleted.ShouldBeFalse();

        Thread teller = Tell(mayRun: true);

        (await after).ShouldBeSameAs(teller);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(false, false)]
    public async Task Pool_goes_on_when_it_was_asked_to_or_this_thread_must_not(bool onPool, bool mayRun)
    {
        _readiness.Tried();
        Task<Thread> after = WaitAsync(onPool);

        Tell(mayRun);

        (await after.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken)).IsThreadPoolThread.ShouldBeTrue();
    }

    [Fact]
    public void Change_during_a_try_that_found_nothing_is_not_missed()
    {
        _readiness.Tried();
        _readiness.Signal(mayRun: true);

        WaitAsync(onPool: false).IsCompleted.ShouldBeTrue();
    }

    [Fact]
    public void Try_forgets_the_changes_before_it()
    {
        _readiness.Signal(mayRun: true);
        _readiness.Tried();

        WaitAsync(onPool: false).IsCompleted.ShouldBeFalse();
    }

    [Fact]
    public void Try_that_left_something_needs_no_change()
    {
        _readiness.Tried();
        _readiness.Set();

        WaitAsync(onPool: false).IsCompleted.ShouldBeTrue();
    }

    [Fact]
    public void After_the_end_nothing_waits_however_often_it_is_tried()
    {
        _readiness.Tried();
        Task<Thread> after = WaitAsync(onPool: false);

        _readiness.End(mayRun: true);

        after.IsCompleted.ShouldBeTrue();
        _readiness.Tried();
        WaitAsync(onPool: false).IsCompleted.ShouldBeTrue();
    }

    [Fact]
    public void Every_change_ends_one_wait_and_the_next_one_waits_again()
    {
        for (int i = 0; i < 1000; i++)
        {
            _readiness.Tried();
            Task<Thread> after = WaitAsync(onPool: false);
            after.IsCompleted.ShouldBeFalse();
            _readiness.Signal(mayRun: true);
            after.IsCompleted.ShouldBeTrue();
        }
    }

    private async Task<Thread> WaitAsync(bool onPool)
    {
        (await _readiness.WaitAsync(onPool).ConfigureAwait(false)).ShouldBe(0);
        return Thread.CurrentThread;
    }

    private Thread Tell(bool mayRun)
    {
        Thread teller = new(() => _readiness.Signal(mayRun));
        teller.Start();
        teller.Join();
        return teller;
    }
}
