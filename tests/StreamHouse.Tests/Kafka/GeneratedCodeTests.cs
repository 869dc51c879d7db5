using StreamHouse.KafkaCodec;
using StreamHouse.Tests.Server;

namespace StreamHouse.Tests.Kafka;

public sealed class GeneratedCodeTests
{
    [Fact]
    public void Files_are_what_the_generator_makes_of_the_schemas()
    {
        string project = Repository.PathOf("src/StreamHouse.Kafka");
        Dictionary<string, string> expected = new(Generator.Generate(Generator.ReadSchemas(Path.Combine(project, "Schemas"))));

        Dictionary<string, string> actual = Directory.GetFiles(project, "*.g.cs").Concat(Directory.GetFiles(Path.Combine(project, "Messages")))
            .ToDictionary(f => Path.GetRelativePath(project, f), File.ReadAllText);

        actual.Keys.Order().ShouldBe(expected.Keys.Order());
        foreach ((string name, string text) in expected)
        {
            actual[name].ShouldBe(text, $"{name} differs: run eng/kafka-codec.sh.");
        }
    }
}
