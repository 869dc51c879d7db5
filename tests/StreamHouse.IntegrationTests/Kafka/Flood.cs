using System.Text.Json.Nodes;
using StreamHouse.IntegrationTests.Audits;

namespace StreamHouse.IntegrationTests.Kafka;

/// <summary>An idempotent librdkafka producer in a process of its own, which writes numbered records to all partitions of a topic until it is stopped.</summary>
internal sealed class Flood : IAsyncDisposable
{
    /// <summary>Timeout of a producer that is not to give up.</summary>
    public static readonly TimeSpan Never = TimeSpan.FromMinutes(10);

    private readonly ClientProcess _process;
    private readonly AuditLedger _ledger;
    private readonly int _number;
    private readonly string _topic;
    private readonly bool _mayGiveUp;
    private readonly Task _reading;

    private Flood(ClientProcess process, AuditLedger ledger, int number, string topic, bool mayGiveUp)
    {
        _process = process;
        _ledger = ledger;
        _number = number;
        _topic = topic;
        _mayGiveUp = mayGiveUp;
        _reading = ReadAsync();
    }

    /// <summary>Starts it.</summary>
    /// <param name="bootstrap">Where the server is.</param>
    /// <param name="ledger">Where it enters what it is told.</param>
    /// <param name="number">Its number, unique in the ledger; decides how it batches and compresses.</param>
    /// <param name="topic">Where it writes.</param>
    /// <param name="partitions">How many partitions that has.</param>
    /// <param name="timeout">When it gives a record up; <see cref="Never"/>, and then giving up is a fault.</param>
    public static async Task<Flood> StartAsync(string bootstrap, AuditLedger ledger, int number, string topic, int partitions, TimeSpan timeout)
    {
        string[] codecs = ["none", "lz4", "gzip", "snappy", "zstd"];
        Flood flood = new(ClientProcess.StartConfluent(bootstrap), ledger, number, topic, timeout < Never);
        await flood._process.SendAsync(new JsonObject
        {
            ["op"] = "flood",
            ["topic"] = topic,
            ["partitions"] = partitions,
            ["producer"] = number,
            ["codec"] = codecs[number % codecs.Length],
            ["linger"] = number % 3 * 5,
            ["timeout"] = (long)timeout.TotalMilliseconds,
            ["pause"] = 30,
        });
        return flood;
    }

    /// <summary>The record that a value of this kind stands for.</summary>
    /// <exception cref="InvalidDataException">Its bytes are not those that were written.</exception>
    public static AuditRecord Identify(string value)
    {
        string[] parts = value.Split(':');
        AuditRecord record = new(
            int.Parse(parts[0], System.Globalization.CultureInfo.InvariantCulture), int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture));
        return parts[2] == new string('x', record.Sequence % 300) ? record : throw new InvalidDataException($"{record} has other bytes than it was written with.");
    }

    /// <summary>Has it stop, waits until everything is acknowledged or given up, and ends it.</summary>
    public async Task StopAsync()
    {
        await _process.SendAsync(new JsonObject { ["op"] = "stop" });
        await _reading;
        await _process.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        await _reading;
    }

    private async Task ReadAsync()
    {
        while (await _process.TryReadAsync() is { } line)
        {
            switch ((string?)line["event"])
            {
                case "acked":
                    foreach (JsonNode? record in line["records"]!.AsArray())
                    {
                        _ledger.Acknowledge(new AuditPartition(_topic, (int)record![0]!), (long)record[2]!, new AuditRecord(_number, (int)record[1]!));
                    }
                    break;
                case "refused":
                    _ledger.GiveUp();
                    if (!_mayGiveUp || (bool)line["isFatal"]! || (string)line["code"]! is not ("_MSG_TIMED_OUT" or "_PURGE_INFLIGHT" or "_PURGE_QUEUE"))
                    {
                        _ledger.Fault($"Producer {_number} to {_topic} was refused: {line.ToJsonString()}");
                    }
                    break;
                case "stopped":
                    if ((int)line["unacknowledged"]! > 0)
                    {
                        _ledger.Fault($"Producer {_number} to {_topic} has {line["unacknowledged"]} records that were neither acknowledged nor refused.");
                    }
                    return;
                default:
                    _ledger.Fault($"Producer {_number} to {_topic}: {line.ToJsonString()}");
                    break;
            }
        }
    }
}
