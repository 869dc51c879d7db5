using System.Diagnostics;
using StreamHouse.Kafka;
using StreamHouse.KafkaCodec;
using StreamHouse.Tests.Support;

namespace StreamHouse.Tests.Kafka;

/// <summary>Wireshark's own dissector reads what we write: another reading of the flexible versions than ours.</summary>
public sealed class TsharkTests
{
    private const int Rounds = 10;

    /// <summary>
    /// Messages and the versions of them that tshark 4.0 knows. Left out: what it knows wrongly (it expects long strings in ListPartitionReassignments)
    /// and what random values are not good enough for, because it looks into batches and into consumers' metadata.
    /// </summary>
    private static readonly Dictionary<string, VersionRange> Known = new()
    {
        ["AlterConfigs"] = new(0, 1),
        ["ApiVersions"] = new(0, 3),
        ["DeleteGroups"] = new(0, 2),
        ["DeleteRecords"] = new(0, 1),
        ["DeleteTopics"] = new(3, 4),
        ["DescribeConfigs"] = new(1, 2),
        ["DescribeGroups"] = new(5, 5),
        ["DescribeLogDirs"] = new(1, 1),
        ["FindCoordinator"] = new(0, 3),
        ["Heartbeat"] = new(0, 4),
        ["IncrementalAlterConfigs"] = new(0, 1),
        ["InitProducerId"] = new(0, 3),
        ["JoinGroup"] = new(6, 7),
        ["LeaveGroup"] = new(0, 4),
        ["ListGroups"] = new(0, 3),
        ["ListOffsets"] = new(1, 5),
        ["Metadata"] = new(0, 9),
        ["OffsetCommit"] = new(1, 8),
        ["OffsetDelete"] = new(0, 0),
        ["OffsetFetch"] = new(1, 7),
        ["OffsetForLeaderEpoch"] = new(2, 3),
        ["SyncGroup"] = new(4, 5),
    };

    [Fact]
    public async Task No_message_is_malformed()
    {
        RequiredTools.Require("tshark");
        PcapFile capture = new();
        List<string> frames = [];
        foreach (ApiSchema api in KafkaSchemas.All.Where(a => Known.ContainsKey(a.Name)))
        {
            for (int version = Known[api.Name].Min; version <= Known[api.Name].Max; version++)
            {
                for (int round = 0; round < Rounds; round++)
                {
                    AddExchange(capture, frames, api, version, round);
                }
            }
        }

        string[] lines = await DissectAsync(capture.Bytes);

        lines.Length.ShouldBe(frames.Count, "A line for each frame.");
        string[] wrong = [.. lines.Select((line, i) => (Line: line.Split('\t'), Frame: frames[i]))
            .Where(f => IsWrong(f.Frame.Split(' '), f.Line))
            .Select(f => $"{f.Frame}: {string.Join(' ', f.Line)}")];
        wrong.ShouldBeEmpty();
    }

    // Versions are only in requests; random API keys are unknown ones, and the answers to ApiVersions are full of them.
    private static bool IsWrong(string[] frame, string[] line) =>
        line[1].Length > 0
        || (frame[2] == "request" && line[0] != frame[1])
        || (frame is not ["ApiVersions", _, "response"] && line[2].Length > 0);

    /// <summary>For each frame the version that tshark saw and what it complains about.</summary>
    private static async Task<string[]> DissectAsync(byte[] capture)
    {
        string path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        await File.WriteAllBytesAsync(path, capture);
        try
        {
            string[] arguments =
            [
                "-n", "-r", path, "-d", "tcp.port==9092,kafka", "-T", "fields",
                "-e", "kafka.api_version", "-e", "_ws.malformed", "-e", "_ws.expert.message",
            ];
            using Process process = Process.Start(new ProcessStartInfo("tshark", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })
                ?? throw new InvalidOperationException("tshark did not start.");
            Task<string> complaints = process.StandardError.ReadToEndAsync();
            string output = await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
            process.ExitCode.ShouldBe(0, await complaints);
            return output.TrimEnd('\n').Split('\n');
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static void AddExchange(PcapFile capture, List<string> frames, ApiSchema api, int version, int round)
    {
        int correlationId = frames.Count;
        using KafkaBuffer request = new();
        KafkaWriter writer = new(request);
        writer.WriteInt32(0);
        new RequestHeader((ApiKey)api.Key, (short)version, correlationId, "tshark").Write(ref writer);
        writer.WriteRaw(Body(api, api.Request, version, round));
        KafkaFrame.End(ref writer, 0);
        capture.Add(fromClient: true, request.WrittenSpan);
        frames.Add($"{api.Name} {version} request");

        using KafkaBuffer response = new();
        writer = new(response);
        int start = KafkaFrame.BeginResponse(ref writer, (ApiKey)api.Key, (short)version, correlationId);
        writer.WriteRaw(Body(api, api.Response, version, round));
        KafkaFrame.End(ref writer, start);
        capture.Add(fromClient: false, response.WrittenSpan);
        frames.Add($"{api.Name} {version} response");
    }

    private static byte[] Body(ApiSchema api, StructSchema schema, int version, int round)
    {
        var codec = MessageCodec.Of(schema.Name);
        return codec.Write(new RandomMessages(round) { WritesRecords = false }.Create(codec.Type, api, schema, version), version);
    }
}
