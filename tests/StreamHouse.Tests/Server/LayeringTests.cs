using System.Xml.Linq;

namespace StreamHouse.Tests.Server;

/// <summary>Reads the project files: what may refer to what is decided in docs/ARCHITECTURE.md and nowhere else.</summary>
public sealed class LayeringTests
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Raft"] = [],
        ["Records"] = [],
        ["Broker"] = ["Records", "Raft"],
        ["Storage"] = ["Broker"],
        ["Kafka"] = ["Records"],
        ["Rpc"] = [],
        ["Client"] = ["Records", "Rpc"],
        ["Cli"] = ["Client", "Broker"],
        ["Console"] = ["Client"],
        ["Server"] = ["Raft", "Records", "Broker", "Storage", "Kafka", "Rpc", "Client", "Console"],
    };

    /// <summary>Packages that decide what a project can do; the others may only use what is listed.</summary>
    private static readonly Dictionary<string, string[]> Packages = new()
    {
        ["Raft"] = ["Microsoft.CodeAnalysis.BannedApiAnalyzers"],
        ["Records"] = [],
        ["Broker"] = ["Microsoft.Extensions.Logging.Abstractions", "Microsoft.CodeAnalysis.BannedApiAnalyzers"],
        ["Kafka"] = [],
        ["Rpc"] = ["Google.Protobuf", "Grpc.Tools"],
        ["Client"] = ["Microsoft.Extensions.DependencyInjection.Abstractions", "Microsoft.Extensions.Logging.Abstractions"],
    };

    public static TheoryData<string> Projects => [.. Directory.GetDirectories(Repository.PathOf("src")).Select(d => Path.GetFileName(d)!).Order()];

    [Theory]
    [MemberData(nameof(Projects))]
    public void Project_refers_only_to_what_its_layer_allows(string folder)
    {
        string name = folder["StreamHouse.".Length..];
        Allowed.Keys.ShouldContain(name, $"{folder} is not a part of the architecture.");
        var project = XDocument.Load(Repository.PathOf($"src/{folder}/{folder}.csproj"));

        string[] references = [.. Names(project, "ProjectReference").Select(p => Path.GetFileNameWithoutExtension(p)["StreamHouse.".Length..])];

        references.Except(Allowed[name]).ShouldBeEmpty($"{folder} must not refer to these.");
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void Project_uses_only_the_packages_of_its_layer(string folder)
    {
        var project = XDocument.Load(Repository.PathOf($"src/{folder}/{folder}.csproj"));
        bool isWeb = project.Root!.Attribute("Sdk")!.Value.EndsWith(".Web", StringComparison.Ordinal);

        (isWeb && folder is not ("StreamHouse.Server" or "StreamHouse.Console")).ShouldBeFalse("Only the processes that listen are web projects.");
        if (Packages.TryGetValue(folder["StreamHouse.".Length..], out string[]? allowed))
        {
            Names(project, "PackageReference").Except(allowed).ShouldBeEmpty($"{folder} must not use these packages.");
            Names(project, "FrameworkReference").ShouldBeEmpty();
        }
    }

    [Fact]
    public void Projects_that_are_there_are_all_in_the_solution()
    {
        string solution = File.ReadAllText(Repository.PathOf("StreamHouse.slnx"));

        foreach (string file in Directory.EnumerateFiles(Repository.PathOf("src"), "*.csproj", SearchOption.AllDirectories))
        {
            solution.ShouldContain(Path.GetRelativePath(Repository.Root, file).Replace('\\', '/'));
        }
    }

    private static IEnumerable<string> Names(XDocument project, string element) =>
        project.Descendants(element).Select(e => e.Attribute("Include")!.Value.Replace('\\', '/'));
}
