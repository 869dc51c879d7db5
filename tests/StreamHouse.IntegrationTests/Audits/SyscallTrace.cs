using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using StreamHouse.IntegrationTests.Support;

namespace StreamHouse.IntegrationTests.Audits;

/// <summary>A system call of the server that succeeded, in seconds since 1970.</summary>
/// <param name="Name">Of the call.</param>
/// <param name="Arguments">As strace prints them, with the path behind each descriptor and strings unescaped, one character a byte.</param>
/// <param name="Start">When it began.</param>
/// <param name="End">When it returned.</param>
internal sealed record Syscall(string Name, string Arguments, decimal Start, decimal End)
{
    /// <summary>What the first descriptor is of: a path or a socket.</summary>
    public string Target { get; } = Arguments.IndexOf('<', StringComparison.Ordinal) is >= 0 and var from
        && Arguments.IndexOf('>', from) is >= 0 and var to ? Arguments[(from + 1)..to] : "";

    public bool IsSync => Name is "fdatasync" or "fsync";

    public bool IsWrite => Name is "pwrite64" or "pwritev" or "pwritev2" or "write" or "writev";

    public bool IsSend => Name is "sendto" or "sendmsg" || (Name is "write" or "writev" && Target.StartsWith("socket", StringComparison.Ordinal));

    public bool IsReceive => Name is "recvfrom" or "recvmsg" or "read" && Target.StartsWith("socket", StringComparison.Ordinal);

    public bool Contains(string text) => Arguments.Contains(text, StringComparison.Ordinal);
}

/// <summary>What strace saw of a server process.</summary>
internal sealed partial class SyscallTrace : IAsyncDisposable
{
    private const string Calls = "fdatasync,fsync,pwrite64,pwritev,pwritev2,write,writev,sendto,sendmsg,recvfrom,recvmsg,read,rename,renameat,renameat2,unlink,unlinkat";

    private readonly Process _strace;
    private readonly string _file;

    private SyscallTrace(Process strace, string file)
    {
        _strace = strace;
        _file = file;
    }

    /// <summary>Follows a server's threads from now on; skips the test where the system does not permit that.</summary>
    public static async Task<SyscallTrace> AttachAsync(ServerProcess server)
    {
        string file = Path.GetTempFileName();
        string[] arguments = ["-f", "-ttt", "-T", "-y", "-s", "600000", "-e", $"trace={Calls}", "-e", "signal=none", "-o", file, "-p", $"{server.Id}"];
        Process strace = Process.Start(new ProcessStartInfo("strace", arguments) { RedirectStandardError = true })!;
        string? line = await strace.StandardError.ReadLineAsync();
        if (line is null || !line.Contains("attached", StringComparison.Ordinal))
        {
            await strace.WaitForExitAsync();
            strace.Dispose();
            Assert.SkipWhen(line?.Contains("not permitted", StringComparison.Ordinal) == true, $"ptrace is not permitted here: {line}");
            throw new InvalidOperationException($"strace did not attach: {line}");
        }
        return new SyscallTrace(strace, file);
    }

    /// <summary>Kills the server and returns the calls that succeeded, in the order in which they began.</summary>
    public async Task<List<Syscall>> EndAsync(ServerProcess server)
    {
        await server.KillAsync();
        await _strace.WaitForExitAsync();
        Dictionary<string, (decimal Start, string Text)> unfinished = [];
        List<Syscall> calls = [];
        foreach (string line in await File.ReadAllLinesAsync(_file, Encoding.Latin1))
        {
            string[] parts = line.Split(' ', 3, StringSplitOptions.RemoveEmptyEntries);
            if (parts.Length < 3)
            {
                continue;
            }
            decimal time = decimal.Parse(parts[1], CultureInfo.InvariantCulture);
            string text = parts[2];
            const string Unfinished = "<unfinished ...>";
            if (text.EndsWith(Unfinished, StringComparison.Ordinal))
            {
                unfinished[parts[0]] = (time, text[..^Unfinished.Length]);
                continue;
            }
            if (text.StartsWith("<... ", StringComparison.Ordinal))
            {
                if (!unfinished.Remove(parts[0], out (decimal Start, string Text) begun))
                {
                    continue;
                }
                time = begun.Start;
                text = begun.Text + text[(text.IndexOf('>', StringComparison.Ordinal) + 1)..];
            }
            Match match = Call().Match(text);
            if (match.Success)
            {
                decimal took = decimal.Parse(match.Groups["took"].Value, CultureInfo.InvariantCulture);
                calls.Add(new Syscall(match.Groups["name"].Value, Unescape(match.Groups["args"].Value), time, time + took));
            }
        }
        calls.Sort((a, b) => a.Start.CompareTo(b.Start));
        return calls;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_strace.HasExited)
        {
            _strace.Kill();
            await _strace.WaitForExitAsync();
        }
        _strace.Dispose();
        File.Delete(_file);
    }

    private static string Unescape(string text)
    {
        StringBuilder plain = new(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\' || i + 1 == text.Length)
            {
                plain.Append(text[i]);
                continue;
            }
            i++;
            if (text[i] is < '0' or > '7')
            {
                plain.Append(text[i] switch { 'n' => '\n', 'r' => '\r', 't' => '\t', 'v' => '\v', 'f' => '\f', var other => other });
                continue;
            }
            int value = 0;
            int digits = 0;
            while (digits < 3 && i < text.Length && text[i] is >= '0' and <= '7')
            {
                value = (value * 8) + (text[i] - '0');
                i++;
                digits++;
            }
            i--;
            plain.Append((char)value);
        }
        return plain.ToString();
    }

    [GeneratedRegex(@"^(?<name>\w+)\((?<args>.*)\)\s+= (?<result>\d+) <(?<took>[\d.]+)>$", RegexOptions.Singleline)]
    private static partial Regex Call();
}
