using StreamHouse.Kafka;
using StreamHouse.Tests.Server;

namespace StreamHouse.Tests.Kafka;

/// <summary>docs/kafka.md against the code.</summary>
public sealed class KafkaDocumentationTests
{
    [Fact]
    public void Table_of_apis_is_that_of_the_code() =>
        File.ReadAllText(Repository.PathOf("docs/kafka.md")).ShouldContain(SupportedApis.ToMarkdown(), Case.Sensitive);
}
