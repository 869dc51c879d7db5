using StreamHouse.Broker;
using StreamHouse.Simulation.Kernel;
using StreamHouse.Simulation.World.Nodes;

namespace StreamHouse.Simulation.World.Network;

/// <summary>
/// A client's connection to a node. Requests arrive in the order they were sent; a new connection knows nothing of what is still under way on
/// an old one, so that a request given up long ago may yet arrive.
/// </summary>
internal sealed class SimConnection(SimNetwork network, SimProcess client, SimNode node)
{
    private readonly Queue<Action> _inbox = new();
    private SimProcess? _peer;
    private TimeSpan _lastArrival;
    private bool _broken;
    private bool _refused;

    public SimNode Node => node;

    /// <summary>False once a message was lost: open another connection then.</summary>
    public bool IsOpen => !_broken;

    /// <summary>Sends a request and waits for its answer.</summary>
    /// <param name="handle">What the node does with it, in its process.</param>
    /// <param name="timeout">Until the client gives up.</param>
    /// <param name="repeatable">The network may deliver it twice.</param>
    /// <exception cref="SimNetworkException">The outcome is unknown.</exception>
    public Task<T> CallAsync<T>(Func<LocalBroker, Task<T>> handle, TimeSpan timeout, bool repeatable = false)
    {
        TaskCompletionSource<T> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        SimTimer limit = network.Kernel.Schedule(client, timeout, static b => ((Action)b!)(), () => Break(answer));
        if (Send(handle, answer, limit) && repeatable && network.Random.Chance(network.Faults.Duplicates))
        {
            Send(handle, new TaskCompletionSource<T>(), null);
        }
        return answer.Task;
    }

    private bool Send<T>(Func<LocalBroker, Task<T>> handle, TaskCompletionSource<T> answer, SimTimer? limit)
    {
        if (_broken || network.Travel(client.Name, node.Name) is not { } delay)
        {
            _broken = true;
            return false;
        }
        TimeSpan arrival = network.Kernel.Now + delay;
        arrival = arrival > _lastArrival ? arrival : _lastArrival + TimeSpan.FromTicks(1);
        _lastArrival = arrival;
        network.Kernel.Schedule(network.Kernel.World, arrival - network.Kernel.Now, static a => ((Action)a!)(), () => Arrive(handle, answer, limit));
        return true;
    }

    private void Arrive<T>(Func<LocalBroker, Task<T>> handle, TaskCompletionSource<T> answer, SimTimer? limit)
    {
        SimProcess process = node.Process;
        _peer ??= process;
        // Once refused, nothing more of this connection is taken: what was sent behind must not overtake what was lost, although the process serves by now.
        if (_refused || !process.Alive || process != _peer || node.Broker is not { } broker)
        {
            (_refused, _broken) = (true, true);
            Reply(limit, () => answer.TrySetException(new BrokerException(BrokerErrorCode.ShuttingDown, "Connection refused.")));
            return;
        }
        // In order of arrival, also after a pause.
        _inbox.Enqueue(() => _ = HandleAsync(broker, handle, answer, limit));
        process.Start(() =>
        {
            _inbox.Dequeue()();
            return Task.CompletedTask;
        });
    }

    private async Task HandleAsync<T>(LocalBroker broker, Func<LocalBroker, Task<T>> handle, TaskCompletionSource<T> answer, SimTimer? limit)
    {
        try
        {
            T result = await handle(broker);
            Reply(limit, () => answer.TrySetResult(result));
        }
        catch (Exception e) when (e is BrokerException or OperationCanceledException)
        {
            Reply(limit, () => answer.TrySetException(e is BrokerException ? e : new BrokerException(BrokerErrorCode.ShuttingDown, e.Message)));
        }
        catch (Exception e)
        {
            network.Kernel.Fail(e);
        }
    }

    private void Reply(SimTimer? limit, Action deliver)
    {
        if (network.Travel(node.Name, client.Name) is { } delay)
        {
            network.Kernel.Schedule(network.Kernel.World, delay, _ =>
            {
                deliver();
                limit?.Cancel();
            }, null);
        }
    }

    private void Break<T>(TaskCompletionSource<T> answer)
    {
        if (answer.TrySetException(new SimNetworkException($"No answer from {node.Name}.")))
        {
            _broken = true;
        }
    }
}
