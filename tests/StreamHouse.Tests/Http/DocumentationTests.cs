using StreamHouse.Tests.Support;

namespace StreamHouse.Tests.Http;

public sealed class DocumentationTests : HttpApiTest
{
    [Fact]
    public async Task Every_command_of_the_page_works_when_pasted()
    {
        RequiredTools.Require("bash", "curl", "jq");
        await DocumentedCommands.CheckAsync(Server.Client.BaseAddress!);
    }
}
