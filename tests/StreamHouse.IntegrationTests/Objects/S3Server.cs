using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Amazon.Runtime;
using Amazon.S3;
using StreamHouse.Storage.Objects;

namespace StreamHouse.IntegrationTests.Objects;

/// <summary>A RADOS Gateway of our own (eng/s3-server.sh), with one bucket, for as long as the tests of a class run.</summary>
public sealed class S3Server : IAsyncLifetime
{
    public const string Bucket = "streamhouse-test";

    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"streamhouse-s3-{Guid.NewGuid():N}");
    private readonly int _port = FreePort();

    public string Endpoint => $"http://127.0.0.1:{_port}";

    public S3StoreOptions Options => new()
    {
        Bucket = Bucket,
        EndpointUrl = Endpoint,
        AccessKeyId = "TESTKEY",
        SecretAccessKey = "TESTSECRET",
        AllowHttp = true,
    };

    public async ValueTask InitializeAsync()
    {
        await ScriptAsync("start", _folder, $"{_port}");
        using var client = new AmazonS3Client(
            new BasicAWSCredentials("TESTKEY", "TESTSECRET"),
            new AmazonS3Config { ServiceURL = Endpoint, ForcePathStyle = true, AuthenticationRegion = "us-east-1" });
        await client.PutBucketAsync(Bucket);
    }

    public async ValueTask DisposeAsync() => await ScriptAsync("stop", _folder);

    private static async Task ScriptAsync(params string[] arguments)
    {
        using Process script = Process.Start(new ProcessStartInfo(Find("eng/s3-server.sh"), arguments) { RedirectStandardError = true })!;
        string errors = await script.StandardError.ReadToEndAsync();
        await script.WaitForExitAsync();
        script.ExitCode.ShouldBe(0, errors);
    }

    private static string Find(string path)
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, path)))
        {
            folder = Path.GetDirectoryName(folder);
        }
        return Path.Combine(folder ?? throw new FileNotFoundException($"{path} is not above the tests."), path);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
