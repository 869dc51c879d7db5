using System.Text;
using StreamHouse.Client;
using StreamHouse.Client.Administration;
using StreamHouse.Client.Consumers;
using StreamHouse.Client.Producers;
using StreamHouse.IntegrationTests.Support;

namespace StreamHouse.IntegrationTests.Audits;

/// <summary>Short ways to write to and read from a server.</summary>
internal static class Traffic
{
    /// <summary>Makes a topic with one partition.</summary>
    public static async Task CreateAsync(ServerProcess server, string topic, RecordDurability durability = RecordDurability.Local)
    {
        await using StreamHouseClient client = new(server.Grpc.ToString());
        await client.Admin.CreateTopicAsync(new NewTopic(topic) { Partitions = 1, Durability = durability });
    }

    /// <summary>Writes <c>{prefix}-0</c> and so on, one acknowledged after the other.</summary>
    public static async Task ProduceAsync(ServerProcess server, string topic, string prefix, int records)
    {
        await using StreamHouseClient client = new(server.Grpc.ToString());
        await using Producer producer = client.CreateProducer();
        for (int i = 0; i < records; i++)
        {
            await producer.SendAsync(topic, default, Encoding.UTF8.GetBytes($"{prefix}-{i}"));
        }
    }

    /// <summary>Reads partition 0 from its first to its last record.</summary>
    /// <exception cref="StreamHouseException">It cannot be read.</exception>
    public static async Task<List<string>> ReadAsync(ServerProcess server, string topic)
    {
        await using StreamHouseClient client = new(server.Grpc.ToString());
        long end = (await client.Admin.ListOffsetsAsync(topic, OffsetSpec.Latest))[0].Offset;
        List<string> values = [];
        await using Consumer consumer = client.CreateConsumer();
        consumer.Assign(topic, ConsumerStart.Earliest);
        using CancellationTokenSource limit = new(TimeSpan.FromSeconds(30));
        if (end > 0)
        {
            await foreach (ConsumedRecord record in consumer.WithCancellation(limit.Token))
            {
                values.Add(Encoding.UTF8.GetString(record.Value!.Value.Span));
                if (record.Offset == end - 1)
                {
                    break;
                }
            }
        }
        return values;
    }

    /// <summary>What <see cref="ProduceAsync"/> wrote.</summary>
    public static IEnumerable<string> Values(string prefix, int records) => Enumerable.Range(0, records).Select(i => $"{prefix}-{i}");
}
