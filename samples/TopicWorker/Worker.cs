using StreamHouse.Client;
using StreamHouse.Client.Consumers;
using StreamHouse.Client.Groups;

namespace StreamHouse.Samples.TopicWorker;

/// <summary>Handles every record at least once: it commits a batch after it has handled all of it.</summary>
internal sealed class Worker(Consumer consumer, IConfiguration configuration, ILogger<Worker> log) : BackgroundService, IRebalanceListener
{
    public ValueTask AssignedAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken ct)
    {
        log.LogInformation("Taking over {Partitions}", string.Join(", ", partitions));
        return default;
    }

    public ValueTask RevokedAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken ct)
    {
        log.LogInformation("Handing over {Partitions}", string.Join(", ", partitions));
        return default;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // A topic that does not exist yet is waited for.
        consumer.Subscribe([configuration["Topic"] ?? "quick-start"], this);
        await foreach (ConsumedBatch batch in consumer.ReadBatchesAsync(stoppingToken))
        {
            int records = Handle(batch);
            try
            {
                await consumer.CommitAsync(stoppingToken);
            }
            catch (StreamHouseException e) when (e.Code is StreamHouseErrorCode.UnknownMember or StreamHouseErrorCode.IllegalGeneration)
            {
                log.LogWarning("{Topic}/{Partition} is another's by now, who handles these records again", batch.Topic, batch.Partition);
                continue;
            }
            log.LogInformation(
                "{Records} records of {Topic}/{Partition} up to offset {Offset} are done", records, batch.Topic, batch.Partition, batch.NextOffset);
        }
    }

    private static int Handle(ConsumedBatch batch)
    {
        int records = 0;
        foreach (ref readonly StreamHouse.Records.Record record in batch)
        {
            // The spans of a record are valid inside this loop; nothing is copied.
            records += record.Value.Span.IsEmpty ? 0 : 1;
        }
        return records;
    }
}
