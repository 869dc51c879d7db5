using StreamHouse.Broker;
using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Topics;
using StreamHouse.Simulation.Checkers;
using StreamHouse.Simulation.World;

namespace StreamHouse.Simulation.Actors;

/// <summary>Asks now and then where a partition ends.</summary>
/// <param name="world">The world.</param>
/// <param name="model">What is known.</param>
/// <param name="name">The actor's.</param>
/// <param name="partition">Which.</param>
/// <param name="consistency">The level asked for. Answers of <see cref="ReadConsistency.Strong"/> are linearizable only where nobody takes leases over.</param>
internal sealed class EndActor(SimWorld world, LogModel model, string name, TopicPartition partition, ReadConsistency consistency) : Actor(world, name)
{
    protected override async Task RunAsync()
    {
        while (!Finishing && !model[partition].Deleted)
        {
            TimeSpan began = World.Kernel.Now;
            try
            {
                OffsetResult answer = await Link.Connection.CallAsync(
                    b => b.FindOffsetAsync(partition, OffsetQuery.Latest, 0, consistency, CancellationToken.None), TimeSpan.FromSeconds(20));
                model[partition].Ends.Add(new EndOperation(began, World.Kernel.Now, answer.Offset));
                Link.Succeeded();
            }
            catch (Exception e) when (ClientLink.IsFailure(e) || (e is BrokerException known && Link.MayBeUnknown(known.Code, model[partition])))
            {
                await Link.AfterFailureAsync();
            }
            await PauseAsync(TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(4));
        }
    }
}
