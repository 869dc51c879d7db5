using StreamHouse.Client;
using StreamHouse.Client.Administration;
using StreamHouse.Client.Consumers;

namespace StreamHouse.IntegrationTests.Audits;

/// <summary>Reads partitions from their beginning, checking that offsets are dense and every record has its bytes.</summary>
internal static class LogReader
{
    /// <summary>Reads all that is there now.</summary>
    public static async Task<Dictionary<AuditPartition, List<AuditRecord>>> ReadAllAsync(StreamHouseClient client, IEnumerable<string> topics, CancellationToken ct)
    {
        Dictionary<AuditPartition, List<AuditRecord>> logs = [];
        long missing = 0;
        await using Consumer consumer = client.CreateConsumer();
        foreach (string topic in topics)
        {
            List<int> partitions = [];
            foreach (OffsetInfo end in await client.Admin.ListOffsetsAsync(topic, OffsetSpec.Latest, ct: ct))
            {
                logs.Add(new AuditPartition(topic, end.Partition), []);
                missing += end.Offset;
                if (end.Offset > 0)
                {
                    partitions.Add(end.Partition);
                }
            }
            if (partitions.Count > 0)
            {
                consumer.Assign(topic, ConsumerStart.Earliest, partitions);
            }
        }
        if (missing > 0)
        {
            await foreach (ConsumedRecord record in consumer.WithCancellation(ct))
            {
                Add(logs[new AuditPartition(record.Topic, record.Partition)], record);
                if (--missing == 0)
                {
                    break;
                }
            }
        }
        return logs;
    }

    /// <summary>Reads on and on, through restarts of the server, until it is stopped.</summary>
    public static async Task FollowAsync(
        StreamHouseClient client, IEnumerable<string> topics, Dictionary<AuditPartition, List<AuditRecord>> seen, AuditLedger ledger, CancellationToken stop)
    {
        try
        {
            await using Consumer consumer = client.CreateConsumer();
            foreach (string topic in topics)
            {
                consumer.Assign(topic, ConsumerStart.Earliest);
            }
            await foreach (ConsumedRecord record in consumer.WithCancellation(stop))
            {
                Add(seen[new AuditPartition(record.Topic, record.Partition)], record);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
        catch (Exception e)
        {
            ledger.Fault($"The reader beside the producers failed: {e}");
        }
    }

    private static void Add(List<AuditRecord> log, ConsumedRecord record)
    {
        if (record.Offset != log.Count)
        {
            throw new InvalidDataException($"{record.Topic}/{record.Partition}: offset {record.Offset} came where {log.Count} was due.");
        }
        log.Add(AuditRecord.Identify(record));
    }
}
