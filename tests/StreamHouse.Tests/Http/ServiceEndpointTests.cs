using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Routing;
using StreamHouse.Broker;
using StreamHouse.Server.Http;
using StreamHouse.Server.Http.Problems;
using StreamHouse.Tests.Metrics;
using StreamHouse.Tests.Support;

namespace StreamHouse.Tests.Http;

public sealed class ServiceEndpointTests : HttpApiTest
{
    internal override HttpApiOptions Options =>
        new() { HealthCheckTimeout = TimeSpan.FromMilliseconds(200), HealthCacheTime = TimeSpan.FromMilliseconds(300) };

    [Fact]
    public async Task Status_tells_the_brokers_figures()
    {
        await Server.CreateTopicAsync("t", 3);
        JsonNode status = (await Server.GetAsync("/v1/status")).Json;
        ((int)status["partitions"]!).ShouldBe(3);
        ((long)status["nodeLogBytes"]!).ShouldBe(42);
        ((string?)status["version"]).ShouldNotBeNullOrEmpty();
    }

    [Fact]
    public async Task Readiness_follows_the_stores_and_liveness_does_not()
    {
        (await Server.GetAsync("/health/ready")).Status.ShouldBe(HttpStatusCode.OK);
        Broker.Health = _ => throw new BrokerException(BrokerErrorCode.StorageFailed, "The bucket is gone.");
        await Task.Delay(400);
        (await Server.GetAsync("/health/ready")).ShouldBeProblem(HttpStatusCode.ServiceUnavailable, BrokerErrorCode.StorageFailed, "bucket is gone");
        (await Server.GetAsync("/health/live")).Status.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_store_that_hangs_is_not_ready_in_time()
    {
        Broker.Health = _ => new TaskCompletionSource().Task;
        (await Server.GetAsync("/health/ready").WaitAsync(TimeSpan.FromSeconds(5)))
            .ShouldBeProblem(HttpStatusCode.ServiceUnavailable, BrokerErrorCode.StorageFailed, "0.2 s");
    }

    [Fact]
    public async Task Probes_share_a_check()
    {
        var release = new TaskCompletionSource();
        Broker.Health = _ => release.Task;
        Task<Answer>[] probes = [.. Enumerable.Range(0, 5).Select(_ => Server.GetAsync("/health/ready"))];
        await UntilAsync(() => Broker.HealthChecks > 0);
        release.SetResult();
        (await Task.WhenAll(probes)).ShouldAllBe(a => a.Status == HttpStatusCode.OK);
        Broker.HealthChecks.ShouldBe(1);
    }

    [Fact]
    public async Task Every_broker_error_has_a_status_of_its_kind()
    {
        await Server.CreateTopicAsync("t");
        foreach (BrokerErrorCode code in Enum.GetValues<BrokerErrorCode>().Where(c => c != BrokerErrorCode.None))
        {
            Broker.AppendError = code;
            Answer answer = await Server.PostAsync("/v1/topics/t/records", """{"records":[{"value":"v"}]}""");
            answer.ShouldBeProblem((HttpStatusCode)HttpStatus.Of(code), code, "As the test wishes");
            ((int)answer.Status).ShouldBeInRange(400, 599);
        }
    }

    [Fact]
    public async Task Routings_refusals_are_problems_too()
    {
        (await Server.GetAsync("/v1/nothing")).ShouldBeProblem(HttpStatusCode.NotFound, BrokerErrorCode.InvalidRequest, "/openapi/v1.json");
        (await Server.SendAsync(HttpMethod.Put, "/v1/topics")).ShouldBeProblem(HttpStatusCode.MethodNotAllowed, BrokerErrorCode.InvalidRequest, "PUT");
        (await Server.GetAsync("/elsewhere")).Text.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_fault_of_the_servers_own_tells_nothing_of_its_insides()
    {
        Broker.Health = _ => throw new InvalidOperationException("secret");
        Answer answer = await Server.GetAsync("/health/ready");
        answer.ShouldBeProblem(HttpStatusCode.InternalServerError, BrokerErrorCode.Internal, "log");
        answer.Text.ShouldNotContain("secret");
    }

    [Fact]
    public async Task Metrics_count_what_was_done_and_please_promtool()
    {
        await Server.CreateTopicAsync("t");
        await Server.PostAsync("/v1/topics/t/records", """{"records":[{"value":"v"}]}""");
        await Server.PostAsync("/v1/topics/t/records", "{");
        await Server.GetAsync("/v1/topics/t/partitions/0/records");
        await Server.GetAsync("/v1/topics/t/partitions/0/records?offset=99");
        using HttpResponseMessage response = await Server.Client.GetAsync("/metrics");
        response.Content.Headers.ContentType!.ToString().ShouldBe("text/plain; version=0.0.4; charset=utf-8");
        string page = await response.Content.ReadAsStringAsync();
        string[] lines = page.Split('\n');
        lines.ShouldContain("streamhouse_produce_requests_total{front_end=\"http\",code=\"none\"} 1");
        lines.ShouldContain("streamhouse_produce_requests_total{front_end=\"http\",code=\"invalid_request\"} 1");
        lines.ShouldContain("streamhouse_fetch_requests_total{front_end=\"http\",code=\"offset_out_of_range\"} 1");
        lines.ShouldContain("streamhouse_produce_duration_seconds_count{front_end=\"http\"} 2");
        RequiredTools.Require("promtool");
        (await PromTool.CheckAsync(page)).ShouldBeEmpty();
    }

    [Fact]
    public async Task The_OpenAPI_document_holds_every_route_with_its_answers()
    {
        JsonNode document = (await Server.GetAsync("/openapi/v1.json")).Json;
        ((string?)document["openapi"]).ShouldNotBeNull().ShouldStartWith("3.");
        var documented = document["paths"]!.AsObject()
            .SelectMany(path => path.Value!.AsObject().Select(operation => $"{operation.Key.ToUpperInvariant()} {path.Key}")).ToList();
        IEnumerable<string> mapped = Server.Service<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(e => e.RoutePattern.RawText!.StartsWith("/openapi", StringComparison.Ordinal) == false)
            .SelectMany(e => e.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Select(m => $"{m} {e.RoutePattern.RawText}"));
        documented.Order().ShouldBe(mapped.Order());
        foreach ((string path, JsonNode? operations) in document["paths"]!.AsObject())
        {
            foreach ((string method, JsonNode? operation) in operations!.AsObject())
            {
                ((string?)operation!["summary"]).ShouldNotBeNullOrEmpty($"{method} {path}");
                operation["responses"]!.AsObject().Any(r => r.Key.StartsWith('2')).ShouldBeTrue($"{method} {path}");
                operation["responses"]!["400"]!["content"]!["application/problem+json"].ShouldNotBeNull($"{method} {path}");
            }
        }
        ReferencesResolve(document, document);
        JsonNode produce = document["paths"]!["/v1/topics/{topic}/records"]!["post"]!;
        produce["parameters"]!.AsArray().Select(p => (string)p!["name"]!).ShouldContain("acks");
        produce["requestBody"]!["content"]!["application/json"]!["schema"].ShouldNotBeNull();
    }

    private static void ReferencesResolve(JsonNode document, JsonNode? node)
    {
        if (node is JsonArray array)
        {
            foreach (JsonNode? item in array)
            {
                ReferencesResolve(document, item);
            }
        }
        else if (node is JsonObject properties)
        {
            foreach ((string name, JsonNode? value) in properties)
            {
                if (name == "$ref")
                {
                    JsonNode? target = document;
                    foreach (string step in ((string)value!).TrimStart('#', '/').Split('/'))
                    {
                        target = target?[step];
                    }
                    target.ShouldNotBeNull((string?)value);
                }
                ReferencesResolve(document, value);
            }
        }
    }
}
