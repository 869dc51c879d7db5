using System.CommandLine;
using StreamHouse.Cli.Producing;
using StreamHouse.Cli.Shell;
using StreamHouse.Cli.Topics;
using StreamHouse.Client;
using StreamHouse.Client.Consumers;
using StreamHouse.Client.Producers;
using StreamHouse.Records;

namespace StreamHouse.Cli.Bench;

/// <summary><c>streamctl bench</c>.</summary>
internal static class BenchCommands
{
    public static Command Build(GlobalOptions globals, Terminal terminal) => new HelpfulCommand("bench", "Measures how fast records are written and read")
    {
        Produce(globals, terminal),
        Consume(globals, terminal),
    };

    private static HelpfulCommand Produce(GlobalOptions globals, Terminal terminal)
    {
        Argument<string> topic = TopicCommands.Name();
        Option<long> count = Number("--count", "-n", 1_000_000, 1, long.MaxValue, "Records to write");
        Option<long> size = Number("--size", "-s", 100, 0, 16 * 1024 * 1024, "Bytes of each value");
        Option<long> rate = Number("--rate", "-r", 0, 0, 100_000_000, "Records per second; 0 for as fast as possible. Latency then counts from when a record was due");
        Option<bool> oneAtATime = new("--one-at-a-time") { Description = "Wait for each record's acknowledgement before sending the next" };
        Option<int[]> partitions = Partitions("Write only to this partition; may be given several times");
        Option<long> batchRecords = Number("--batch-records", null, 1000, 1, 1_000_000, "Most records in a batch");
        Option<long> batchBytes = Number("--batch-bytes", null, 1_000_000, 100, 32 * 1024 * 1024, "Most bytes in a batch");
        Option<TimeSpan> linger = new("--linger")
        {
            Description = "Longest time records gather while a batch of their partition is in flight", HelpName = "TIME",
            DefaultValueFactory = _ => new ProducerOptions().Linger, CustomParser = TimeText.ParseDuration,
        };
        Option<long> connections = Number("--connections", null, 2, 1, 64, "Connections to the server");
        Option<ProducerAcks> acks = ProduceOptions.Acks();
        Option<CompressionCodec> compression = ProduceOptions.Compression();
        Option<OutputFormat> output = Output.Option();
        HelpfulCommand command = new(
            "produce",
            "Writes records of one size and measures throughput and acknowledgement latency. Progress goes to standard error, the result to standard output",
            "streamctl bench produce orders --count 5000000 --size 100",
            "streamctl bench produce orders --rate 50000 --count 1000000 --output json",
            "streamctl bench produce orders --one-at-a-time --count 10000")
        {
            topic, count, size, rate, oneAtATime, partitions, batchRecords, batchBytes, linger, connections, acks, compression, output,
        };
        command.SetAction(async (parse, ct) =>
        {
            await using StreamHouseClient client = await Session.OpenAsync(parse, globals, ct, (int)parse.GetValue(connections));
            ProduceBenchRequest request = new()
            {
                Topic = parse.GetValue(topic)!,
                Records = parse.GetValue(count),
                ValueBytes = (int)parse.GetValue(size),
                Rate = parse.GetValue(rate),
                OneAtATime = parse.GetValue(oneAtATime),
                Partitions = await ChosenAsync(client, parse.GetValue(topic)!, parse.GetValue(partitions)!, ct),
                Producer = new ProducerOptions
                {
                    BatchRecordsMax = (int)parse.GetValue(batchRecords),
                    BatchBytesMax = (int)parse.GetValue(batchBytes),
                    Linger = parse.GetValue(linger),
                    Acks = parse.GetValue(acks),
                    Compression = parse.GetValue(compression),
                },
            };
            BenchMeter meter = new();
            await WithProgressAsync(terminal, meter, request.Records, () => new ProduceBench(request, meter).RunAsync(client, ct));
            BenchReport.Write(terminal, parse.GetValue(output), "produce", meter.Snapshot(isFinal: true),
            [
                ("topic", request.Topic), ("partitions", request.Partitions.Length), ("valueBytes", request.ValueBytes), ("rate", request.Rate),
                ("oneAtATime", request.OneAtATime), ("batchRecordsMax", request.Producer.BatchRecordsMax), ("batchBytesMax", request.Producer.BatchBytesMax),
                ("lingerMs", request.Producer.Linger.TotalMilliseconds), ("acks", NameOf(request.Producer.Acks)),
                ("compression", NameOf(request.Producer.Compression)), ("connections", parse.GetValue(connections)),
            ]);
            return ExitCode.Success;
        });
        return command;
    }

