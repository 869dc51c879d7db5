using System.Globalization;
using System.Text.Json;
using StreamHouse.Cli.Shell;

namespace StreamHouse.Cli.Bench;

/// <summary>Shows a benchmark while it runs, on standard error, and its result, on standard output.</summary>
internal static class BenchReport
{
    private static readonly CultureInfo Culture = CultureInfo.InvariantCulture;

    /// <summary>Writes a line every second, over the one before on a screen, until cancelled.</summary>
    public static async Task ShowProgressAsync(Terminal terminal, BenchMeter meter, long count, CancellationToken ct)
    {
        BenchSnapshot before = default;
        try
        {
            while (true)
            {
                await Task.Delay(TimeSpan.FromSeconds(1), terminal.Clock, ct);
                BenchSnapshot now = meter.Snapshot(isFinal: false);
                double rate = (now.Records - before.Records) / Math.Max(0.001, (now.Elapsed - before.Elapsed).TotalSeconds);
                before = now;
                string line = string.Create(
                    Culture,
                    $"{now.Elapsed.TotalSeconds,6:0.0} s  {100.0 * now.Records / count,5:0.0} %  {now.Records,14:N0} records  {rate,12:N0}/s{Latencies(now.Latency)}");
                terminal.Error.Write(terminal.IsErrorInteractive ? $"\r{line}\u001b[K" : $"{line}\n");
            }
        }
        catch (OperationCanceledException)
        {
            if (terminal.IsErrorInteractive)
            {
                terminal.Error.Write("\r\u001b[K");
            }
        }
    }

    /// <summary>Writes the result.</summary>
    /// <param name="terminal">Where.</param>
    /// <param name="format">How.</param>
    /// <param name="name">What was measured.</param>
    /// <param name="result">What came out.</param>
    /// <param name="settings">Under which settings.</param>
    public static void Write(Terminal terminal, OutputFormat format, string name, BenchSnapshot result, IReadOnlyList<(string Name, object? Value)> settings)
    {
        if (format == OutputFormat.Json)
        {
            Output.Json(terminal, json => WriteJson(json, name, result, settings));
            return;
        }
        string text = string.Create(
            Culture,
            $"{name}: {result.Records:N0} records in {result.Elapsed.TotalSeconds:0.00} s, {result.RecordsPerSecond:N0} records/s, {ByteText.Format(result.BytesPerSecond)}/s\n");
        if (result.Failed > 0)
        {
            text += string.Create(Culture, $"{result.Failed:N0} records failed\n");
        }
        if (result.Latency is { } latency)
        {
            text += string.Create(
                Culture,
                $"latency in ms: mean {latency.Mean:0.000}, p50 {latency.P50:0.000}, p95 {latency.P95:0.000}, p99 {latency.P99:0.000}, p99.9 {latency.P999:0.000}, max {latency.Max:0.000}\n");
        }
        Output.Text(terminal, text);
    }

    private static string Latencies(LatencySummary? latency) =>
        latency is null ? "" : string.Create(Culture, $"  p50 {latency.P50:0.00} ms  p99 {latency.P99:0.00} ms");

    private static void WriteJson(Utf8JsonWriter json, string name, BenchSnapshot result, IReadOnlyList<(string Name, object? Value)> settings)
    {
        json.WriteStartObject();
        json.WriteString("bench", name);
        json.WriteStartObject("settings");
        foreach ((string setting, object? value) in settings)
        {
            switch (value)
            {
                case null:
                    json.WriteNull(setting);
                    break;
                case bool flag:
                    json.WriteBoolean(setting, flag);
                    break;
                case string text:
                    json.WriteString(setting, text);
                    break;
                default:
                    json.WriteNumber(setting, Convert.ToDouble(value, Culture));
                    break;
            }
        }
        json.WriteEndObject();
        json.WriteNumber("records", result.Records);
        json.WriteNumber("failed", result.Failed);
        json.WriteNumber("bytes", result.Bytes);
        json.WriteNumber("seconds", Math.Round(result.Elapsed.TotalSeconds, 6));
        json.WriteNumber("recordsPerSecond", Math.Round(result.RecordsPerSecond, 1));
        json.WriteNumber("bytesPerSecond", Math.Round(result.BytesPerSecond, 1));
        if (result.Latency is { } latency)
        {
            json.WriteStartObject("latencyMs");
            json.WriteNumber("mean", Math.Round(latency.Mean, 4));
            json.WriteNumber("p50", Math.Round(latency.P50, 4));
            json.WriteNumber("p95", Math.Round(latency.P95, 4));
            json.WriteNumber("p99", Math.Round(latency.P99, 4));
            json.WriteNumber("p999", Math.Round(latency.P999, 4));
            json.WriteNumber("max", Math.Round(latency.Max, 4));
            json.WriteEndObject();
        }
        else
        {
            json.WriteNull("latencyMs");
        }
        json.WriteEndObject();
    }
}
