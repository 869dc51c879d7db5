using StreamHouse.Storage.Objects;

namespace StreamHouse.Tests.Objects;

public sealed class S3StoreOptionsTests
{
    [Fact]
    public void Environment_variables_become_options()
    {
        var environment = new Dictionary<string, string?>
        {
            ["STREAMHOUSE_BUCKET"] = "b",
            ["AWS_ENDPOINT_URL"] = "http://localhost:9000",
            ["AWS_ACCESS_KEY_ID"] = "k",
            ["AWS_SECRET_ACCESS_KEY"] = "hidden",
            ["AWS_REGION"] = "eu-west-1",
            ["AWS_ALLOW_HTTP"] = "true",
        };
        S3StoreOptions options = S3StoreOptions.FromEnvironment(name => environment.GetValueOrDefault(name))!;

        options.ShouldBe(new S3StoreOptions
        {
            Bucket = "b",
            EndpointUrl = "http://localhost:9000",
            AccessKeyId = "k",
            SecretAccessKey = "hidden",
            Region = "eu-west-1",
            AllowHttp = true,
        });
        options.Validate().ShouldBeEmpty();
        options.ToString().ShouldNotContain("hidden");
        S3StoreOptions.FromEnvironment(_ => null).ShouldBeNull();
    }

    [Fact]
    public void Every_problem_is_told_with_its_variable()
    {
        IReadOnlyList<string> problems = new S3StoreOptions
        {
            Bucket = "",
            EndpointUrl = "ftp://x",
            Region = "",
            AccessKeyId = "k",
            PartBytes = 1,
            AttemptsMax = 0,
        }.Validate();

        problems.Count.ShouldBe(6);
        foreach (string name in new[] { "STREAMHOUSE_BUCKET", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_SECRET_ACCESS_KEY", "PartBytes", "AttemptsMax" })
        {
            problems.ShouldContain(p => p.Contains(name, StringComparison.Ordinal));
        }
    }
}
