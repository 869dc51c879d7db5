using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace StreamHouse.IntegrationTests.Support;

/// <summary>
/// A real server process on free loopback ports. By default in a temporary data folder that goes when this is disposed of; give a folder
/// to start again on the same data. The process is killed, by its own id, when it still runs at the end.
/// </summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartMax = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly bool _ownsFolder;
    private readonly StringBuilder _log = new();

    private ServerProcess(Process process, string dataFolder, bool ownsFolder)
    {
        _process = process;
        DataFolder = dataFolder;
        _ownsFolder = ownsFolder;
    }

    /// <summary>The server's executable as the build left it.</summary>
    public static string Executable { get; } = Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "streamhouse.exe" : "streamhouse");

    public string DataFolder { get; }

    public int Id => _process.Id;

    /// <summary>Base address of the gRPC port, once ready.</summary>
    public Uri Grpc { get; private set; } = null!;

    /// <summary>Base address of the HTTP port, once ready.</summary>
    public Uri Http { get; private set; } = null!;

    /// <summary>Host and port of the Kafka listener <c>internal</c>, once ready.</summary>
    public string Kafka { get; private set; } = null!;

    /// <summary>Host and port of every Kafka listener by its name, once ready.</summary>
    public IReadOnlyDictionary<string, string> KafkaListeners { get; private set; } = null!;

    /// <summary>Everything the process has written so far.</summary>
    public string Log
    {
        get
        {
            lock (_log)
            {
                return _log.ToString();
            }
        }
    }

    /// <summary>Starts a server and waits until it is ready.</summary>
    /// <param name="dataFolder">The data folder, kept afterwards; null for a temporary one.</param>
    /// <param name="args">Further arguments, such as <c>--set</c>, <c>NodeLog:FileBytes=1048576</c>.</param>
    /// <param name="environment">Further environment variables.</param>
    /// <param name="shell">Commands that a shell runs before it becomes the server, such as <c>trap '' XFSZ</c>.</param>
    /// <exception cref="InvalidOperationException">It ended, or was not ready in time; the message has its log.</exception>
    public static async Task<ServerProcess> StartAsync(
        string? dataFolder = null, IEnumerable<string>? args = null, IReadOnlyDictionary<string, string>? environment = null, string? shell = null)
    {
        ServerProcess server = Launch(dataFolder, ["--grpc-port", "0", "--http-port", "0", "--kafka-port", "0", .. args ?? []], environment, shell);
        try
        {
            await server.WaitUntilReadyAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the executable with just these arguments and <c>--data-dir</c>, and does not wait.</summary>
    public static ServerProcess Launch(string? dataFolder, IEnumerable<string> args, IReadOnlyDictionary<string, string>? environment = null, string? shell = null)
    {
        bool ownsFolder = dataFolder is null;
        dataFolder ??= Directory.CreateTempSubdirectory("streamhouse-test-").FullName;
        ProcessStartInfo start = new(shell is null ? Executable : "/bin/sh")
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
            WorkingDirectory = Path.GetTempPath(),
        };
        foreach (string arg in shell is null ? Array.Empty<string>() : ["-c", $"{shell}; exec \"$0\" \"$@\"", Executable])
        {
            start.ArgumentList.Add(arg);
        }
        start.ArgumentList.Add("--data-dir");
        start.ArgumentList.Add(dataFolder);
        foreach (string arg in args)
        {
            start.ArgumentList.Add(arg);
        }
        // What the machine of the tests is set up for must not reach the server.
        foreach (string name in start.Environment.Keys.Where(k => k.StartsWith("STREAMHOUSE_", StringComparison.Ordinal) || k.StartsWith("AWS_", StringComparison.Ordinal)).ToList())
        {
            start.Environment.Remove(name);
        }
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }
        ServerProcess server = new(new Process { StartInfo = start }, dataFolder, ownsFolder);
        server._process.OutputDataReceived += (_, line) => server.Append(line.Data);
        server._process.ErrorDataReceived += (_, line) => server.Append(line.Data);
        server._process.Start();
        server._process.BeginOutputReadLine();
        server._process.BeginErrorReadLine();
        return server;
    }

    /// <summary>Waits for <c>endpoints.json</c> of this very process.</summary>
    public async Task WaitUntilReadyAsync()
    {
        string path = Path.Combine(DataFolder, "endpoints.json");
        long began = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(began) < StartMax)
        {
            if (_process.HasExited)
            {
                await WaitForExitAsync();
                throw new InvalidOperationException($"The server ended with {_process.ExitCode}:\n{Log}");
            }
            if (await TryReadAsync(path) is { } text)
            {
                using var endpoints = JsonDocument.Parse(text);
                if (endpoints.RootElement.GetProperty("pid").GetInt32() == _process.Id)
                {
                    Grpc = new Uri(endpoints.RootElement.GetProperty("grpc").GetString()!);
                    Http = new Uri(endpoints.RootElement.GetProperty("http").GetString()!);
                    Kafka = endpoints.RootElement.GetProperty("kafka").GetString()!;
                    KafkaListeners = endpoints.RootElement.GetProperty("kafkaListeners").EnumerateObject().ToDictionary(l => l.Name, l => l.Value.GetString()!);
                    return;
                }
            }
            await Task.Delay(10);
        }
        throw new InvalidOperationException($"The server was not ready after {StartMax}:\n{Log}");
    }

    /// <summary>Sends a signal, for example 15 (SIGTERM), 9 (SIGKILL), 19 (SIGSTOP) or 18 (SIGCONT).</summary>
    public void Signal(int signal)
    {
        if (Kill(_process.Id, signal) != 0)
        {
            throw new InvalidOperationException($"Signal {signal} could not be sent: {Marshal.GetLastPInvokeErrorMessage()}.");
        }
    }

    /// <summary>Kills the process at once and waits until it is gone.</summary>
    public async Task KillAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }
        await WaitForExitAsync();
    }

    /// <summary>Asks the process to stop (SIGTERM) and waits until it has.</summary>
    /// <returns>Its exit code.</returns>
    public Task<int> StopAsync()
    {
        Signal(15);
        return WaitForExitAsync();
    }

    /// <summary>Waits until the process has ended, at most 30 s, and all it has written is in <see cref="Log"/>.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> WaitForExitAsync()
    {
        using CancellationTokenSource limit = new(TimeSpan.FromSeconds(30));
        try
        {
            await _process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"The server did not end within 30 s:\n{Log}");
        }
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process.Dispose();
        if (_ownsFolder)
        {
            Directory.Delete(DataFolder, recursive: true);
        }
    }

    // After a kill the file of the process before is there until this one removes it.
    private static async Task<string?> TryReadAsync(string path)
    {
        try
        {
            return File.Exists(path) ? await File.ReadAllTextAsync(path) : null;
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    private void Append(string? line)
    {
        if (line is not null)
        {
            lock (_log)
            {
                _log.AppendLine(line);
            }
        }
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static extern int Kill(int pid, int signal);
}
