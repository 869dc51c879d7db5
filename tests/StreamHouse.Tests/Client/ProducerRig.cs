using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using StreamHouse.Client.Producers;

namespace StreamHouse.Tests.Client;

/// <summary>A producer, a cluster and virtual time.</summary>
internal sealed class ProducerRig
{
    public const string Topic = "orders";

    public ProducerRig(ProducerOptions? options = null, int partitions = 1, int seed = 1)
    {
        Cluster.Topics[Topic] = partitions;
        Producer = new Producer(Cluster, options ?? new ProducerOptions(), Time, new Random(seed), NullLogger.Instance);
    }

    public VirtualTime Time { get; } = new();

    public FakeCluster Cluster { get; } = new();

    public Producer Producer { get; }

    // Awaited here: AsTask would end the task on a pool thread.
    public async Task<RecordMetadata> Send(string value, string? key = null, int? partition = null, CancellationToken ct = default) =>
        await Producer.SendAsync(Topic, key is null ? null : Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(value), partition: partition, ct: ct);

    /// <summary>Makes the topic known, so that the records that follow are taken at once; holds what comes after.</summary>
    public void Warm()
    {
        Time.Await(Send("warm", partition: 0));
        Cluster.Sent.Clear();
        Cluster.Holds = true;
    }
}
