using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Topics;
using StreamHouse.Simulation.Checkers;
using StreamHouse.Simulation.World;

namespace StreamHouse.Simulation.Actors;

/// <summary>Asks now and then where a partition ends.</summary>
internal sealed class EndActor(SimWorld world, LogModel model, string name, TopicPartition partition) : Actor(world, name)
{
    protected override async Task RunAsync()
    {
        while (!Finishing && !model[partition].Deleted)
        {
            TimeSpan began = World.Kernel.Now;
            try
            {
                OffsetResult answer = await Link.Connection.CallAsync(
                    b => b.FindOffsetAsync(partition, OffsetQuery.Latest, 0, CancellationToken.None), TimeSpan.FromSeconds(20));
                model[partition].Ends.Add(new EndOperation(began, World.Kernel.Now, answer.Offset));
                Link.Succeeded();
            }
            catch (Exception e) when (ClientLink.IsFailure(e))
            {
                await Link.AfterFailureAsync();
            }
            await PauseAsync(TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(4));
        }
    }
}
