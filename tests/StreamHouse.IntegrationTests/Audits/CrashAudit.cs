using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using StreamHouse.Client;
using StreamHouse.Client.Administration;
using StreamHouse.Client.Producers;
using StreamHouse.IntegrationTests.Support;

namespace StreamHouse.IntegrationTests.Audits;

/// <summary>
/// Rounds of SIGKILL at random moments, also while starting, under load by idempotent producers: lasting ones that try again until they succeed, and in every
/// round one that gives up early; or what else is done to the server before it would be killed. A reader follows all along. Afterwards the whole log is held against what was acknowledged and what was seen.
/// </summary>
internal sealed class CrashAudit(int seed, IReadOnlyDictionary<string, string> environment, Func<ServerProcess, Task>? beforeKill = null)
{
    private const int LastingProducers = 4;

    private static readonly (string Name, int Partitions, RecordDurability Durability)[] Topics =
        [("logged", 4, RecordDurability.Local), ("stored", 2, RecordDurability.Object)];

    private readonly AuditLedger _ledger = new();
    private readonly Random _random = new(seed);
    private readonly string _folder = Directory.CreateTempSubdirectory("streamhouse-audit-").FullName;
    private readonly string[] _ports = ["--grpc-port", $"{FreePort()}", "--http-port", "0", "--kafka-port", "0"];

    private string Address => $"http://127.0.0.1:{_ports[1]}";

    /// <summary>Runs the audit, and removes its data when nothing is wrong.</summary>
    /// <returns>What was done, in figures.</returns>
    public async Task<string> RunAsync(int rounds)
    {
        long began = Stopwatch.GetTimestamp();
        AuditPartition[] all = [.. Topics.SelectMany(t => Enumerable.Range(0, t.Partitions).Select(p => new AuditPartition(t.Name, p)))];
        Dictionary<AuditPartition, List<AuditRecord>> seen = all.ToDictionary(p => p, _ => new List<AuditRecord>());
        using CancellationTokenSource stop = new();
        using CancellationTokenSource stopReading = new();
        await using StreamHouseClient client = new(Address);
        List<Task> producers = [];
        Task reader;

        ServerProcess server = await StartAsync();
        int killsWhileStarting = 0;
        try
        {
            foreach ((string name, int partitions, RecordDurability durability) in Topics)
            {
                await client.Admin.CreateTopicAsync(new NewTopic(name) { Partitions = partitions, Durability = durability });
            }
            reader = LogReader.FollowAsync(client, Topics.Select(t => t.Name), seen, _ledger, stopReading.Token);
            for (int i = 0; i < LastingProducers; i++)
            {
                producers.Add(AuditProducer.RunAsync(i, Address, all, _ledger, seed, deliveryTimeout: null, stop.Token));
            }
            for (int round = 0; round < rounds; round++)
            {
                using CancellationTokenSource endOfRound = new();
                producers.Add(AuditProducer.RunAsync(
                    LastingProducers + round, Address, all, _ledger, seed, TimeSpan.FromMilliseconds(300), endOfRound.Token));
                await Task.Delay(_random.Next(30, 900));
                await (beforeKill?.Invoke(server) ?? Task.CompletedTask);
                await server.DisposeAsync();
                await endOfRound.CancelAsync();
                // Every fourth time it dies again while it recovers.
                while (_random.Next(4) == 0)
                {
                    await using ServerProcess starting = ServerProcess.Launch(_folder, _ports, environment);
                    await Task.Delay(_random.Next(50, 700));
                    killsWhileStarting++;
                }
                server = await StartAsync();
            }
            await stop.CancelAsync();
            await Task.WhenAll(producers);
            await CheckAsync(client, seen);
            // And as recovered once more, with nothing in flight.
            await server.DisposeAsync();
            server = await StartAsync();
            await CheckAsync(client, seen);
            await stopReading.CancelAsync();
            await reader;
        }
        finally
        {
            await server.DisposeAsync();
        }
        _ledger.Faults.ShouldBeEmpty($"seed {seed}, data in {_folder}, the last server's log:\n{server.Log}");
        (long segments, long bytes) = Objects();
        Directory.Delete(_folder, recursive: true);
        return $"seed {seed}: {rounds} kills under load and {killsWhileStarting} while starting, {_ledger.Acknowledged} records acknowledged, "
            + $"{_ledger.Unacknowledged} given up, {segments} objects of {bytes} bytes, {Stopwatch.GetElapsedTime(began).TotalSeconds:F0} s, 0 faults";
    }

    private async Task CheckAsync(StreamHouseClient client, Dictionary<AuditPartition, List<AuditRecord>> seen)
    {
        using CancellationTokenSource limit = new(TimeSpan.FromMinutes(2));
        Dictionary<AuditPartition, List<AuditRecord>> logs = await LogReader.ReadAllAsync(client, Topics.Select(t => t.Name), limit.Token);
        foreach ((AuditPartition at, List<AuditRecord> log) in logs)
        {
            _ledger.Check(at, log, producer => producer < LastingProducers);
            // The follower may be behind and is still reading: what it has seen is the beginning of the log.
            List<AuditRecord> read = seen[at];
            int known = Math.Min(read.Count, log.Count);
            for (int offset = 0; offset < known; offset++)
            {
                if (read[offset] != log[offset])
                {
                    _ledger.Fault($"{at}@{offset}: a reader saw {read[offset]}, now {log[offset]} is there.");
                }
            }
        }
    }

    private async Task<ServerProcess> StartAsync()
    {
        ServerProcess server = ServerProcess.Launch(_folder, _ports, environment);
        try
        {
            await server.WaitUntilReadyAsync();
            return server;
        }
        catch (Exception e)
        {
            await server.DisposeAsync();
            throw new InvalidOperationException($"Seed {seed}, data in {_folder}: the server did not start again. {e.Message}", e);
        }
    }

    private (long Count, long Bytes) Objects()
    {
        FileInfo[] files = new DirectoryInfo(Path.Combine(_folder, "objects")).GetFiles("*.seg", SearchOption.AllDirectories);
        return (files.Length, files.Sum(f => f.Length));
    }

    /// <summary>A port below those the system gives to clients, so that nobody takes it between two starts.</summary>
    private static int FreePort()
    {
        while (true)
        {
            int port = Random.Shared.Next(11_000, 19_000);
            using Socket probe = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                probe.Bind(new IPEndPoint(IPAddress.Loopback, port));
                return port;
            }
            catch (SocketException)
            {
                // Taken: try another.
            }
        }
    }
}
