using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace StreamHouse.IntegrationTests.Kafka;

/// <summary>kcat, run once for every record it writes and every topic it reads.</summary>
internal sealed class KcatClient(string bootstrap) : IInteropClient
{
    private const string EndOfRecord = "\u0001end\u0001";

    public string Name => "kcat";

    public IReadOnlyList<string> Codecs { get; } = ["none", "gzip", "snappy", "lz4", "zstd"];

    public bool CreatesTopics => true;

    // Keys and headers are arguments of the command line: text without zeros. Empty values come only as lines with a key, and -Z makes both null that
    // are empty.
    public bool CanWrite(InteropRecord record) =>
        IsArgument(record.Key) && record.Headers.All(h => IsArgument(h.Value))
        && (record.Value is { Length: > 0 } || (record.Value is null ? record.Key is not { Length: 0 } : record.Key is not null));

    public async Task ProduceAsync(string topic, string codec, IReadOnlyList<InteropRecord> records)
    {
        string file = Path.GetTempFileName();
        try
        {
            foreach (InteropRecord record in records)
            {
                List<string> arguments = ["-P", "-b", bootstrap, "-t", topic, "-p", "0", "-z", codec, "-X", "acks=all"];
                foreach ((string name, byte[]? value) in record.Headers)
                {
                    arguments.AddRange(["-H", value is null ? name : $"{name}={Encoding.UTF8.GetString(value)}"]);
                }
                if (record.Value is { Length: > 0 })
                {
                    // The file is the value.
                    await File.WriteAllBytesAsync(file, record.Value);
                    await RunAsync([.. arguments, .. record.Key is null ? Array.Empty<string>() : ["-k", Encoding.UTF8.GetString(record.Key)], file]);
                }
                else
                {
                    // The file has a line: the key, and nothing behind the colon.
                    await File.WriteAllBytesAsync(file, [.. record.Key ?? [], (byte)':', (byte)'\n']);
                    await RunAsync([.. arguments, .. record.Value is null ? ["-Z"] : Array.Empty<string>(), "-K", ":", "-l", file]);
                }
            }
        }
        finally
        {
            File.Delete(file);
        }
    }

    public async Task<IReadOnlyDictionary<string, List<ReadRecord>>> ConsumeAsync(IReadOnlyDictionary<string, int> topics)
    {
        Dictionary<string, List<ReadRecord>> read = [];
        foreach ((string topic, int count) in topics)
        {
            byte[] output = await RunAsync(
                ["-C", "-b", bootstrap, "-t", topic, "-p", "0", "-o", "beginning", "-c", $"{count}", "-X", "check.crcs=true", "-q", "-f", $"%o %T %K %S\\n%k%s%h{EndOfRecord}"]);
            read.Add(topic, Parse(output));
        }
        return read;
    }

    public string Describe(InteropRecord record)
    {
        using MemoryStream headers = new();
        foreach ((string name, byte[]? value) in record.Headers)
        {
            headers.Write(Encoding.UTF8.GetBytes($"{(headers.Length == 0 ? "" : ",")}{name}="));
            // It prints a header's value as text that a zero ends.
            headers.Write(value is null ? "NULL"u8 : value.AsSpan(0, value.AsSpan().IndexOf((byte)0) is var end and >= 0 ? end : value.Length));
        }
        return Describe(record.Key, record.Value, headers.ToArray());
    }

    private static string Describe(byte[]? key, byte[]? value, byte[] headers) =>
        $"key {InteropRecord.Text(key)} value {InteropRecord.Text(value)} printed headers {InteropRecord.Text(headers)}";

    private static List<ReadRecord> Parse(ReadOnlySpan<byte> output)
    {
        List<ReadRecord> records = [];
        byte[] end = Encoding.UTF8.GetBytes(EndOfRecord);
        while (!output.IsEmpty)
        {
            int line = output.IndexOf((byte)'\n');
            long[] numbers = [.. Encoding.ASCII.GetString(output[..line]).Split(' ').Select(n => long.Parse(n, CultureInfo.InvariantCulture))];
            output = output[(line + 1)..];
            byte[]? key = Take(ref output, numbers[2]);
            byte[]? value = Take(ref output, numbers[3]);
            int headers = output.IndexOf(end);
            records.Add(new ReadRecord(numbers[0], numbers[1], Describe(key, value, output[..headers].ToArray())));
            output = output[(headers + end.Length)..];
        }
        return records;
    }

    private static byte[]? Take(ref ReadOnlySpan<byte> output, long length)
    {
        if (length < 0)
        {
            // What kcat prints in the place of what is not there.
            int printed = output.StartsWith("NULL"u8) ? 4 : 0;
            output = output[printed..];
            return null;
        }
        byte[] taken = output[..(int)length].ToArray();
        output = output[(int)length..];
        return taken;
    }

    private static bool IsArgument(byte[]? bytes) => bytes is null || !(bytes.Contains((byte)0) || bytes.Any(b => b > 127 && !IsUtf8(bytes)));

    private static bool IsUtf8(byte[] bytes) => System.Text.Unicode.Utf8.IsValid(bytes);

    private static async Task<byte[]> RunAsync(IEnumerable<string> arguments)
    {
        ProcessStartInfo start = new("kcat", arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(30));
        using MemoryStream output = new();
        Task<string> errors = process.StandardError.ReadToEndAsync(patience.Token);
        try
        {
            await process.StandardOutput.BaseStream.CopyToAsync(output, patience.Token);
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw new TimeoutException($"kcat {string.Join(' ', start.ArgumentList)} hangs after {output.Length} bytes");
        }
        process.ExitCode.ShouldBe(0, $"kcat {string.Join(' ', start.ArgumentList)} said:\n{await errors}");
        return output.ToArray();
    }
}