    private static HelpfulCommand Consume(GlobalOptions globals, Terminal terminal)
    {
        Argument<string> topic = TopicCommands.Name();
        Option<long> count = Number("--count", "-n", 1_000_000, 1, long.MaxValue, "End after this many records; it waits for them");
        Option<bool> fromEnd = new("--from-end") { Description = "Read what arrives from now on; latency is its age by this machine's clock" };
        Option<int[]> partitions = Partitions("Read only this partition; may be given several times");
        Option<long> connections = Number("--connections", null, 2, 1, 64, "Connections to the server");
        Option<long> fetchBytes = Number("--fetch-bytes", null, 1024 * 1024, 1, 32 * 1024 * 1024, "Bytes of batches per message");
        Option<OutputFormat> output = Output.Option();
        HelpfulCommand command = new(
            "consume",
            "Reads records, each to its bytes, and measures throughput; with --from-end also how long records take to arrive",
            "streamctl bench consume orders --count 5000000",
            "streamctl bench consume orders --from-end --count 100000 --output json")
        {
            topic, count, fromEnd, partitions, connections, fetchBytes, output,
        };
        command.SetAction(async (parse, ct) =>
        {
            await using StreamHouseClient client = await Session.OpenAsync(parse, globals, ct, (int)parse.GetValue(connections));
            int[] chosen = await ChosenAsync(client, parse.GetValue(topic)!, parse.GetValue(partitions)!, ct);
            ConsumeBenchRequest request = new()
            {
                Topic = parse.GetValue(topic)!,
                Records = parse.GetValue(count),
                Partitions = chosen,
                FromEnd = parse.GetValue(fromEnd),
                Consumer = new ConsumerOptions { FetchBytesMax = (int)parse.GetValue(fetchBytes) },
            };
            BenchMeter meter = new();
            await WithProgressAsync(terminal, meter, request.Records, () => new ConsumeBench(request, meter, terminal.Clock).RunAsync(client, ct));
            BenchReport.Write(terminal, parse.GetValue(output), "consume", meter.Snapshot(isFinal: true),
            [
                ("topic", request.Topic), ("partitions", chosen.Length), ("fromEnd", request.FromEnd),
                ("fetchBytesMax", request.Consumer.FetchBytesMax), ("connections", parse.GetValue(connections)),
            ]);
            return ExitCode.Success;
        });
        return command;
    }

    private static async Task WithProgressAsync(Terminal terminal, BenchMeter meter, long count, Func<Task> run)
    {
        using CancellationTokenSource done = new();
        Task progress = BenchReport.ShowProgressAsync(terminal, meter, count, done.Token);
        try
        {
            await run();
        }
        finally
        {
            await done.CancelAsync();
            await progress;
        }
    }

    private static async Task<int[]> ChosenAsync(StreamHouseClient client, string topic, int[] partitions, CancellationToken ct)
    {
        int known = (await client.Admin.GetTopicAsync(topic, ct)).Topic.Partitions;
        int[] chosen = partitions.Length == 0 ? [.. Enumerable.Range(0, known)] : [.. partitions.Distinct()];
        int missing = Array.FindIndex(chosen, p => p < 0 || p >= known);
        return missing < 0
            ? chosen
            : throw new StreamHouseException(
                StreamHouseErrorCode.UnknownPartition, $"{topic} has {known} partitions; there is no partition {chosen[missing]}.")
            {
                Topic = topic,
            };
    }

    private static Option<int[]> Partitions(string description) => new("--partition", "-p")
    {
        Description = description, HelpName = "N", DefaultValueFactory = _ => [], CustomParser = NumberText.ParseAll<int>,
    };

    private static Option<long> Number(string name, string? alias, long value, long min, long max, string description) =>
        new(name, alias is null ? [] : [alias])
        {
            Description = description,
            HelpName = "N",
            DefaultValueFactory = _ => value,
            CustomParser = NumberText.Parse<long>,
            Validators =
            {
                result =>
                {
                    if (result.Tokens is [{ } token] && long.TryParse(token.Value, out long given) && (given < min || given > max))
                    {
                        result.AddError(max == long.MaxValue ? $"{name} is {min} or above." : $"{name} is from {min} to {max}.");
                    }
                },
            },
        };

    private static string NameOf(Enum value) => value.ToString().ToLowerInvariant();
}
