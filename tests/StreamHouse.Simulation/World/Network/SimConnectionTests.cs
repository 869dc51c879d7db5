using StreamHouse.Broker;
using StreamHouse.Simulation.Checkers;
using StreamHouse.Simulation.Kernel;
using StreamHouse.Simulation.Scenarios;
using StreamHouse.Simulation.World.Nodes;

namespace StreamHouse.Simulation.World.Network;

public sealed class SimConnectionTests
{
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(1);

    [Fact]
    public void What_was_sent_behind_a_refused_request_is_refused_although_the_process_serves_by_then() => Run(async (kernel, world, node) =>
    {
        SimConnection connection = new(world.Network, new SimProcess(kernel, "client", kernel.Random.Fork()), node);
        bool handled = false;
        Task<bool> first = CallAsync(connection, () => handled = true);
        world.Network.Faults = new NetworkFaults { Delay = (TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(20)) };
        Task<bool> second = CallAsync(connection, () => handled = true);
        (await Thrown.ByAsync<BrokerException>(() => first)).Code.ShouldBe(BrokerErrorCode.ShuttingDown);
        connection.IsOpen.ShouldBeFalse();
        (await Thrown.ByAsync<BrokerException>(() => second)).Code.ShouldBe(BrokerErrorCode.ShuttingDown);
        node.Broker.ShouldNotBeNull();
        handled.ShouldBeFalse();
    });

    [Fact]
    public void A_request_that_was_given_up_may_yet_arrive() => Run(async (kernel, world, node) =>
    {
        await kernel.DelayAsync(TimeSpan.FromSeconds(30));
        world.Network.Faults = new NetworkFaults { Delay = (TimeSpan.FromSeconds(90), TimeSpan.FromSeconds(90)) };
        SimConnection connection = new(world.Network, new SimProcess(kernel, "client", kernel.Random.Fork()), node);
        bool handled = false;
        await Thrown.ByAsync<SimNetworkException>(() => CallAsync(connection, () => handled = true));
        connection.IsOpen.ShouldBeFalse();
        handled.ShouldBeFalse();
        await kernel.DelayAsync(TimeSpan.FromSeconds(40));
        handled.ShouldBeTrue();
    });

    [Fact]
    public void What_a_request_throws_and_no_client_is_told_fails_the_run() => Should.Throw<NotSupportedException>(() => Run(async (kernel, world, node) =>
    {
        await kernel.DelayAsync(TimeSpan.FromSeconds(30));
        SimConnection connection = new(world.Network, new SimProcess(kernel, "client", kernel.Random.Fork()), node);
        await CallAsync(connection, () => throw new NotSupportedException());
    }));

    private static Task<bool> CallAsync(SimConnection connection, Action act) => connection.CallAsync(
        _ =>
        {
            act();
            return Task.FromResult(true);
        },
        Timeout);

    /// <summary>With a node that has just been started, and does not serve yet.</summary>
    private static void Run(Func<SimKernel, SimWorld, SimNode, Task> test)
    {
        SimKernel kernel = new(1);
        kernel.Run(async () =>
        {
            await using SimWorld world = await SimWorld.CreateAsync(kernel);
            SimNode node = world.AddNode(EngineOptions.Small);
            node.Start();
            await test(kernel, world, node);
        });
    }
}
