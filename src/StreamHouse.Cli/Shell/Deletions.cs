using StreamHouse.Client;

namespace StreamHouse.Cli.Shell;

/// <summary>
/// Deletes things by name, one after another, and tells what became of each: what has been deleted is gone for ever, and must not go unsaid because
/// another could not be.
/// </summary>
/// <param name="kind">What they are, such as <c>group</c>.</param>
/// <param name="isDryRun">Whether nothing is really deleted.</param>
/// <param name="absent">The error that says that there is no such thing, when that is as good as having deleted it; otherwise null.</param>
internal sealed class Deletions(string kind, bool isDryRun, StreamHouseErrorCode? absent)
{
    // The worst first.
    private static readonly int[] Gravity =
        [ExitCode.Interrupted, ExitCode.Damaged, ExitCode.Unreachable, ExitCode.Failure, ExitCode.Usage, ExitCode.NotFound];

    private static readonly FailureReport NotTried = new(ExitCode.Failure, "not tried.", null);

    private readonly List<string> _deleted = [];
    private readonly List<string> _absent = [];
    private readonly List<(string Name, FailureReport Report)> _failed = [];

    /// <summary>Tries each, but stops when it is interrupted or the server cannot be reached.</summary>
    public async Task RunAsync(IEnumerable<string> names, Func<string, Task> deleteAsync, CancellationToken ct)
    {
        bool goesOn = true;
        foreach (string name in names.Distinct(StringComparer.Ordinal))
        {
            if (!goesOn)
            {
                _failed.Add((name, NotTried));
                continue;
            }
            try
            {
                ct.ThrowIfCancellationRequested();
                await deleteAsync(name);
                _deleted.Add(name);
            }
            catch (StreamHouseException e) when (e.Code == absent)
            {
                _absent.Add(name);
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                _failed.Add((name, new FailureReport(ExitCode.Interrupted, "interrupted.", $"It may be done all the same: see 'streamctl {kind} list'.")));
                goesOn = false;
            }
            catch (Exception e) when (FailureReport.Of(e) is { } report)
            {
                _failed.Add((name, report));
                goesOn = report.ExitCode != ExitCode.Unreachable;
            }
        }
    }

    /// <summary>Tells what became of each.</summary>
    /// <returns>The exit code of the worst failure.</returns>
    public int Write(Terminal terminal, OutputFormat format)
    {
        if (format == OutputFormat.Json)
        {
            WriteJson(terminal);
        }
        else
        {
            _deleted.ForEach(name => Output.Text(terminal, $"{(isDryRun ? "Could delete" : "Deleted")} {kind} {name}.\n"));
        }
        _absent.ForEach(name => terminal.Error.WriteLine($"There is no {kind} {name}."));
        foreach ((string name, FailureReport report) in _failed)
        {
            terminal.Error.WriteLine($"streamctl: {kind} {name} {(isDryRun ? "could not be" : "is not")} deleted: {report.Message}");
            if (report.Hint is { } hint)
            {
                terminal.Error.WriteLine($"  {hint}");
            }
        }
        return _failed.Count == 0 ? ExitCode.Success : _failed.Select(failed => failed.Report.ExitCode).MinBy(GravityOf);
    }

    private static int GravityOf(int exitCode) => Array.IndexOf(Gravity, exitCode) is var at && at >= 0 ? at : Gravity.Length;

    private void WriteJson(Terminal terminal) => Output.Json(terminal, json =>
    {
        json.WriteStartObject();
        json.WriteBoolean("executed", !isDryRun);
        json.WriteStartArray("deleted");
        _deleted.ForEach(json.WriteStringValue);
        json.WriteEndArray();
        json.WriteStartArray("absent");
        _absent.ForEach(json.WriteStringValue);
        json.WriteEndArray();
        json.WriteStartArray("failed");
        foreach ((string name, FailureReport report) in _failed)
        {
            json.WriteStartObject();
            json.WriteString(kind, name);
            json.WriteNumber("exitCode", report.ExitCode);
            json.WriteString("reason", report.Message);
            json.WriteString("hint", report.Hint);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    });
}
