using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Threading.Channels;

namespace StreamHouse.IntegrationTests.Kafka;

/// <summary>A client's driver in its own process: commands go in, answers and events come out, a JSON document on each line (clients/lines.py).</summary>
internal sealed partial class ClientProcess : IAsyncDisposable
{
    /// <summary>The drivers, as the build left them.</summary>
    public static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Kafka", "clients");

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly Channel<JsonNode> _lines = Channel.CreateUnbounded<JsonNode>();
    private readonly Queue<string> _complaints = new();
    private bool _isDisposed;

    private ClientProcess(Process process)
    {
        _process = process;
    }

    private string Name => _process.StartInfo.ArgumentList[0];

    /// <summary>Starts the driver of confluent-kafka-python.</summary>
    public static ClientProcess StartConfluent(string bootstrap) => Start("/usr/bin/python3", "confluent.py", bootstrap);

    /// <summary>Starts the driver of kafka-python.</summary>
    public static ClientProcess StartKafkaPython(string bootstrap) => Start("/usr/bin/python3", "kafka_python.py", bootstrap);

    /// <summary>Starts the driver of kafkajs.</summary>
    public static ClientProcess StartKafkaJs(string bootstrap) => Start("node", "kafkajs.cjs", bootstrap);

    /// <summary>Starts kcat, whose messages about its group become events like those of the drivers.</summary>
    public static ClientProcess StartKcat(IEnumerable<string> arguments) => Start("kcat", arguments);

    /// <summary>Gives a command and does not wait.</summary>
    public async Task SendAsync(JsonNode command)
    {
        await _process.StandardInput.WriteLineAsync(command.ToJsonString());
        await _process.StandardInput.FlushAsync();
    }

    /// <summary>Gives a command and waits for its answer.</summary>
    public async Task<JsonNode> CallAsync(JsonNode command)
    {
        await SendAsync(command);
        return await ReadAsync();
    }

    /// <summary>The next answer or event.</summary>
    /// <exception cref="InvalidOperationException">The client failed, ended, or said nothing for a minute.</exception>
    public async Task<JsonNode> ReadAsync()
    {
        using CancellationTokenSource patience = new(Patience);
        try
        {
            JsonNode line = await _lines.Reader.ReadAsync(patience.Token);
            return line["error"] is { } error ? throw new InvalidOperationException($"{Name}: {error}\n{Complaints()}") : line;
        }
        catch (Exception e) when (e is ChannelClosedException or OperationCanceledException)
        {
            throw new InvalidOperationException($"{Name} ended or hangs:\n{Complaints()}", e);
        }
    }

    /// <summary>The next answer or event, or null at the end of the process.</summary>
    public async Task<JsonNode?> TryReadAsync()
    {
        while (await _lines.Reader.WaitToReadAsync())
        {
            if (_lines.Reader.TryRead(out JsonNode? line))
            {
                return line;
            }
        }
        return null;
    }

    /// <summary>Kills it at once (SIGKILL).</summary>
    public async Task KillAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }
        await _process.WaitForExitAsync();
    }

    /// <summary>What it wrote to its error output last.</summary>
    public string Complaints()
    {
        lock (_complaints)
        {
            return string.Join('\n', _complaints);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            await KillAsync();
            _process.Dispose();
        }
    }

    private static ClientProcess Start(string program, string script, string bootstrap) => Start(program, [Path.Combine(Folder, script), bootstrap]);

    private static ClientProcess Start(string program, IEnumerable<string> arguments)
    {
        ProcessStartInfo start = new(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        start.Environment["PYTHONDONTWRITEBYTECODE"] = "1";
        start.Environment["KAFKAJS_NO_PARTITIONER_WARNING"] = "1";
        ClientProcess client = new(new Process { StartInfo = start });
        client._process.OutputDataReceived += (_, line) => client.Take(line.Data);
        client._process.ErrorDataReceived += (_, line) => client.Complain(line.Data);
        client._process.Start();
        client._process.BeginOutputReadLine();
        client._process.BeginErrorReadLine();
        return client;
    }

    private void Take(string? line)
    {
        if (line is null)
        {
            _lines.Writer.TryComplete();
        }
        else if (line.StartsWith('{'))
        {
            _lines.Writer.TryWrite(JsonNode.Parse(line)!);
        }
        else
        {
            Complain(line);
        }
    }

    private void Complain(string? line)
    {
        if (line is not null && KcatRebalance().Match(line) is { Success: true } rebalance)
        {
            JsonArray partitions = [.. KcatPartition().Matches(rebalance.Groups[2].Value).Select(p => new JsonArray(p.Groups[1].Value, int.Parse(p.Groups[2].Value, CultureInfo.InvariantCulture)))];
            _lines.Writer.TryWrite(new JsonObject { ["event"] = rebalance.Groups[1].Value, ["partitions"] = partitions });
        }
        lock (_complaints)
        {
            if (line is not null)
            {
                _complaints.Enqueue(line);
            }
            if (_complaints.Count > 50)
            {
                _complaints.Dequeue();
            }
        }
    }

    // % Group g rebalanced (memberid m): assigned: t [0], t [1]
    [GeneratedRegex(@"^% Group .* rebalanced .*: (assigned|revoked): (.*)$")]
    private static partial Regex KcatRebalance();

    [GeneratedRegex(@"([^ ,]+) \[(\d+)\]")]
    private static partial Regex KcatPartition();
}
