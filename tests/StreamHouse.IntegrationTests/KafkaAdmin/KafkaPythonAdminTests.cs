using System.Diagnostics;
using StreamHouse.IntegrationTests.Support;
using StreamHouse.Tests.Support;

namespace StreamHouse.IntegrationTests.KafkaAdmin;

/// <summary>A real server is administered by a client of others: kafka-python's, with what it tells of each step.</summary>
public sealed class KafkaPythonAdminTests
{
    private const string Python = "/usr/bin/python3";

    [Fact]
    public async Task Topics_configs_offsets_and_groups_are_administered()
    {
        RequiredTools.Require(Python, "/usr/lib/python3/dist-packages/kafka/__init__.py");
        await using ServerProcess server = await ServerProcess.StartAsync();

        string[] told = await RunAsync(Path.Combine(AppContext.BaseDirectory, "KafkaAdmin", "admin.py"), server.Kafka);

        told.ShouldBe(
        [
            """["create", [["admin", 0]]]""",
            """["compact", ["InvalidConfigurationError", true]]""",
            """["invalid", "InvalidTopicError"]""",
            """["partitions", 3]""",
            """["setting", "60000"]""",
            """["altered", ["2048", "604800000"]]""",
            """["broker", ["true"]]""",
            """["cluster", [1]]""",
            """["consumed", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]]""",
            """["by time", 1]""",
            """["ends", [0, 3]]""",
            """["group", ["Stable", "consumer", 1]]""",
            """["groups", [["group", "consumer"]]]""",
            """["offsets", [[0, 4], [1, 3], [2, 3]]]""",
            """["deleted groups", [["group", "NoError"], ["nope", "GroupIdNotFoundError"]]]""",
            """["topics", []]""",
        ]);
    }

    private static async Task<string[]> RunAsync(params string[] arguments)
    {
        using CancellationTokenSource limit = new(TimeSpan.FromMinutes(2));
        using Process process = Process.Start(new ProcessStartInfo(Python, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(limit.Token);
        Task<string> errors = process.StandardError.ReadToEndAsync(limit.Token);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
        }
        process.ExitCode.ShouldBe(0, await errors);
        return (await output).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
