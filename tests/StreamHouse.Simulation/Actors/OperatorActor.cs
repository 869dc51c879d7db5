using System.Globalization;
using StreamHouse.Broker;
using StreamHouse.Broker.Partitions;
using StreamHouse.Broker.Topics;
using StreamHouse.Simulation.Checkers;
using StreamHouse.Simulation.Scenarios;

namespace StreamHouse.Simulation.Actors;

/// <summary>
/// Creates topics, deletes them again, adds partitions, changes settings and deletes records. It asks again until it knows what became of each, and
/// looks whether what was acknowledged is so.
/// </summary>
/// <param name="run">The run, to which it adds clients of what it creates.</param>
/// <param name="name">Its name.</param>
/// <param name="alone">There is one process: what it has acknowledged is what it serves.</param>
internal sealed class OperatorActor(SimRun run, string name, bool alone) : Actor(run.World, name)
{
    private const int TopicsMax = 2;
    private const int CreationsMax = 5;
    private const int PartitionsMax = 3;

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(20);

    private readonly List<TopicModel> _mine = [];
    private int _created;

    private LogModel Model => run.Model;

    /// <summary>Changes acknowledged so far.</summary>
    public int Changes { get; private set; }

    protected override async Task RunAsync()
    {
        while (!Finishing)
        {
            await PauseAsync(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(40));
            TopicModel any = Random.Pick(Model.Topics);
            switch (Random.Next(8))
            {
                case 0 or 1 or 2 when _created < CreationsMax && _mine.Count(t => !t.Gone) < TopicsMax:
                    await CreateAsync();
                    break;
                case 3 when _mine.Find(t => !t.Gone) is { } topic:
                    await DeleteAsync(topic);
                    break;
                case 4 when _mine.Find(t => !t.Gone && t.Partitions < PartitionsMax) is { } topic:
                    await AddPartitionAsync(topic);
                    break;
                case 5 when !any.Gone:
                    await ConfigureAsync(any);
                    break;
                case 6 when !any.Gone:
                    await DeleteRecordsAsync(any);
                    break;
                default:
                    await LookAsync(any);
                    break;
            }
        }
    }

    private async Task CreateAsync()
    {
        string topic = string.Create(CultureInfo.InvariantCulture, $"made{Random.Next(TopicsMax)}");
        if (_mine.Exists(t => !t.Gone && t.Name == topic))
        {
            return;
        }
        int partitions = Random.Between(1, 2);
        Durability durability = alone && Random.Chance(0.6) ? Durability.Local : Durability.Object;
        World.Kernel.Trace.Add(Name, $"creates {topic}");
        TopicDescription created = await UntilKnownAsync(async b =>
        {
            try
            {
                return await b.CreateTopicAsync(topic, partitions, durability, TopicConfig.Default, CancellationToken.None);
            }
            catch (BrokerException e) when (e.Code == BrokerErrorCode.TopicAlreadyExists)
            {
                // By an earlier try. A process that shares its cluster learns of it with its next look at the metadata, and until then may still
                // know the former topic of this name.
                TopicDescription? found = b.FindTopic(topic);
                return found is not null && (alone || !_mine.Exists(t => t.Gone && t.Id == found.Id)) ? found
                    : alone ? throw new InvariantException($"Topic {topic} is said to exist, and is not there.")
                    : throw new BrokerException(BrokerErrorCode.Overloaded, $"Topic {topic} exists, and is not seen yet.");
            }
        });
        TopicModel model = new(created);
        Model.Created(model);
        _created++;
        _mine.Add(model);
        World.Kernel.Trace.Add(Name, $"created {topic} as {created.Id}");
        await LookAsync(model);
        for (int p = 0; p < partitions; p++)
        {
            await BeginAsync(model, p);
        }
    }

    private async Task BeginAsync(TopicModel topic, int number)
    {
        TopicPartition partition = new(topic.Id, number);
        Model[partition].MayExpire = topic.MayExpire;
        foreach (OffsetQuery query in new[] { OffsetQuery.Earliest, OffsetQuery.Latest })
        {
            OffsetResult found = await UntilKnownAsync(b => b.FindOffsetAsync(partition, query, 0, ReadConsistency.Strong, CancellationToken.None));
            topic.CheckNew(number, query, found.Offset);
        }
        run.Add(new ProducerActor(
            World, Model, $"{Name}.{_created}.{number}.p", partition, new ProducerPlan { Pause = (TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(6)) }));
        run.Add(new ReaderActor(World, Model, $"{Name}.{_created}.{number}.r", partition));
    }

