using System.Net;
using StreamHouse.IntegrationTests.Support;

namespace StreamHouse.IntegrationTests.Kafka;

/// <summary>
/// A real server behind a proxy that records what Kafka clients and it say to each other. The proxy's address is the one clients are told, so it
/// stays when the server is started again on the same data.
/// </summary>
internal sealed class KafkaServer : IAsyncDisposable
{
    private readonly RecordingProxy _proxy;
    private readonly string _folder = Directory.CreateTempSubdirectory("streamhouse-kafka-").FullName;
    private readonly string[] _settings;
    private bool _isChecked;

    private KafkaServer(bool isRecorded, string[] settings)
    {
        _proxy = new RecordingProxy(isRecorded);
        _settings = settings;
    }

    /// <summary>The process that runs now.</summary>
    public ServerProcess Process { get; private set; } = null!;

    /// <summary>Where Kafka clients begin.</summary>
    public string Bootstrap => $"127.0.0.1:{_proxy.Port}";

    /// <summary>Starts the server.</summary>
    /// <param name="isRecorded">Whether what goes over the wire is kept, to be looked at in the end.</param>
    /// <param name="settings">Settings like <c>Kafka:FetchSessionsMax=1</c>.</param>
    public static async Task<KafkaServer> StartAsync(bool isRecorded = true, params string[] settings)
    {
        KafkaServer server = new(isRecorded, settings);
        try
        {
            await server.StartProcessAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Ends the process and starts it again on its data.</summary>
    /// <param name="kill">By SIGKILL, else by SIGTERM.</param>
    public async Task RestartAsync(bool kill)
    {
        _proxy.Server = null;
        if (kill)
        {
            await Process.KillAsync();
        }
        else
        {
            (await Process.StopAsync()).ShouldBe(0, Process.Log);
        }
        await Process.DisposeAsync();
        await StartProcessAsync();
    }

    /// <summary>
    /// Ends the server and has Wireshark read all that went over the wire: no frame is malformed, and there is a request of every API named.
    /// </summary>
    /// <param name="apis">Keys of APIs that the run must have used.</param>
    public async Task WireShouldBeWellFormedAsync(params int[] apis)
    {
        await DisposeAsync();
        List<Tshark.KafkaFrame> frames = await Tshark.DissectAsync(_proxy.CapturePath, _proxy.Port);
        _isChecked = true;
        Tshark.Malformed(frames).ShouldBeEmpty($"the capture is {_proxy.CapturePath}");
        (int Api, int Version)[] requests = [.. frames.SelectMany(f => f.Requests).Distinct().Order()];
        apis.Where(a => requests.All(r => r.Api != a)).ShouldBeEmpty("APIs the run has not used");
        TestContext.Current.TestOutputHelper?.WriteLine($"{frames.Count} frames, (API, version): {string.Join(' ', requests)}");
        File.Delete(_proxy.CapturePath);
    }

    public async ValueTask DisposeAsync()
    {
        if (Directory.Exists(_folder))
        {
            await (Process?.DisposeAsync() ?? ValueTask.CompletedTask);
            await _proxy.DisposeAsync();
            Directory.Delete(_folder, recursive: true);
        }
        else if (!_isChecked)
        {
            File.Delete(_proxy.CapturePath);
        }
    }

    private async Task StartProcessAsync()
    {
        Process = await ServerProcess.StartAsync(
            _folder, [.. _settings.SelectMany(s => new[] { "--set", s }), "--set", $"Kafka:AdvertisedListeners=internal://{Bootstrap}"]);
        _proxy.Server = IPEndPoint.Parse(Process.Kafka);
    }
}
