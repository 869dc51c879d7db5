using System.Diagnostics;
using System.Text;
using StreamHouse.Client;
using StreamHouse.Client.Producers;
using StreamHouse.IntegrationTests.Support;

namespace StreamHouse.IntegrationTests.Audits;

/// <summary>A data folder on a small file system of its own that fills up while the server runs.</summary>
[Collection(AuditSuite.Name)]
public sealed class FullDiskTests
{
    [Fact]
    public async Task Full_disk_refuses_producers_retriably_serves_readers_and_recovers_with_space()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Mounting a small file system needs root.");
        string folder = Directory.CreateTempSubdirectory("streamhouse-test-").FullName;
        Assert.SkipUnless(await RunAsync("mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", folder), "Mounting is not permitted here.");
        try
        {
            await using ServerProcess server = await ServerProcess.StartAsync(
                folder, ["--set", "NodeLog:FileBytes=1048576", "--set", "NodeLog:SpaceRetryDelay=100ms", "--set", "LocalUploads:FlushBytes=1048576"]);
            await Traffic.CreateAsync(server, "a");
            await Traffic.ProduceAsync(server, "a", "early", 5);
            string ballast = Path.Combine(folder, "ballast");
            Fill(ballast);

            (int acknowledged, StreamHouseException error) = await FillLogAsync(server);

            error.IsRetriable.ShouldBeTrue(error.ToString());
            List<string> read = await Traffic.ReadAsync(server, "a");
            read.Take(5).ShouldBe(Traffic.Values("early", 5));
            read.Count.ShouldBeGreaterThanOrEqualTo(5 + acknowledged);

            File.Delete(ballast);
            await Traffic.ProduceAsync(server, "a", "late", 5);

            read = await Traffic.ReadAsync(server, "a");
            read.TakeLast(5).ShouldBe(Traffic.Values("late", 5));
            read.Count(v => v.StartsWith("fill", StringComparison.Ordinal)).ShouldBeGreaterThanOrEqualTo(acknowledged);
            await server.KillAsync();
            await using ServerProcess again = await ServerProcess.StartAsync(folder, ["--set", "NodeLog:FileBytes=1048576"]);
            (await Traffic.ReadAsync(again, "a")).ShouldBe(read);
        }
        finally
        {
            await RunAsync("umount", folder);
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Writes until a record is given up.</summary>
    private static async Task<(int Acknowledged, StreamHouseException Error)> FillLogAsync(ServerProcess server)
    {
        await using StreamHouseClient client = new(server.Grpc.ToString());
        await using Producer producer = client.CreateProducer(new ProducerOptions { DeliveryTimeout = TimeSpan.FromSeconds(2) });
        string padding = new('.', 50_000);
        for (int i = 0; i < 5000; i++)
        {
            try
            {
                await producer.SendAsync("a", default, Encoding.UTF8.GetBytes($"fill-{i}{padding}"));
            }
            catch (StreamHouseException e)
            {
                return (i, e);
            }
        }
        throw new InvalidOperationException("250 MB went into a file system of 24 MiB.");
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
