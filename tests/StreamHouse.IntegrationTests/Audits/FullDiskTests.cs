using System.Diagnostics;
using System.Net;
using System.Text;
using StreamHouse.Client;
using StreamHouse.Client.Producers;
using StreamHouse.IntegrationTests.Support;

namespace StreamHouse.IntegrationTests.Audits;

/// <summary>A data folder on a small file system of its own that fills up while the server runs.</summary>
[Collection(AuditSuite.Name)]
public sealed class FullDiskTests
{
    private static readonly string[] Settings =
        ["--set", "NodeLog:FileBytes=1060864", "--set", "LocalUploads:FlushBytes=1048576", "--set", "Tail:WaitTimeout=500ms"];

    [Fact]
    public async Task Full_disk_refuses_producers_retriably_serves_readers_and_recovers_with_space()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Mounting a small file system needs root.");
        string folder = Directory.CreateTempSubdirectory("streamhouse-test-").FullName;
        Assert.SkipUnless(await RunAsync("mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", folder), "Mounting is not permitted here.");
        try
        {
            await using ServerProcess server = await ServerProcess.StartAsync(folder, [.. Settings, "--set", "NodeLog:SpaceRetryDelay=100ms"]);
            await Traffic.CreateAsync(server, "a");
            await Traffic.CreateAsync(server, "o", RecordDurability.Object);
            await Traffic.ProduceAsync(server, "a", "early", 5);
            await Traffic.ProduceAsync(server, "o", "early", 5);
            string ballast = Path.Combine(folder, "ballast");
            Fill(ballast);

            (int acknowledged, StreamHouseException error) = await FillAsync(server, "a");
            (_, StreamHouseException objectError) = await FillAsync(server, "o");

            Cause(error).Code.ShouldBe(StreamHouseErrorCode.NoSpace, error.ToString());
            error.IsRetriable.ShouldBeTrue(error.ToString());
            Cause(objectError).Code.ShouldBeOneOf([StreamHouseErrorCode.NoSpace, StreamHouseErrorCode.TimedOut], objectError.ToString());
            objectError.Message.ShouldContain("space", Case.Insensitive);
            (HttpStatusCode status, string reason) = await ReadyAsync(server);
            status.ShouldBe(HttpStatusCode.ServiceUnavailable);
            reason.ShouldContain("space", Case.Insensitive);
            List<string> read = await Traffic.ReadAsync(server, "a");
            read.Take(5).ShouldBe(Traffic.Values("early", 5));
            read.Count.ShouldBeGreaterThanOrEqualTo(5 + acknowledged);

            File.Delete(ballast);
            await Traffic.ProduceAsync(server, "a", "late", 5);
            await Traffic.ProduceAsync(server, "o", "late", 5);

            read = await Traffic.ReadAsync(server, "a");
            read.TakeLast(5).ShouldBe(Traffic.Values("late", 5));
            read.Count(v => v.StartsWith("fill", StringComparison.Ordinal)).ShouldBeGreaterThanOrEqualTo(acknowledged);
            List<string> objects = await Traffic.ReadAsync(server, "o");
            objects.Take(5).ShouldBe(Traffic.Values("early", 5));
            objects.TakeLast(5).ShouldBe(Traffic.Values("late", 5));
            await BecomesReadyAsync(server);
            await server.KillAsync();
            await using ServerProcess again = await ServerProcess.StartAsync(folder, Settings);
            (await Traffic.ReadAsync(again, "a")).ShouldBe(read);
            (await Traffic.ReadAsync(again, "o")).ShouldBe(objects);
        }
        finally
        {
            await RunAsync("umount", folder);
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Writes until a record is given up.</summary>
    private static async Task<(int Acknowledged, StreamHouseException Error)> FillAsync(ServerProcess server, string topic)
    {
        await using StreamHouseClient client = new(server.Grpc.ToString());
        await using Producer producer = client.CreateProducer(new ProducerOptions { DeliveryTimeout = TimeSpan.FromSeconds(5) });
        string padding = new('.', 50_000);
        for (int i = 0; i < 5000; i++)
        {
            try
            {
                await producer.SendAsync(topic, default, Encoding.UTF8.GetBytes($"fill-{i}{padding}"));
            }
            catch (StreamHouseException e)
            {
                return (i, e);
            }
        }
        throw new InvalidOperationException("250 MB went into a file system of 24 MiB.");
    }

    /// <summary>The server's own error under the client's.</summary>
    private static StreamHouseException Cause(StreamHouseException error) => error.InnerException as StreamHouseException ?? error;

    private static async Task<(HttpStatusCode Status, string Reason)> ReadyAsync(ServerProcess server)
    {
        using HttpClient http = new();
        using HttpResponseMessage response = await http.GetAsync(new Uri(server.Http, "/health/ready"));
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    private static async Task BecomesReadyAsync(ServerProcess server)
    {
        for (int i = 0; i < 100; i++)
        {
            if ((await ReadyAsync(server)).Status == HttpStatusCode.OK)
            {
                return;
            }
            await Task.Delay(100);
        }
        (await ReadyAsync(server)).ShouldBe((HttpStatusCode.OK, ""));
    }

    private static void Fill(string path)
    {
        using FileStream ballast = new(path, FileMode.CreateNew);
        try
        {
            while (true)
            {
                ballast.Write(new byte[65536]);
                ballast.Flush();
            }
        }
        catch (IOException)
        {
            // Full, as wanted.
        }
    }

    private static async Task<bool> RunAsync(string command, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardError = true })!;
        await process.WaitForExitAsync();
        return process.ExitCode == 0;
    }
}