    private async Task DeleteAsync(TopicModel topic)
    {
        World.Kernel.Trace.Add(Name, $"deletes {topic.Name}, {topic.Id}");
        for (int p = 0; p < topic.Partitions; p++)
        {
            Model[new TopicPartition(topic.Id, p)].Deleted = true;
        }
        await UntilKnownAsync(async b =>
        {
            try
            {
                await b.DeleteTopicAsync(topic.Id, CancellationToken.None);
            }
            catch (BrokerException e) when (e.Code == BrokerErrorCode.UnknownTopic)
            {
                // By an earlier try, unless who was asked has not heard of the topic yet.
                if (!alone && (await World.Database.Store.ListTopicsAsync(CancellationToken.None)).Any(t => t.Id == topic.Id))
                {
                    throw;
                }
            }
            return true;
        });
        topic.Gone = true;
        World.Kernel.Trace.Add(Name, $"deleted {topic.Name}");
        await LookAsync(topic);
    }

    private async Task AddPartitionAsync(TopicModel topic)
    {
        int wanted = topic.Partitions + 1;
        World.Kernel.Trace.Add(Name, $"adds partition {topic.Partitions} to {topic.Name}");
        await UntilKnownAsync(async b =>
        {
            try
            {
                await b.AddPartitionsAsync(topic.Id, wanted, CancellationToken.None);
            }
            catch (BrokerException e) when (e.Code == BrokerErrorCode.InvalidPartitions && (!alone || b.FindTopic(topic.Id)?.Partitions == wanted))
            {
                // By an earlier try.
                await Task.CompletedTask;
            }
            return true;
        });
        topic.Partitions = wanted;
        await LookAsync(topic);
        await BeginAsync(topic, wanted - 1);
    }

    private async Task ConfigureAsync(TopicModel topic)
    {
        (string setting, string value) = Random.Next(4) switch
        {
            0 => ("retention.bytes", "20000"),
            1 => ("retention.bytes", "-1"),
            2 => ("retention.ms", "20000"),
            _ => ("retention.ms", "604800000"),
        };
        World.Kernel.Trace.Add(Name, $"sets {setting} of {topic.Name} to {value}");
        topic.MayExpire = true;
        for (int p = 0; p < topic.Partitions; p++)
        {
            Model[new TopicPartition(topic.Id, p)].MayExpire = true;
        }
        TopicConfig wanted = topic.Config.With(setting, value);
        await UntilKnownAsync(b => b.SetTopicConfigAsync(topic.Id, wanted, CancellationToken.None));
        topic.Config = wanted;
        await LookAsync(topic);
    }

    private async Task DeleteRecordsAsync(TopicModel topic)
    {
        PartitionModel log = Model[new TopicPartition(topic.Id, Random.Next(topic.Partitions))];
        long offset = Random.Next((int)log.End + 1);
        log.AskedStart = Math.Max(log.AskedStart, offset);
        World.Kernel.Trace.Add(Name, $"deletes records of {log.Partition} below {offset}");
        try
        {
            long start = await Link.Connection.CallAsync(b => b.DeleteRecordsAsync(log.Partition, offset, CancellationToken.None), Timeout);
            log.SeeDeleted(offset, start);
            Changes++;
        }
        catch (Exception e) when (ClientLink.IsFailure(e)
            || e is BrokerException { Code: BrokerErrorCode.OffsetOutOfRange or BrokerErrorCode.UnknownTopic or BrokerErrorCode.UnknownPartition })
        {
            // Perhaps it happens, perhaps not: both are fine.
            await Link.AfterFailureAsync();
        }
    }

    private async Task LookAsync(TopicModel topic)
    {
        await UntilKnownAsync(async b =>
        {
            if (alone)
            {
                topic.Check(b, Name);
            }
            if (topic.Gone)
            {
                long next = 0;
                byte[] batch = RecordMaker.Make(Name, ref next, 1, 0, 0, Random, -1, 0).Bytes;
                TopicPartition partition = new(topic.Id, 0);
                AppendResult appended = await Requests.AppendAsync(b, partition, batch, Acks.All);
                Fetched fetched = await Requests.FetchAsync(b, partition, 0, 1000, TimeSpan.Zero);
                topic.CheckGone(appended.Error, fetched.Error, everywhere: alone);
            }
            return true;
        });
    }

    private async Task<T> UntilKnownAsync<T>(Func<LocalBroker, Task<T>> ask)
    {
        while (true)
        {
            try
            {
                T answer = await Link.Connection.CallAsync(ask, Timeout);
                Link.Succeeded();
                Changes++;
                return answer;
            }
            catch (Exception e) when (ClientLink.IsFailure(e) || (!alone && e is BrokerException { Code: BrokerErrorCode.UnknownTopic or BrokerErrorCode.UnknownPartition }))
            {
                // Another process may not have seen yet what one has made.
                World.Kernel.Trace.Add(Name, $"{e.Message}");
                await Link.AfterFailureAsync();
            }
        }
    }
}
