using System.Text.RegularExpressions;

namespace StreamHouse.Tests.Server;

/// <summary>What the analyzer of banned symbols cannot see in the engine: extension methods, keywords and whole shapes of code.</summary>
public sealed partial class EngineSourceTests
{
    public static TheoryData<string, string> Banned => new()
    {
        { @"\.ReadAllAsync\(", "ChannelReader.ReadAllAsync resumes on pool threads: loop over WaitToReadAsync and TryRead" },
        { @"\.ConfigureAwait\(", "ConfigureAwait leaves the caller's scheduler" },
        { @"\basync\s+void\b", "async void loses its exceptions" },
        { @"\bTask\.(WhenAll|WhenAny|WhenEach|Run)\b", "These resume on pool threads: await one task after another" },
        { @"\bTask\.Factory\b|\bThreadPool\b|\bnew Thread\(", "The engine has no threads of its own" },
        { @"\bCreateUnbounded\b", "Every queue has a limit" },
        { @"\.GetAwaiter\(\)\.GetResult\(\)|\.Wait\(\)", "Blocking on a task" },
        { @"\bDateTime(Offset)?\.(Utc)?Now\b|\bEnvironment\.TickCount", "Take a TimeProvider" },
        { @"\bRuntimeHelpers\.GetHashCode\b", "Identity hashes differ from run to run" },
        { @"\.ContinueWith\(", "Await instead: the continuation would not belong to the caller" },
        { @"\bforeach\b[^\n]*ConcurrentDictionary", "The order of a ConcurrentDictionary differs from run to run" },
    };

    [Theory]
    [MemberData(nameof(Banned))]
    public void Engine_does_not_use(string pattern, string why)
    {
        Regex banned = new(pattern, RegexOptions.CultureInvariant);
        List<string> found = [];
        foreach (string folder in new[] { "src/StreamHouse.Broker", "src/StreamHouse.Raft" }.Where(f => Directory.Exists(Repository.PathOf(f))))
        {
            foreach (string file in Repository.SourcesOf(folder))
            {
                string code = Comment().Replace(File.ReadAllText(file), "");
                found.AddRange(banned.Matches(code).Select(m => $"{Path.GetRelativePath(Repository.Root, file)}: {m.Value.Trim()}"));
            }
        }
        found.ShouldBeEmpty(why);
    }

    [Fact]
    public void The_sources_are_there_to_be_read() => Repository.SourcesOf("src/StreamHouse.Broker").Count().ShouldBeGreaterThan(10);

    [Fact]
    public void Namespaces_are_the_folders_of_the_files()
    {
        List<string> wrong = [];
        foreach (string file in Repository.SourcesOf("src"))
        {
            Match declared = Namespace().Match(File.ReadAllText(file));
            string folder = Path.GetRelativePath(Repository.PathOf("src"), Path.GetDirectoryName(file)!).Replace('/', '.');
            if (declared.Success && declared.Groups[1].Value != folder)
            {
                wrong.Add($"{Path.GetRelativePath(Repository.Root, file)} declares {declared.Groups[1].Value}");
            }
        }
        wrong.ShouldBeEmpty();
    }

    [GeneratedRegex(@"//[^\n]*|/\*.*?\*/", RegexOptions.Singleline)]
    private static partial Regex Comment();

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Namespace();
}
