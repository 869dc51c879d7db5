using System.Diagnostics;
using StreamHouse.Client.Producers;
using StreamHouse.IntegrationTests.Audits;

namespace StreamHouse.IntegrationTests.Kafka;

/// <summary>
/// The crash audit over the Kafka protocol: idempotent librdkafka producers write to a topic and a group of librdkafka consumers reads it and commits,
/// while the server is killed at random moments; one topic is durable in the node log, the other in the object store. At the end the log is held against what producers were told, and the committed offsets against what
/// members were told.
/// </summary>
/// <param name="seed">Decides when it is killed.</param>
internal sealed class KafkaCrashAudit(int seed)
{
    private const string Group = "audit";
    private const int LastingProducers = 5;

    private static readonly (string Name, int Partitions, RecordDurability Durability)[] Topics =
        [("logged", 4, RecordDurability.Local), ("stored", 2, RecordDurability.Object)];

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly Random _random = new(seed);
    private readonly AuditLedger _log = new();
    private readonly GroupLedger _group = new();
    private readonly List<Flood> _producers = [];
    private readonly List<GroupMember> _members = [];

    /// <summary>Runs the audit.</summary>
    /// <returns>What was done, in figures.</returns>
    public async Task<string> RunAsync(int rounds)
    {
        long began = Stopwatch.GetTimestamp();
        await using KafkaServer server = await KafkaServer.StartAsync(isRecorded: false);
        await using (DotnetClient dotnet = new(server.Process.Grpc.ToString()))
        {
            foreach ((string name, int partitions, RecordDurability durability) in Topics)
            {
                await dotnet.CreateTopicAsync(name, partitions, durability);
            }
        }
        try
        {
            for (int i = 0; i < LastingProducers; i++)
            {
                _producers.Add(await StartAsync(server, i, Flood.Never));
            }
            foreach (string name in new[] { "one", "two" })
            {
                _members.Add(await GroupMember.JoinAsync(name, ClientProcess.StartConfluent(server.Bootstrap), _group, Group, string.Join(',', Topics.Select(t => t.Name)), "cooperative-sticky"));
            }
            for (int round = 0; round < rounds; round++)
            {
                // One that gives up: it leaves records whose outcome nobody was told.
                await using Flood brief = await StartAsync(server, LastingProducers + round, TimeSpan.FromSeconds(1));
                await Task.Delay(_random.Next(200, 1500));
                await server.RestartAsync(kill: true);
                await brief.StopAsync();
            }
            foreach (Flood producer in _producers)
            {
                await producer.StopAsync();
            }
            await CheckAsync(server);
            // And as recovered once more, with nothing in flight.
            await server.RestartAsync(kill: true);
            await CheckAsync(server);
        }
        finally
        {
            foreach (IAsyncDisposable client in _producers.Cast<IAsyncDisposable>().Concat(_members))
            {
                await client.DisposeAsync();
            }
        }
        _log.Faults.ShouldBeEmpty($"seed {seed}, the last server's log:\n{server.Process.Log}");
        (long logged, long stored) = (_log.AcknowledgedOf(Topics[0].Name), _log.AcknowledgedOf(Topics[1].Name));
        logged.ShouldBeGreaterThan(0);
        stored.ShouldBeGreaterThan(0);
        return $"seed {seed}: {rounds} kills under load, {logged} records acknowledged in the node log and {stored} in the object store, {_log.Unacknowledged} given up, "
            + $"{_group.Delivered.Count} delivered to the group, {Stopwatch.GetElapsedTime(began).TotalSeconds:F0} s, 0 faults";
    }

    // Every third writes to the object store.
    private Task<Flood> StartAsync(KafkaServer server, int number, TimeSpan timeout)
    {
        (string topic, int partitions, _) = Topics[number % 3 == 2 ? 1 : 0];
        return Flood.StartAsync(server.Bootstrap, _log, number, topic, partitions, timeout);
    }

    private async Task CheckAsync(KafkaServer server)
    {
        await using DotnetClient dotnet = new(server.Process.Grpc.ToString());
        Dictionary<AuditPartition, List<string>> logs = [];
        Dictionary<AuditPartition, List<AuditIdentity>> identities = [];
        foreach ((string topic, _, _) in Topics)
        {
            foreach ((int partition, List<string> log) in await dotnet.ReadAllAsync(topic))
            {
                logs.Add(new AuditPartition(topic, partition), log);
            }
            foreach ((int partition, List<AuditIdentity> writers) in await dotnet.ReadProducersAsync(topic))
            {
                identities.Add(new AuditPartition(topic, partition), writers);
            }
        }
        await DeliveredAsync(logs);
        foreach ((AuditPartition at, List<string> log) in logs)
        {
            _log.Check(at, [.. log.Select(Flood.Identify)], producer => producer < LastingProducers, identities[at]);
        }
        foreach (Delivered delivered in _group.Delivered)
        {
            List<string> log = logs[new AuditPartition(delivered.Topic, delivered.Partition)];
            if (delivered.Offset >= log.Count || log[(int)delivered.Offset] != delivered.Value)
            {
                _log.Fault($"{delivered.Topic}/{delivered.Partition}@{delivered.Offset}: a member of the group saw other bytes than are there.");
            }
        }
        using HttpApiClient http = new(server.Process.Http);
        var stored = (await http.CommittedAsync(Group)).ToDictionary(c => (c.Topic, c.Partition), c => c.Offset);
        foreach (((string Topic, int Partition) partition, long committed) in _group.Committed)
        {
            long offset = stored.GetValueOrDefault(partition, -1);
            int end = logs[new AuditPartition(partition.Topic, partition.Partition)].Count;
            if (offset < committed || offset > end)
            {
                _log.Fault($"{partition}: the commit of {committed} was acknowledged, {offset} is stored, the log ends at {end}.");
            }
        }
    }

    /// <summary>Waits until the group was given every record of the log.</summary>
    private async Task DeliveredAsync(Dictionary<AuditPartition, List<string>> logs)
    {
        long began = Stopwatch.GetTimestamp();
        while (true)
        {
            HashSet<(string, int, long)> seen = [.. _group.Delivered.Select(d => (d.Topic, d.Partition, d.Offset))];
            if (seen.Count >= logs.Values.Sum(l => l.Count))
            {
                return;
            }
            if (Stopwatch.GetElapsedTime(began) > Patience)
            {
                throw new TimeoutException(
                    $"Seed {seed}: the group was given {seen.Count} of {logs.Values.Sum(l => l.Count)} records. {string.Join("; ", _members.Select(m => $"{m.Name}: {m.Trouble}"))}");
            }
            await Task.Delay(500);
        }
    }
}
