using System.Globalization;
using System.Text;
using StreamHouse.Broker.Topics;
using StreamHouse.Client;
using StreamHouse.Client.Producers;
using StreamHouse.Records;
using StreamHouse.Records.Partitioning;
using StreamHouse.Simulation.Checkers;
using StreamHouse.Simulation.World;
using StreamHouse.Simulation.World.Nodes;

namespace StreamHouse.Simulation.Actors;

/// <summary>
/// An application with the .NET client's own <see cref="Producer"/>, idempotent, to all partitions of a topic: its batches, retries and identities are the
/// client's. What it was told of a record must be so: an acknowledged one is there, once, at its offset and behind those of earlier calls; one that is
/// said not to have been appended never shows; of one whose outcome is said to be unknown either is fine.
/// </summary>
internal sealed class ClientProducerActor(SimWorld world, LogModel model, string name, TopicDescription topic) : Actor(world, name)
{
    private readonly List<Sent> _sent = [];
    private long _nextRecord;
    private int _open;

    /// <summary>Records acknowledged so far.</summary>
    public int Acknowledged { get; private set; }

    protected override async Task RunAsync()
    {
        ProducerOptions options = new()
        {
            BatchRecordsMax = Random.Between(1, 20),
            BatchBytesMax = Random.Between(300, 4000),
            BufferBytesMax = Random.Chance(0.3) ? 2000 : 1 << 20,
            InFlightPerPartitionMax = Random.Between(1, ProducerOptions.IdempotentInFlightMax),
            Linger = TimeSpan.FromMilliseconds(Random.Between(0, 200)),
            RequestTimeout = TimeSpan.FromSeconds(Random.Between(2, 15)),
            DeliveryTimeout = TimeSpan.FromSeconds(Random.Chance(0.5) ? Random.Between(3, 20) : 120),
            MetadataAgeMax = TimeSpan.FromSeconds(Random.Between(5, 60)),
        };
        // Of a seed, the runtime's generator makes the same numbers on every version.
        Producer producer = new(new SimClientTransport(World, Process), options, Process.Clock, new Random(Random.Next(int.MaxValue)), new SimLoggers(Process));
        while (!Finishing)
        {
            int count = Random.Between(1, 6);
            for (int i = 0; i < count; i++)
            {
                _ = SendAsync(producer);
            }
            if (Random.Chance(0.2))
            {
                await producer.FlushAsync();
            }
            await PauseAsync(TimeSpan.FromMilliseconds(5), TimeSpan.FromSeconds(6));
        }
        await producer.DisposeAsync();
        while (_open > 0)
        {
            await PauseAsync(TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(10));
        }
        NoteOrder();
    }

    private async Task SendAsync(Producer producer)
    {
        _open++;
        try
        {
            await SendOneAsync(producer);
        }
        catch (Exception e)
        {
            World.Kernel.Fail(e);
        }
        _open--;
    }

    private async Task SendOneAsync(Producer producer)
    {
        byte[] key = Encoding.ASCII.GetBytes($"{Name}/{Random.Next(8)}");
        byte[] value = new byte[Random.Between(24, 300)];
        Random.Fill(value);
        Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{_nextRecord++}/"), value);
        int? chosen = Random.Chance(0.5) ? Random.Next(topic.Partitions) : null;
        TopicPartition partition = new(topic.Id, chosen ?? KeyPartitioner.PartitionOf(key, topic.Partitions));
        Sent sent = new(partition, RecordMaker.Hash(key, value), World.Kernel.Now);
        model.Made.Add(sent.Record);
        _sent.Add(sent);
        try
        {
            Acknowledge(sent, await producer.SendAsync(topic.Name, new OptionalBytes(key), new OptionalBytes(value), partition: chosen));
        }
        catch (StreamHouseException e) when (e.IsOutcomeUnknown || e.IsRetriable)
        {
            World.Kernel.Trace.Add(Name, $"{sent.Record:x16} failed, {(e.IsOutcomeUnknown ? "perhaps" : "surely")}: {e.Message}");
            if (e.IsOutcomeUnknown)
            {
                model[partition].Appends.Add(new AppendOperation(sent.Record, 1, sent.Began, null, -1));
            }
            else
            {
                model[partition].Refuse(sent.Record, Name);
            }
        }
        catch (StreamHouseException e)
        {
            throw new InvariantException($"{Name} was refused by {partition}: {e}");
        }
    }

    private void Acknowledge(Sent sent, RecordMetadata metadata)
    {
        World.Kernel.Trace.Add(Name, $"{sent.Record:x16} acknowledged at {metadata.Offset} of {metadata.Partition}");
        PartitionModel log = model[sent.Partition];
        log.SeePartition(metadata.Partition, Name);
        log.Learn(metadata.Offset, sent.Record, acknowledged: true, Name);
        log.Appends.Add(new AppendOperation(sent.Record, 1, sent.Began, World.Kernel.Now, metadata.Offset));
        sent.IsAcknowledged = true;
        Acknowledged++;
    }

    // Of one partition, in the order of the calls.
    private void NoteOrder()
    {
        foreach (IGrouping<TopicPartition, Sent> log in _sent.Where(s => s.IsAcknowledged).GroupBy(s => s.Partition))
        {
            model[log.Key].Orders.Add([.. log.Select(s => s.Record)]);
        }
    }

    private sealed class Sent(TopicPartition partition, ulong record, TimeSpan began)
    {
        public TopicPartition Partition => partition;

        public ulong Record => record;

        public TimeSpan Began => began;

        public bool IsAcknowledged { get; set; }
    }
}
