using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Microsoft.Extensions.Logging.Abstractions;
using StreamHouse.Broker.Segments;
using StreamHouse.Storage.Objects;
using StreamHouse.Tests.Objects;

namespace StreamHouse.IntegrationTests.Objects;

public sealed class S3ObjectStoreTests : ObjectStoreContract, IClassFixture<S3Server>, IDisposable
{
    private readonly S3Server _server;
    private readonly S3ObjectStore _store;

    public S3ObjectStoreTests(S3Server server)
    {
        _server = server;
        _store = Open(server.Options);
    }

    protected override IObjectStore Store => _store;

    // Above 16 MiB an object is sent in parts.
    protected override int[] Sizes => [0, 1, 3_000_001, (20 * 1024 * 1024) + 7];

    [Theory]
    [InlineData(100_000, "PUT /")]
    [InlineData((16 * 1024 * 1024) + 1, "uploadId=")]
    public async Task A_write_whose_answer_is_lost_is_recognised_as_our_own(int size, string marker)
    {
        await using var proxy = new FaultyProxy(_server.Endpoint, marker);
        using S3ObjectStore store = Open(_server.Options with { EndpointUrl = proxy.Endpoint, RetryDelay = TimeSpan.FromMilliseconds(10), AttemptsMax = 10 });
        string key = $"{Prefix}/lost/{size}";
        proxy.LoseAnswers = 3;

        await store.PutAsync(key, [Generate(size)], default);

        proxy.LoseAnswers.ShouldBeLessThanOrEqualTo(0);
        (await Store.ListAsync(key, null, 10, default)).Single().Bytes.ShouldBe(size);
        await Should.ThrowAsync<ObjectExistsException>(store.PutAsync(key, [Generate(size)], default));
    }

    [Fact]
    public async Task Parts_of_a_refused_write_are_removed()
    {
        string key = $"{Prefix}/parts";
        await PutAsync(key, [Generate(1)]);
        await Should.ThrowAsync<ObjectExistsException>(PutAsync(key, [Generate(17 * 1024 * 1024)]));

        using var client = new AmazonS3Client(
            new BasicAWSCredentials("TESTKEY", "TESTSECRET"),
            new AmazonS3Config { ServiceURL = _server.Endpoint, ForcePathStyle = true, AuthenticationRegion = "us-east-1" });
        ListMultipartUploadsResponse uploads = await client.ListMultipartUploadsAsync(
            new ListMultipartUploadsRequest { BucketName = S3Server.Bucket, Prefix = key });
        (uploads.MultipartUploads ?? []).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_wrong_bucket_key_secret_or_address_says_what_to_correct()
    {
        await ShouldAdviseAsync(_server.Options with { Bucket = "not-there" }, "STREAMHOUSE_BUCKET");
        await ShouldAdviseAsync(_server.Options with { AccessKeyId = "NOBODY" }, "AWS_ACCESS_KEY_ID");
        await ShouldAdviseAsync(_server.Options with { SecretAccessKey = "WRONGSECRET" }, "AWS_SECRET_ACCESS_KEY");
        await ShouldAdviseAsync(_server.Options with { EndpointUrl = "http://127.0.0.1:1" }, "AWS_ENDPOINT_URL");
    }

    [Fact]
    public void An_endpoint_that_is_not_encrypted_must_be_allowed()
    {
        ArgumentException e = Should.Throw<ArgumentException>(() => Open(_server.Options with { AllowHttp = false }));
        e.Message.ShouldContain("AWS_ALLOW_HTTP");
    }

    public void Dispose() => _store.Dispose();

    private static async Task ShouldAdviseAsync(S3StoreOptions options, string variable)
    {
        using S3ObjectStore store = Open(options with { AttemptsMax = 2 });
        foreach (Func<Task> call in new Func<Task>[]
        {
            () => store.CheckAsync(default),
            () => store.PutAsync("a", [new byte[1]], default),
            () => store.ReadAsync("a", 0, new byte[1], default),
        })
        {
            ObjectStoreException e = await Should.ThrowAsync<ObjectStoreException>(call);
            e.Message.Contains(variable, StringComparison.Ordinal).ShouldBeTrue(e.ToString());
            e.ToString().ShouldNotContain(options.SecretAccessKey!);
        }
    }

    private static S3ObjectStore Open(S3StoreOptions options) => new(options, TimeProvider.System, NullLogger<S3ObjectStore>.Instance);
}
