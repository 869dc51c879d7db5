using System.Diagnostics;
using System.Globalization;

namespace StreamHouse.IntegrationTests.Kafka;

/// <summary>Wireshark's dissector, as somebody else's opinion of what went over the wire.</summary>
internal static class Tshark
{
    /// <summary>
    /// The first versions whose byte strings this dissector can read. Debian's tshark 4.0 takes the length of one for 16 bits in the versions before, and
    /// calls malformed what clients and server send there: members' subscriptions and assignments.
    /// </summary>
    private static readonly Dictionary<int, int> ReadableFrom = new() { [11] = 6, [14] = 4, [15] = 5 };

    /// <summary>A frame that holds Kafka messages, or is malformed.</summary>
    /// <param name="Number">Its number in the capture.</param>
    /// <param name="IsMalformed">Whether something is wrong with it.</param>
    /// <param name="Requests">APIs and versions of the requests in it.</param>
    /// <param name="Answered">The frames of the requests that are answered in it.</param>
    internal sealed record KafkaFrame(int Number, bool IsMalformed, IReadOnlyList<(int Api, int Version)> Requests, IReadOnlyList<int> Answered);

    /// <summary>All frames with Kafka messages, and all malformed ones.</summary>
    public static async Task<List<KafkaFrame>> DissectAsync(string capture, int port)
    {
        ProcessStartInfo start = new(
            "tshark",
            [
                "-n", "-r", capture, "-d", $"tcp.port=={port},kafka", "-Y", "kafka || _ws.malformed", "-T", "fields", "-E", "separator=|",
                "-e", "frame.number", "-e", "_ws.malformed", "-e", "kafka.api_key", "-e", "kafka.api_version", "-e", "kafka.request_frame",
            ])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        process.ExitCode.ShouldBe(0, await errors);
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Parse)];
    }

    /// <summary>Those that are malformed, apart from what this dissector is known to get wrong.</summary>
    public static IEnumerable<string> Malformed(IReadOnlyList<KafkaFrame> frames)
    {
        var requests = frames.ToDictionary(f => f.Number, f => f.Requests);
        foreach (KafkaFrame frame in frames.Where(f => f.IsMalformed))
        {
            (int Api, int Version)[] messages = [.. frame.Requests, .. frame.Answered.SelectMany(a => requests.GetValueOrDefault(a) ?? [])];
            if (!messages.Any(m => ReadableFrom.TryGetValue(m.Api, out int version) && m.Version < version))
            {
                yield return $"frame {frame.Number}: {string.Join(' ', messages)}";
            }
        }
    }

    private static KafkaFrame Parse(string line)
    {
        string[] fields = line.Split('|');
        return new KafkaFrame(Numbers(fields[0]).Single(), fields[1].Length > 0, [.. Numbers(fields[2]).Zip(Numbers(fields[3]))], [.. Numbers(fields[4])]);
    }

    private static IEnumerable<int> Numbers(string text) =>
        text.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(n => int.Parse(n, CultureInfo.InvariantCulture));
}
