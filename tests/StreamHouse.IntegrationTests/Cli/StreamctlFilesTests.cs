using System.Text.Json;
using StreamHouse.Cli.Shell;
using StreamHouse.IntegrationTests.Http;
using StreamHouse.IntegrationTests.Support;

namespace StreamHouse.IntegrationTests.Cli;

/// <summary>streamctl on the files that a real server left: whole, torn, damaged.</summary>
public sealed class StreamctlFilesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("streamhouse-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Segment_is_dumped_whole_and_its_damage_found()
    {
        await using (ServerProcess server = await ServerProcess.StartAsync(_folder))
        {
            await CliRun.RunAsync(server.Grpc, "topic", "create", "t", "--durability", "object", "-p", "2");
            // One call is one batch, so that it is one object.
            using HttpCalls http = new(server.Http);
            await http.ProduceAsync("t", """{"records":[{"value":"one","partition":1},{"value":"two","partition":1},{"value":"three","partition":1}]}""");
            JsonElement listed = (await CliRun.RunAsync(server.Grpc, "segment", "list", "t", "-o", "json")).Json;
            listed.GetArrayLength().ShouldBe(1);
            listed[0].GetProperty("records").GetInt32().ShouldBe(3);
            listed[0].GetProperty("partition").GetInt32().ShouldBe(1);
            await server.StopAsync();
        }
        string file = Directory.EnumerateFiles(_folder, "*.seg", SearchOption.AllDirectories).ShouldHaveSingleItem();

        CliRun whole = await CliRun.RunAsync(null, "segment", "dump", file, "-o", "json");
        CliRun plain = await CliRun.RunAsync(null, "segment", "dump", file);

        whole.ExitCode.ShouldBe(ExitCode.Success, whole.Error);
        whole.Json.GetProperty("isWhole").GetBoolean().ShouldBeTrue();
        JsonElement slice = whole.Json.GetProperty("slices")[0];
        slice.GetProperty("topic").GetString().ShouldBe("t");
        slice.GetProperty("endOffset").GetInt32().ShouldBe(3);
        slice.GetProperty("batches").EnumerateArray().Sum(b => b.GetProperty("records").GetInt32()).ShouldBe(3);
        plain.Output.ShouldContain("slice t/1");
        plain.Output.ShouldContain("Every checksum matches.");

        byte[] bytes = await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);
        bytes[slice.GetProperty("position").GetInt32() + 70] ^= 1;
        string damaged = Path.Combine(_folder, "damaged.seg");
        await File.WriteAllBytesAsync(damaged, bytes, TestContext.Current.CancellationToken);
        CliRun found = await CliRun.RunAsync(null, "segment", "dump", damaged, "-o", "json");

        found.ExitCode.ShouldBe(ExitCode.Damaged);
        found.Error.ShouldContain("damaged.seg is damaged");
        found.Json.GetProperty("isWhole").GetBoolean().ShouldBeFalse();
        found.Json.GetProperty("slices")[0].GetProperty("crcMatches").GetBoolean().ShouldBeFalse();

        await File.WriteAllBytesAsync(damaged, bytes[..40], TestContext.Current.CancellationToken);
        (await CliRun.RunAsync(null, "segment", "dump", damaged)).ExitCode.ShouldBe(ExitCode.Damaged);
        (await CliRun.RunAsync(null, "segment", "dump", file + ".missing")).ExitCode.ShouldBe(ExitCode.NotFound);
    }

    [Fact]
    public async Task Node_log_is_verified_intact_torn_and_corrupt()
    {
        await using (ServerProcess server = await ServerProcess.StartAsync(_folder))
        {
            await CliRun.RunAsync(server.Grpc, "topic", "create", "t");
            for (int i = 0; i < 3; i++)
            {
                (await CliRun.RunAsync(server.Grpc, "produce", "t", "a record")).ExitCode.ShouldBe(ExitCode.Success);
            }
            await server.KillAsync();
        }

        CliRun intact = await CliRun.RunAsync(null, "wal", "verify", _folder, "-o", "json");
        intact.ExitCode.ShouldBe(ExitCode.Success, intact.Error);
        intact.Json.GetProperty("verdict").GetString().ShouldBe("intact");
        intact.Json.GetProperty("records").GetInt32().ShouldBe(3);

        JsonElement[] dump = await DumpAsync();
        dump.Count(line => line.GetProperty("type").GetString() == "entries").ShouldBe(3);
        JsonElement[] frames = [.. dump.Where(line => line.GetProperty("type").GetString() == "frame")];
        JsonElement last = dump.Last(line => line.GetProperty("type").GetString() == "entries");
        JsonElement lastFrame = frames.Single(f => f.GetProperty("position").GetInt64() == last.GetProperty("position").GetInt64());

        await WriteAsync(frames[1], 20, flip: true);
        CliRun corrupt = await CliRun.RunAsync(null, "wal", "verify", _folder, "-o", "json");
        corrupt.ExitCode.ShouldBe(ExitCode.Damaged);
        corrupt.Json.GetProperty("verdict").GetString().ShouldBe("corrupt");
        corrupt.Error.ShouldContain("Do not start a server on it");
        await WriteAsync(frames[1], 20, flip: true);

        // As a power failure leaves it: the last frame half written, nothing after it.
        await WriteAsync(lastFrame, 100, flip: true);
        await WriteAsync(lastFrame, lastFrame.GetProperty("bytes").GetInt32(), flip: false);
        CliRun torn = await CliRun.RunAsync(null, "wal", "verify", _folder, "-o", "json");
        torn.ExitCode.ShouldBe(ExitCode.Success, torn.Error);
        torn.Json.GetProperty("verdict").GetString().ShouldBe("torn");
        torn.Json.GetProperty("records").GetInt32().ShouldBe(2);

        (await CliRun.RunAsync(null, "wal", "verify", Path.Combine(_folder, "nowhere"))).ExitCode.ShouldBe(ExitCode.NotFound);
    }

    private async Task<JsonElement[]> DumpAsync() =>
        [.. (await CliRun.RunAsync(null, "wal", "dump", _folder, "-o", "json")).Lines.Select(line => JsonDocument.Parse(line).RootElement)];

    /// <summary>Flips a bit in a frame, or clears what follows.</summary>
    private async Task WriteAsync(JsonElement frame, int at, bool flip)
    {
        await using FileStream file = File.Open(Path.Combine(_folder, "wal", frame.GetProperty("file").GetString()!), FileMode.Open);
        long position = frame.GetProperty("fileOffset").GetInt64() + at;
        file.Position = position;
        byte[] bytes = flip ? [(byte)(file.ReadByte() ^ 1)] : new byte[1 << 20];
        file.Position = position;
        await file.WriteAsync(bytes);
    }
}
