using StreamHouse.Client.Retries;

namespace StreamHouse.Client.Producers;

/// <summary>
/// What a partition does after a failure, with nothing in flight: wait, give up what is too old, learn whether the topic still exists, take a new
/// identity if the sequence has a hole, send again.
/// </summary>
internal sealed class PartitionRecovery(ProducerCore core, TopicProducer topic, int partition, PartitionProducer owner)
{
    private readonly Backoff _backoff = core.NewBackoff();

    /// <summary>A batch was acknowledged: the next failure waits only briefly.</summary>
    public void Succeeded() => _backoff.Reset();

    /// <summary>Runs once at a time.</summary>
    public async Task RunAsync()
    {
        try
        {
            (_, int batches, StreamHouseException? error) = owner.Look();
            if (batches > 0)
            {
                await WaitAsync(batches, error);
            }
            while (owner.Expire())
            {
                error = await TryPrepareAsync(error);
                if (error is null)
                {
                    break;
                }
                if (!error.IsRetriable)
                {
                    owner.FailAll(error);
                    break;
                }
                await WaitAsync(batches, error);
            }
            owner.Resume();
        }
        catch (OperationCanceledException)
        {
            // The producer is closed, which it is not before everything has ended.
        }
    }

    /// <returns>Null when sending may go on.</returns>
    private async Task<StreamHouseException?> TryPrepareAsync(StreamHouseException? error)
    {
        try
        {
            if (error?.Code is StreamHouseErrorCode.UnknownTopic or StreamHouseErrorCode.UnknownPartition && await topic.IsGoneAsync(partition))
            {
                return new StreamHouseException(error.Code, error.Message) { Topic = topic.Name, Partition = partition };
            }
            if (owner.Look().IsBroken)
            {
                owner.Renew(await core.NewIdentityAsync());
                Log.Renewed(core.Logger, topic.Name, partition);
            }
            return null;
        }
        catch (StreamHouseException e)
        {
            return e;
        }
    }

    private async Task WaitAsync(int batches, StreamHouseException? error)
    {
        TimeSpan delay = _backoff.Next();
        Log.Retrying(core.Logger, topic.Name, partition, batches, delay.TotalMilliseconds, error?.Message ?? "");
        await Task.Delay(delay, core.Clock, core.Closing);
    }
}
