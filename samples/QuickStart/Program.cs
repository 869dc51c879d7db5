// Creates a topic, writes ten records to it and reads them back.
//   dotnet run --project samples/QuickStart [address]

using System.Text;
using StreamHouse.Client;
using StreamHouse.Client.Administration;
using StreamHouse.Client.Consumers;
using StreamHouse.Client.Producers;

const string Topic = "quick-start";
await using StreamHouseClient client = new(args.Length > 0 ? args[0] : "http://127.0.0.1:50051");

try
{
    await client.Admin.CreateTopicAsync(new NewTopic(Topic) { Partitions = 3 });
}
catch (StreamHouseException e) when (e.Code == StreamHouseErrorCode.TopicAlreadyExists)
{
    Console.WriteLine($"Topic {Topic} is there already.");
}

await using (Producer producer = client.CreateProducer())
{
    for (int i = 0; i < 10; i++)
    {
        // The same key always goes to the same partition, so its records stay in order.
        RecordMetadata written = await producer.SendAsync(Topic, Encoding.UTF8.GetBytes($"customer-{i % 3}"), Encoding.UTF8.GetBytes($"order {i}"));
        Console.WriteLine($"wrote  {Topic}/{written.Partition}@{written.Offset} ({written.Durability})");
    }
}

await using Consumer consumer = client.CreateConsumer();
consumer.Assign(Topic, ConsumerStart.Earliest);
int read = 0;
await foreach (ConsumedRecord record in consumer)
{
    Console.WriteLine($"read   {Topic}/{record.Partition}@{record.Offset} {Text(record.Key)}: {Text(record.Value)}");
    if (++read == 10)
    {
        break;
    }
}

static string Text(ReadOnlyMemory<byte>? bytes) => bytes is { } some ? Encoding.UTF8.GetString(some.Span) : "null";
