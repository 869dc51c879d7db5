using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using StreamHouse.IntegrationTests.Support;
using StreamHouse.Server.Hosting;

namespace StreamHouse.IntegrationTests.Kafka;

/// <summary>TLS as it is set up for production: an authority, a certificate it has issued, a real server and real clients that check both.</summary>
public sealed class TlsProcessTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("streamhouse-tls-").FullName;

    private string Authority => Path.Combine(_folder, "ca.pem");

    private string Certificate => Path.Combine(_folder, "server.pem");

    private string Key => Path.Combine(_folder, "server.key");

    [Fact]
    public async Task Real_clients_produce_and_consume_over_TLS_and_trust_only_the_authority_they_know()
    {
        await KafkaTools.RequireAsync();
        Issue(Authority, Certificate, Key);
        await using ServerProcess server = await ServerProcess.StartAsync(
            args: ["--set", $"Kafka:TlsCertificatePath={Certificate}", "--set", $"Kafka:TlsKeyPath={Key}"]);
        string[] trusting = ["-b", server.Kafka, "-X", "security.protocol=ssl", "-X", $"ssl.ca.location={Authority}"];

        (await Tool.RunAsync("kcat", [.. trusting, "-P", "-t", "secret", "-p", "0"], "by kcat\n")).ExitCode.ShouldBe(0);
        ToolRun python = await Tool.RunAsync("/usr/bin/python3", ["-c", Python, server.Kafka, Authority], "");
        python.ExitCode.ShouldBe(0, python.ToString());
        python.Output.Trim().ShouldBe("by kcat, by confluent-kafka");
        ToolRun read = await Tool.RunAsync("kcat", [.. trusting, "-C", "-t", "secret", "-p", "0", "-o", "beginning", "-e", "-q"], "");
        read.Output.ShouldBe("by kcat\nby confluent-kafka\n", read.Error);

        Issue(Path.Combine(_folder, "other.pem"), Path.Combine(_folder, "unused.pem"), Path.Combine(_folder, "unused.key"));
        ToolRun stranger = await Tool.RunAsync(
            "kcat", ["-b", server.Kafka, "-X", "security.protocol=ssl", "-X", $"ssl.ca.location={Path.Combine(_folder, "other.pem")}", "-L", "-m", "5"], "");
        stranger.ExitCode.ShouldNotBe(0, "this client knows another authority");
        ToolRun clear = await Tool.RunAsync("kcat", ["-b", server.Kafka, "-L", "-m", "5"], "");
        clear.ExitCode.ShouldNotBe(0, "this client speaks clear text");
        (await Tool.RunAsync("kcat", [.. trusting, "-L", "-t", "secret"], "")).Output.ShouldContain("topic \"secret\" with 4 partitions");
    }

    [Fact]
    public async Task One_listener_speaks_TLS_and_the_other_clear_text_when_only_one_is_named()
    {
        await KafkaTools.RequireAsync();
        Issue(Authority, Certificate, Key);
        File.AppendAllText(Certificate, File.ReadAllText(Key));
        await using ServerProcess server = await ServerProcess.StartAsync(
            args:
            [
                "--set", "Kafka:Listeners=secure://127.0.0.1:0", "--set", "Kafka:TlsListeners=secure", "--set", $"Kafka:TlsCertificatePath={Certificate}",
            ]);
        string secure = server.KafkaListeners["secure"];

        (await Tool.RunAsync("kcat", ["-b", server.Kafka, "-P", "-t", "t", "-p", "0"], "in the clear\n")).ExitCode.ShouldBe(0);
        ToolRun read = await Tool.RunAsync(
            "kcat",
            [
                "-b", secure, "-X", "security.protocol=ssl", "-X", $"ssl.ca.location={Authority}", "-C", "-t", "t", "-p", "0", "-o", "beginning", "-e", "-q",
            ],
            "");

        // The metadata it gets names the listener it came through: it would not get on otherwise.
        read.Output.ShouldBe("in the clear\n", read.Error);
    }

    [Theory]
    [InlineData("missing certificate", "gone.pem")]
    [InlineData("missing key", "gone.key")]
    [InlineData("no certificate in the file", "server.key")]
    [InlineData("key of another certificate", "other.key")]
    [InlineData("key behind a password", "locked.key")]
    public async Task Certificate_that_cannot_be_used_stops_the_start_and_says_which_setting(string what, string named)
    {
        Issue(Authority, Certificate, Key);
        string certificate = Certificate;
        string key = Key;
        switch (what)
        {
            case "missing certificate":
                certificate = Path.Combine(_folder, named);
                break;
            case "missing key":
                key = Path.Combine(_folder, named);
                break;
            case "no certificate in the file":
                certificate = Key;
                break;
            case "key of another certificate":
                key = Path.Combine(_folder, named);
                Issue(Path.Combine(_folder, "other-ca.pem"), Path.Combine(_folder, "other.pem"), key);
                break;
            default:
                key = Path.Combine(_folder, named);
                using (ECDsa locked = ECDsa.Create())
                {
                    locked.ImportFromPem(await File.ReadAllTextAsync(Key, TestContext.Current.CancellationToken));
                    PbeParameters parameters = new(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 10_000);
                    await File.WriteAllTextAsync(key, locked.ExportEncryptedPkcs8PrivateKeyPem("a password", parameters), TestContext.Current.CancellationToken);
                }
                break;
        }
        await using ServerProcess server = ServerProcess.Launch(
            null,
            [
                "--grpc-port", "0", "--http-port", "0", "--kafka-port", "0",
                "--set", $"Kafka:TlsCertificatePath={certificate}", "--set", $"Kafka:TlsKeyPath={key}",
            ]);

        (await server.WaitForExitAsync()).ShouldBe(ExitCode.InvalidConfiguration, server.Log);
        server.Log.ShouldContain(named);
        server.Log.ShouldContain("Kafka:TlsKeyPath");
        server.Log.Contains("behind a password", StringComparison.Ordinal).ShouldBe(what == "key behind a password", server.Log);
        server.Log.ShouldNotContain("   at ", Case.Sensitive, "an operator is told what to do, not where the program was");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>Writes an authority, and a certificate for the loopback address that it has issued.</summary>
    private static void Issue(string authorityPath, string certificatePath, string keyPath)
    {
        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest authorityRequest = new("CN=Test authority", authorityKey, HashAlgorithmName.SHA256);
        authorityRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        authorityRequest.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        using X509Certificate2 authority = authorityRequest.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=127.0.0.1", key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();
        names.AddIpAddress(IPAddress.Loopback);
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 certificate = request.Create(authority, DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1), [1, 2, 3, 4]);
        File.WriteAllText(authorityPath, authority.ExportCertificatePem());
        File.WriteAllText(certificatePath, certificate.ExportCertificatePem() + "\n");
        File.WriteAllText(keyPath, key.ExportPkcs8PrivateKeyPem());
    }

    private const string Python = """
        import sys
        from confluent_kafka import Consumer, Producer, TopicPartition
        tls = {"bootstrap.servers": sys.argv[1], "security.protocol": "ssl", "ssl.ca.location": sys.argv[2]}
        producer = Producer({**tls, "enable.idempotence": True})
        producer.produce("secret", "by confluent-kafka", partition=0)
        assert producer.flush(30) == 0
        consumer = Consumer({**tls, "group.id": "g", "auto.offset.reset": "earliest"})
        consumer.subscribe(["secret"])
        values = []
        while len(values) < 2:
            message = consumer.poll(30)
            assert message is not None and not message.error(), message and message.error()
            values.append(message.value().decode())
        consumer.close()
        print(", ".join(values))
        """;
}
