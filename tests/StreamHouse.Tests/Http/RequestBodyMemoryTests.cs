using System.Net;
using StreamHouse.Broker;
using StreamHouse.Server.Http;
using StreamHouse.Server.Http.Requests;

namespace StreamHouse.Tests.Http;

public sealed class RequestBodyMemoryTests : HttpApiTest
{
    internal override HttpApiOptions Options => new() { BodyBytesMax = 64 * 1024, BodiesBytesMax = 20 * 1024 };

    [Fact]
    public async Task Bodies_that_do_not_fit_into_memory_together_are_told_to_come_again()
    {
        await Server.CreateTopicAsync("t");
        for (int i = 0; i < 50; i++)
        {
            // All over one connection: a refusal leaves it usable.
            (await Server.PostAsync("/v1/topics/t/records", new string('x', 30 * 1024), "application/octet-stream")).Status.ShouldBe(HttpStatusCode.TooManyRequests);
        }
        Answer refused = await Server.PostAsync("/v1/topics/t/records", new string('x', 30 * 1024), "application/octet-stream");
        refused.ShouldBeProblem(HttpStatusCode.TooManyRequests, BrokerErrorCode.Overloaded, "memory");
        refused.Headers["Retry-After"].ShouldBe("1");
        await UntilAsync(() => Server.Service<RequestBodies>().BytesInMemory == 0);
        (await Server.PostAsync("/v1/topics/t/records", new string('x', 10 * 1024), "application/octet-stream")).Status.ShouldBe(HttpStatusCode.OK);
    }
}
