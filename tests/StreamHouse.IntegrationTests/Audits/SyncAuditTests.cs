using System.Text;
using StreamHouse.Client;
using StreamHouse.Client.Administration;
using StreamHouse.Client.Producers;
using StreamHouse.IntegrationTests.Support;

namespace StreamHouse.IntegrationTests.Audits;

/// <summary>The order of the real process's system calls: nothing is acknowledged, and nothing is let go of, before what it rests on is synced.</summary>
[Collection(AuditSuite.Name)]
public sealed class SyncAuditTests
{
    private const int Records = 40;

    // strace cuts both the start and the duration of a call to whole microseconds.
    private const decimal Resolution = 0.000002m;

    [Fact]
    public async Task Acknowledgement_leaves_after_the_sync_of_the_node_log_that_covers_it()
    {
        List<Syscall> calls = await ProduceOneByOneAsync(RecordDurability.Local);

        for (int i = 0; i < Records; i++)
        {
            string marker = Marker(i);
            Syscall written = First(calls, c => c.IsWrite && c.Target.Contains("/wal/", StringComparison.Ordinal) && c.Contains(marker), $"write of {marker} to the node log");
            Syscall synced = First(calls, c => c.IsSync && c.Target == written.Target && c.Start >= written.End - Resolution, $"sync of {marker}");
            Syscall answered = Answer(calls, marker);

            answered.Start.ShouldBeGreaterThanOrEqualTo(synced.End - Resolution, $"{marker} was acknowledged before its sync returned");
        }
    }

    [Fact]
    public async Task Acknowledgement_of_an_object_topic_leaves_after_object_and_commit_are_synced()
    {
        List<Syscall> calls = await ProduceOneByOneAsync(RecordDurability.Object);

        for (int i = 0; i < Records; i++)
        {
            string marker = Marker(i);
            Syscall committed = Committed(calls, marker);
            Syscall answered = Answer(calls, marker);

            answered.Start.ShouldBeGreaterThanOrEqualTo(committed.End - Resolution, $"{marker} was acknowledged before its commit was synced");
        }
    }

    [Fact]
    public async Task Log_file_is_given_up_after_the_commit_of_all_in_it_is_synced()
    {
        await using ServerProcess server = await ServerProcess.StartAsync(args:
            ["--set", "NodeLog:FileBytes=1060864", "--set", "NodeLog:SpareFilesMax=1", "--set", "LocalUploads:FlushBytes=600000", "--set", "LocalUploads:FlushInterval=100ms"]);
        await using StreamHouseClient client = new(server.Grpc.ToString());
        await client.Admin.CreateTopicAsync(new NewTopic("t") { Partitions = 1 });
        await using SyscallTrace trace = await SyscallTrace.AttachAsync(server);
        await using (Producer producer = client.CreateProducer())
        {
            for (int i = 0; i < 120; i++)
            {
                await producer.SendAsync("t", default, Encoding.ASCII.GetBytes(Marker(i).PadRight(60_000, '.')));
            }
        }
        // Until the last of it is in objects and the files are free.
        while ((await client.Admin.GetTopicAsync("t")).Partitions[0] is var partition && partition.TieredEndOffset < partition.HighWatermark)
        {
            await Task.Delay(20);
        }
        await Task.Delay(500);
        List<Syscall> calls = await trace.EndAsync(server);

        int givenUp = 0;
        HashSet<string> checkedMarkers = [];
        foreach (Syscall call in calls.Where(c => c.Name.StartsWith("rename", StringComparison.Ordinal) || c.Name.StartsWith("unlink", StringComparison.Ordinal)))
        {
            if (!call.Contains("/wal/"))
            {
                continue;
            }
            string file = call.Arguments.Split('"').First(part => part.Contains("/wal/", StringComparison.Ordinal));
            List<string> lost = [.. Enumerable.Range(0, 120).Select(Marker).Where(m =>
                calls.Any(c => c.IsWrite && c.Target == file && c.End <= call.Start && c.Contains(m)) && checkedMarkers.Add(m))];
            givenUp += lost.Count > 0 ? 1 : 0;
            foreach (string marker in lost)
            {
                call.Start.ShouldBeGreaterThanOrEqualTo(Committed(calls, marker).End - Resolution, $"{file} was given up before the commit of {marker} was synced");
            }
        }
        givenUp.ShouldBeGreaterThan(3);
    }

