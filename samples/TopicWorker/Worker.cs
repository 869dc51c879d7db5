using StreamHouse.Client;
using StreamHouse.Client.Consumers;

namespace StreamHouse.Samples.TopicWorker;

/// <summary>Handles every record at least once: it commits a batch after it has handled all of it.</summary>
internal sealed class Worker(Consumer consumer, IConfiguration configuration, ILogger<Worker> log) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        string topic = configuration["Topic"] ?? "quick-start";
        consumer.Assign(topic, ConsumerStart.Committed);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await foreach (ConsumedBatch batch in consumer.ReadBatchesAsync(stoppingToken))
                {
                    int records = Handle(batch);
                    await consumer.CommitAsync(stoppingToken);
                    log.LogInformation(
                        "{Records} records of {Topic}/{Partition} up to offset {Offset} are done", records, batch.Topic, batch.Partition, batch.NextOffset);
                }
            }
            catch (StreamHouseException e) when (e.Code == StreamHouseErrorCode.UnknownTopic)
            {
                log.LogWarning("Topic {Topic} does not exist yet", topic);
                await Task.Delay(TimeSpan.FromSeconds(2), stoppingToken);
            }
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
