using StreamHouse.IntegrationTests.Support;

namespace StreamHouse.IntegrationTests.Kafka;

/// <summary>The recipes of docs/kafka.md, run as somebody pastes them, against a server that has just been started.</summary>
public sealed class RecipeTests : IAsyncLifetime
{
    private ServerProcess _server = null!;

    public async ValueTask InitializeAsync()
    {
        await KafkaTools.RequireAsync();
        _server = await ServerProcess.StartAsync();
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Kcat_writes_reads_and_lists()
    {
        string recipe = RecipeOf("kcat", "sh");

        ToolRun run = await Tool.RunAsync("bash", ["-e", "-o", "pipefail"], recipe);

        run.ExitCode.ShouldBe(0, run.ToString());
        run.Output.ShouldContain("customer-7: first order\n");
        run.Output.ShouldContain("customer-8: another\n");
        run.Output.ShouldContain("topic \"orders\" with 4 partitions");
        string member = Text().Split('\n').Single(l => l.StartsWith("As a member of a group: `kcat", StringComparison.Ordinal)).Split('`')[1];
        // A new group of librdkafka begins at the end unless told otherwise, and kcat keeps what it writes to a pipe.
        ToolRun group = await UntilAsync($"{member.Replace("127.0.0.1:9092", _server.Kafka, StringComparison.Ordinal)} -u -X auto.offset.reset=earliest", "first order");
        group.Output.ShouldContain("first order", Case.Sensitive, group.Error);
    }

    [Fact]
    public async Task Librdkafka_in_Python_writes_and_reads_as_a_member_of_a_group()
    {
        ToolRun run = await RunPythonAsync(RecipeOf("librdkafka: confluent-kafka-python, Confluent.Kafka for .NET, Go", "python"));

        run.Output.ShouldBe("b'customer-7' b'second order'\n", run.Error);
    }

    [Fact]
    public async Task Kafka_python_writes_and_reads_as_a_member_of_a_group()
    {
        ToolRun run = await RunPythonAsync(RecipeOf("kafka-python", "python"));

        run.Output.ShouldMatch(@"^[0-3] 0 b'fifth order'\n$", run.Error);
    }

    [Fact]
    public async Task Kafkajs_writes_and_reads_as_a_member_of_a_group()
    {
        string script = Path.Combine(ClientProcess.Folder, $"recipe-{Guid.NewGuid():N}.mjs");
        await File.WriteAllTextAsync(script, RecipeOf("kafkajs", "js"), TestContext.Current.CancellationToken);
        try
        {
            ToolRun run = await UntilAsync($"node '{script}'", "fourth order");

            run.Output.ShouldMatch("^[0-3] 0 fourth order\n$", run.Error);
        }
        finally
        {
            File.Delete(script);
        }
    }

    private static async Task<ToolRun> RunPythonAsync(string recipe)
    {
        ToolRun run = await Tool.RunAsync("/usr/bin/python3", ["-"], recipe);
        run.ExitCode.ShouldBe(0, run.ToString());
        return run;
    }

    /// <summary>Runs a command that does not end by itself until it has written a line with some text, and returns that line.</summary>
    private static Task<ToolRun> UntilAsync(string command, string text) => Tool.RunAsync(
        "bash", ["-c", $"exec 3< <(exec timeout 90 {command}); grep -m1 '{text}' <&3; kill $!"], "");

    private static string Text() => File.ReadAllText(Path.Combine(Root(), "docs", "kafka.md"));

    private static string Root()
    {
        string folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "StreamHouse.slnx")))
        {
            folder = Path.GetDirectoryName(folder)!;
        }
        return folder;
    }

    /// <summary>The first block of a language under a heading, with the address of this test's server.</summary>
    private string RecipeOf(string heading, string language)
    {
        string text = Text();
        int section = text.IndexOf($"### {heading}\n", StringComparison.Ordinal);
        section.ShouldBeGreaterThan(0, heading);
        string fence = $"```{language}\n";
        int begin = text.IndexOf(fence, section, StringComparison.Ordinal) + fence.Length;
        string recipe = text[begin..text.IndexOf("```", begin, StringComparison.Ordinal)];
        recipe.ShouldContain("127.0.0.1:9092");
        return recipe.Replace("127.0.0.1:9092", _server.Kafka, StringComparison.Ordinal);
    }
}