    private static async Task<List<Syscall>> ProduceOneByOneAsync(RecordDurability durability)
    {
        await using ServerProcess server = await ServerProcess.StartAsync();
        await using StreamHouseClient client = new(server.Grpc.ToString());
        await client.Admin.CreateTopicAsync(new NewTopic("t") { Partitions = 2, Durability = durability });
        await using SyscallTrace trace = await SyscallTrace.AttachAsync(server);
        await using (Producer producer = client.CreateProducer())
        {
            // One more than is looked at: the end of the last call is lost when the server is killed as soon as its answer is there.
            for (int i = 0; i <= Records; i++)
            {
                await producer.SendAsync("t", default, Encoding.ASCII.GetBytes(Marker(i)), partition: i % 2);
            }
        }
        return await trace.EndAsync(server);
    }

    private static string Marker(int i) => $"[audited record {i:D4}]";

    /// <summary>The sync that completed the commit of the object with this record.</summary>
    private static Syscall Committed(List<Syscall> calls, string marker)
    {
        Syscall stored = First(calls, c => c.IsWrite && c.Target.Contains("/objects/", StringComparison.Ordinal) && c.Contains(marker), $"write of {marker} to an object");
        Syscall synced = First(calls, c => c.IsSync && c.Target == stored.Target && c.Start >= stored.End - Resolution, $"sync of the object of {marker}");
        Syscall named = First(calls, c => c.Name.StartsWith("rename", StringComparison.Ordinal) && c.Contains(stored.Target), $"naming of the object of {marker}");
        named.Start.ShouldBeGreaterThanOrEqualTo(synced.End - Resolution);
        string path = named.Arguments.Split('"')[3];
        Syscall listed = First(calls, c => c.IsSync && c.Target == Path.GetDirectoryName(path) && c.Start >= named.End - Resolution, $"sync of the folder of {path}");
        Syscall row = First(
            calls,
            c => c.IsWrite && c.Target.EndsWith("metadata.db-wal", StringComparison.Ordinal) && c.Start >= listed.End - Resolution && c.Contains(Path.GetFileName(path)),
            $"commit of {path}");
        return First(calls, c => c.IsSync && c.Target == row.Target && c.Start >= row.End - Resolution, $"sync of the commit of {path}");
    }

    /// <summary>The send that carries the first HTTP/2 DATA frame on the connection after the request with this record.</summary>
    private static Syscall Answer(List<Syscall> calls, string marker)
    {
        Syscall received = First(calls, c => c.IsReceive && c.Contains(marker), $"request with {marker}");
        return First(calls, c => c.IsSend && c.Target == received.Target && c.Start >= received.End - Resolution && CarriesData(c), $"answer to {marker}");
    }

    private static bool CarriesData(Syscall send)
    {
        int from = send.Arguments.IndexOf('"', StringComparison.Ordinal) + 1;
        int to = send.Arguments.LastIndexOf('"');
        while (from > 0 && from + 9 <= to)
        {
            int length = (send.Arguments[from] << 16) | (send.Arguments[from + 1] << 8) | send.Arguments[from + 2];
            if (send.Arguments[from + 3] == 0 && length > 0)
            {
                return true;
            }
            from += 9 + length;
        }
        return false;
    }

    private static Syscall First(List<Syscall> calls, Func<Syscall, bool> condition, string what) =>
        calls.FirstOrDefault(condition) ?? throw new InvalidOperationException($"There is no {what} among {calls.Count} calls.");
}
