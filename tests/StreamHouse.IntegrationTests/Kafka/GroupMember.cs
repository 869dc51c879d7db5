using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;

namespace StreamHouse.IntegrationTests.Kafka;

/// <summary>A record that a member of a group was given.</summary>
internal readonly record struct Delivered(string Member, string Topic, int Partition, long Offset, string Value);

/// <summary>A time during which a member believed it owned a partition, in nanoseconds of the machine's monotonic clock.</summary>
internal readonly record struct Ownership(string Member, string Topic, int Partition, long From, long To);

/// <summary>What the members of a group have told, together.</summary>
internal sealed class GroupLedger
{
    /// <summary>Every record given to a member.</summary>
    public ConcurrentQueue<Delivered> Delivered { get; } = new();

    /// <summary>Every time of ownership that has ended.</summary>
    public ConcurrentQueue<Ownership> Ownerships { get; } = new();

    /// <summary>The highest offset whose commit was acknowledged, by topic and partition.</summary>
    public ConcurrentDictionary<(string Topic, int Partition), long> Committed { get; } = new();

    /// <summary>Commits that were refused, as they are when the group rebalances meanwhile.</summary>
    public ConcurrentQueue<string> Uncommitted { get; } = new();

    /// <summary>Pairs of times in which two members owned the same partition.</summary>
    public IEnumerable<string> DoubleOwnerships()
    {
        foreach (IGrouping<(string, int), Ownership> partition in Ownerships.GroupBy(o => (o.Topic, o.Partition)))
        {
            Ownership? before = null;
            foreach (Ownership next in partition.OrderBy(o => o.From))
            {
                if (before is { } b && b.To > next.From && b.Member != next.Member)
                {
                    yield return $"{partition.Key}: {b.Member} until {b.To}, {next.Member} from {next.From}";
                }
                before = before is { } earlier && earlier.To > next.To ? earlier : next;
            }
        }
    }
}

/// <summary>A member of a consumer group, by whichever client.</summary>
internal interface IGroupMember
{
    string Name { get; }

    /// <summary>What it owns, as far as it has told.</summary>
    IReadOnlyCollection<(string Topic, int Partition)> Owned { get; }

    /// <summary>What went wrong with it, if anything did.</summary>
    string Trouble { get; }
}

/// <summary>A member of a consumer group in a process of its own.</summary>
internal sealed class GroupMember : IGroupMember, IAsyncDisposable
{
    private readonly ClientProcess _process;
    private readonly GroupLedger _ledger;
    private readonly Task _reading;
    private readonly ConcurrentDictionary<(string Topic, int Partition), long> _owned = new();
    private readonly TaskCompletionSource _left = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string? _failure;

    private GroupMember(string name, ClientProcess process, GroupLedger ledger)
    {
        Name = name;
        _process = process;
        _ledger = ledger;
        _reading = ReadAsync();
    }

    public string Name { get; }

    public IReadOnlyCollection<(string Topic, int Partition)> Owned => [.. _owned.Keys];

    public string Trouble => $"{_failure} {_process.Complaints()}";

    /// <summary>Has the client join, and returns at once.</summary>
    /// <param name="name">What to call it.</param>
    /// <param name="process">The client; disposed of with this.</param>
    /// <param name="ledger">Where it enters what it is given.</param>
    /// <param name="group">The group.</param>
    /// <param name="topic">The topics to subscribe to, with commas between.</param>
    /// <param name="assignor"><c>range</c>, <c>roundrobin</c> or <c>cooperative-sticky</c>, as far as the client has it.</param>
    /// <param name="instance">Its group instance id, if any.</param>
    public static async Task<GroupMember> JoinAsync(
        string name, ClientProcess process, GroupLedger ledger, string group, string topic, string assignor, string? instance = null)
    {
        GroupMember member = new(name, process, ledger);
        await process.SendAsync(new JsonObject
        {
            ["op"] = "join",
            ["group"] = group,
            ["topics"] = new JsonArray([.. topic.Split(',').Select(t => (JsonNode)t)]),
            ["assignor"] = assignor,
            ["session"] = 6000,
            ["instance"] = instance,
        });
        return member;
    }

