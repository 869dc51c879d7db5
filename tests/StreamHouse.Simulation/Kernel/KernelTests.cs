namespace StreamHouse.Simulation.Kernel;

public sealed class KernelTests
{
    [Fact]
    public void Time_passes_only_when_nothing_is_ready()
    {
        SimKernel kernel = new(1);
        List<string> happened = [];
        kernel.Run(async () =>
        {
            SimClock clock = kernel.World.Clock;
            DateTimeOffset began = clock.GetUtcNow();
            await Task.Delay(TimeSpan.FromHours(5), clock);
            happened.Add($"{clock.GetUtcNow() - began}");
        });
        happened.ShouldBe(["05:00:00"]);
        kernel.Now.ShouldBe(TimeSpan.FromHours(5));
    }

    [Fact]
    public void The_seed_chooses_among_what_is_ready()
    {
        HashSet<string> orders = [];
        for (ulong seed = 0; seed < 40; seed++)
        {
            string order = Order(seed);
            order.ShouldBe(Order(seed));
            orders.Add(order);
        }
        orders.Count.ShouldBe(6);
    }

    [Fact]
    public void Work_that_resumes_on_another_thread_is_caught()
    {
        SimKernel kernel = new(1);
        Should.Throw<SimulationEscapeException>(() => kernel.Run(async () =>
        {
            // Resumes on that thread, and from there on carries no context.
            TaskCompletionSource done = new();
            SoonElsewhere(done.SetResult);
            await done.Task.ConfigureAwait(false);
            await Task.Delay(TimeSpan.FromSeconds(1), kernel.World.Clock);
        }));
    }

    [Fact]
    public void A_wait_that_another_thread_ends_is_caught()
    {
        SimKernel kernel = new(1);
        using SemaphoreSlim semaphore = new(0);
        Should.Throw<SimulationEscapeException>(() => kernel.Run(async () =>
        {
            SoonElsewhere(() => semaphore.Release());
            await semaphore.WaitAsync();
        }));
    }

    [Fact]
    public void Nothing_left_to_do_before_the_end_is_a_failure()
    {
        SimKernel kernel = new(1);
        Should.Throw<SimulationStuckException>(() => kernel.Run(() => new TaskCompletionSource().Task));
    }

    [Fact]
    public void What_a_process_throws_and_nobody_expects_fails_the_run()
    {
        SimKernel kernel = new(1);
        InvalidOperationException failure = Should.Throw<InvalidOperationException>(() => kernel.Run(async () =>
        {
            new SimProcess(kernel, "p", kernel.Random.Fork()).Start(() => throw new InvalidOperationException("Not expected."));
            await kernel.DelayAsync(TimeSpan.FromSeconds(1));
        }));
        failure.Message.ShouldBe("Not expected.");
    }

    [Fact]
    public void A_killed_process_does_nothing_more_and_a_paused_one_goes_on_later()
    {
        SimKernel kernel = new(3);
        SimProcess killed = new(kernel, "killed", kernel.Random.Fork());
        SimProcess paused = new(kernel, "paused", kernel.Random.Fork());
        List<string> happened = [];
        kernel.Run(async () =>
        {
            killed.Start(() => TickAsync(killed, happened));
            paused.Start(() => TickAsync(paused, happened));
            await kernel.DelayAsync(TimeSpan.FromSeconds(2.5));
            killed.Kill();
            paused.Pause();
            await kernel.DelayAsync(TimeSpan.FromSeconds(5));
            paused.Resume();
            await kernel.DelayAsync(TimeSpan.FromSeconds(1.2));
        });
        happened.Count(h => h.StartsWith("killed", StringComparison.Ordinal)).ShouldBe(2);
        happened.Where(h => h.StartsWith("paused", StringComparison.Ordinal)).ShouldBe(["paused 1", "paused 2", "paused 7.5", "paused 8.5"]);
    }

    [Fact]
    public void A_drifting_clock_fires_early_and_shows_more_time()
    {
        SimKernel kernel = new(1);
        SimProcess fast = new(kernel, "fast", kernel.Random.Fork());
        fast.Clock.Rate = 2;
        fast.Clock.Skew = TimeSpan.FromHours(1);
        kernel.Run(async () =>
        {
            DateTimeOffset began = fast.Clock.GetUtcNow();
            (began - kernel.World.Clock.GetUtcNow()).ShouldBe(TimeSpan.FromHours(1));
            await Task.Delay(TimeSpan.FromSeconds(10), fast.Clock);
            kernel.Now.ShouldBe(TimeSpan.FromSeconds(5));
            (fast.Clock.GetUtcNow() - began).ShouldBe(TimeSpan.FromSeconds(10));
        });
    }

    private static async Task TickAsync(SimProcess process, List<string> happened)
    {
        while (true)
        {
            await Task.Delay(TimeSpan.FromSeconds(1), process.Clock);
            happened.Add(FormattableString.Invariant($"{process.Name} {process.Kernel.Now.TotalSeconds}"));
        }
    }

    private static string Order(ulong seed)
    {
        SimKernel kernel = new(seed);
        string order = "";
        kernel.Run(async () =>
        {
            List<Task> tasks = [];
            foreach (string name in new[] { "a", "b", "c" })
            {
                tasks.Add(AddAsync(name));
            }
            foreach (Task task in tasks)
            {
                await task;
            }
        });
        return order;

        async Task AddAsync(string name)
        {
            await Task.Yield();
            order += name;
        }
    }

    private static void SoonElsewhere(Action act)
    {
        Thread elsewhere = new(() =>
        {
            Thread.Sleep(20);
            act();
        });
        elsewhere.Start();
    }
}
