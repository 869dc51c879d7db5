using System.Diagnostics;
using StreamHouse.Tests.Support;

namespace StreamHouse.IntegrationTests.Kafka;

/// <summary>What the tests with other people's Kafka clients need on the machine.</summary>
internal static class KafkaTools
{
    private static readonly SemaphoreSlim Installing = new(1);

    /// <summary>Goes on when all is there; kafkajs is installed beside the drivers on first use.</summary>
    public static async Task RequireAsync()
    {
        RequiredTools.Require(
            "kcat", "tshark", "node", "npm", "/usr/bin/python3", PythonPackage("confluent_kafka"), PythonPackage("kafka"), PythonPackage("lz4"),
            PythonPackage("snappy"), PythonPackage("zstandard"));
        await Installing.WaitAsync();
        try
        {
            if (!Directory.Exists(Path.Combine(ClientProcess.Folder, "node_modules", "kafkajs")))
            {
                await InstallAsync();
            }
        }
        finally
        {
            Installing.Release();
        }
    }

    private static string PythonPackage(string name) => $"/usr/lib/python3/dist-packages/{name}/__init__.py";

    private static async Task InstallAsync()
    {
        ProcessStartInfo start = new("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        {
            WorkingDirectory = ClientProcess.Folder, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        using Process npm = Process.Start(start)!;
        Task<string> errors = npm.StandardError.ReadToEndAsync();
        string output = await npm.StandardOutput.ReadToEndAsync();
        await npm.WaitForExitAsync();
        npm.ExitCode.ShouldBe(0, $"{output}\n{await errors}");
    }
}