    /// <summary>Has kcat join, which commits by itself.</summary>
    public static GroupMember JoinKcat(string name, string bootstrap, GroupLedger ledger, string group, string topic) =>
        new(name, ClientProcess.StartKcat([
            "-b", bootstrap, "-X", "session.timeout.ms=6000", "-X", "heartbeat.interval.ms=500", "-X", "auto.offset.reset=earliest", "-X", "auto.commit.interval.ms=200",
            "-X", "partition.assignment.strategy=range", "-u", "-f", """{"event":"records","plain":true,"records":[["%t",%p,%o,"%s"]]}""" + "\\n",
            "-G", group, topic]), ledger);

    /// <summary>Has it leave the group in order, and ends it.</summary>
    public async Task LeaveAsync()
    {
        await _process.SendAsync(new JsonObject { ["op"] = "leave" });
        await _left.Task.WaitAsync(TimeSpan.FromSeconds(30));
        await DisposeAsync();
    }

    /// <summary>Kills it (SIGKILL): from now on it owns nothing.</summary>
    public Task KillAsync() => DisposeAsync().AsTask();

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        await _reading;
        foreach ((string Topic, int Partition) partition in _owned.Keys)
        {
            End(partition, Now());
        }
    }

    private static long Now() => System.Diagnostics.Stopwatch.GetTimestamp() * (1_000_000_000 / System.Diagnostics.Stopwatch.Frequency);

    private async Task ReadAsync()
    {
        try
        {
            while (await _process.TryReadAsync() is { } line)
            {
                Take(line);
            }
        }
        finally
        {
            _left.TrySetException(new InvalidOperationException($"{Name} ended:\n{_process.Complaints()}"));
            _ = _left.Task.Exception;
        }
    }

    private void Take(JsonNode line)
    {
        long at = (long?)line["at"] ?? Now();
        switch ((string?)line["event"])
        {
            case "assigned":
                foreach ((string, int) partition in Partitions(line))
                {
                    _owned.TryAdd(partition, at);
                }
                break;
            case "revoked" or "lost":
                foreach ((string, int) partition in Partitions(line))
                {
                    End(partition, at);
                }
                break;
            case "records":
                bool isPlain = line["plain"] is not null;
                foreach (JsonNode? record in line["records"]!.AsArray())
                {
                    string value = (string)record![3]!;
                    _ledger.Delivered.Enqueue(new Delivered(
                        Name, (string)record[0]!, (int)record[1]!, (long)record[2]!, isPlain ? value : Encoding.ASCII.GetString(Convert.FromBase64String(value))));
                }
                break;
            case "committed":
                foreach (JsonNode? offset in line["offsets"]!.AsArray())
                {
                    _ledger.Committed.AddOrUpdate(((string)offset![0]!, (int)offset[1]!), (long)offset[2]!, (_, known) => Math.Max(known, (long)offset[2]!));
                }
                break;
            case "uncommitted":
                _ledger.Uncommitted.Enqueue($"{Name}: {line["why"]}");
                break;
            case "left":
                _left.TrySetResult();
                break;
            default:
                _failure = line.ToJsonString();
                break;
        }
    }

    private static IEnumerable<(string Topic, int Partition)> Partitions(JsonNode line) =>
        line["partitions"]!.AsArray().Select(p => ((string)p![0]!, (int)p[1]!));

    private void End((string Topic, int Partition) partition, long at)
    {
        if (_owned.TryRemove(partition, out long from))
        {
            _ledger.Ownerships.Enqueue(new Ownership(Name, partition.Topic, partition.Partition, from, at));
        }
    }
}
