// Writes many small records as fast as one producer can, and says how fast that was.
//   dotnet run -c Release --project samples/BulkProducer [address] [records]

using System.Diagnostics;
using System.Globalization;
using StreamHouse.Client;
using StreamHouse.Client.Administration;
using StreamHouse.Client.Producers;

const string Topic = "bulk";
string address = args.Length > 0 ? args[0] : "http://127.0.0.1:50051";
int records = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 1_000_000;

await using StreamHouseClient client = new(address);
try
{
    await client.Admin.CreateTopicAsync(new NewTopic(Topic) { Partitions = 4 });
}
catch (StreamHouseException e) when (e.Code == StreamHouseErrorCode.TopicAlreadyExists)
{
    // From the run before.
}

long acknowledged = 0;
await using Producer producer = client.CreateProducer(new ProducerOptions
{
    // Larger batches than the defaults: throughput rather than small memory.
    BatchRecordsMax = 10_000,
    BatchBytesMax = 1_000_000,
    OnDelivery = delivery => Interlocked.Add(ref acknowledged, delivery.Error is null ? delivery.RecordCount : 0),
});

byte[] value = new byte[100];
long begin = Stopwatch.GetTimestamp();
for (int i = 0; i < records; i++)
{
    // Waits only while the producer's buffer is full.
    await producer.EnqueueAsync(Topic, default, value);
}

// Throws if a record could not be delivered.
await producer.FlushAsync();
double seconds = Stopwatch.GetElapsedTime(begin).TotalSeconds;
Console.WriteLine($"{acknowledged:N0} records of {value.Length} bytes acknowledged in {seconds:N2} s: {acknowledged / seconds:N0} records/s");
