using System.Text;
using StreamHouse.Records;
using StreamHouse.Rpc.Consuming;
using StreamHouse.Rpc.Grpc.Client;
using StreamHouse.Rpc.Services;
using StreamHouse.Rpc.V1;

namespace StreamHouse.IntegrationTests.Server;

/// <summary>Calls of the bare protocol, without the client library and what it would put right.</summary>
internal static class GrpcCalls
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static async Task<string> CreateTopicAsync(this RpcChannel channel, int partitions = 1, TopicDurability durability = TopicDurability.Default)
    {
        string name = $"t-{Guid.NewGuid():n}";
        await channel.UnaryAsync(
            AdminRpc.CreateTopic.Client, new CreateTopicRequest { Name = name, Partitions = partitions, Durability = durability }, default, Token);
        return name;
    }

    public static async Task<ProduceResponse> ProduceAsync(this RpcChannel channel, string topic, int partition, params string[] values) =>
        await channel.UnaryAsync(ProducerRpc.Produce, RequestOf(topic, partition, values), default, Token);

    public static ProduceRequest RequestOf(string topic, int partition, params string[] values)
    {
        RecordList records = new();
        records.Records.AddRange(values.Select(v => new StreamHouse.Rpc.V1.Record { Value = Google.Protobuf.ByteString.CopyFromUtf8(v) }));
        return new ProduceRequest { Topic = topic, Partition = partition, Records = records };
    }

    public static byte[] BatchOf(params string[] values)
    {
        using RecordBatchBuilder builder = new();
        foreach (string value in values)
        {
            builder.Add(1_700_000_000_000, OptionalBytes.Null, Encoding.UTF8.GetBytes(value));
        }
        return builder.Build(RecordBatchOptions.Default).ToArray();
    }

    public static async Task<List<(long Offset, string Value)>> FetchAsync(this RpcChannel channel, string topic, int partition, long offset, int maxWaitMs = 0)
    {
        using IncomingFetch answer = await channel.UnaryAsync(
            ConsumerRpc.Fetch,
            new FetchRequest { Topic = topic, Partition = partition, Offset = offset, MaxWaitMs = maxWaitMs, MinBytes = 1 },
            default, Token);
        return RecordsOf(answer.Batches.Span);
    }

    public static List<(long Offset, string Value)> RecordsOf(ReadOnlySpan<byte> batches)
    {
        List<(long, string)> records = [];
        using RecordBatchReader reader = new();
        foreach (RecordBatchView batch in new RecordBatchWalker(batches))
        {
            RecordReader inside = reader.Open(batch.Bytes);
            while (inside.Read())
            {
                records.Add((inside.Current.Offset, Encoding.UTF8.GetString(inside.Current.Value.Span)));
            }
        }
        return records;
    }
}
