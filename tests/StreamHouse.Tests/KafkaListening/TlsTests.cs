using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Messages;
using StreamHouse.Server.Hosting;
using StreamHouse.Server.Kafka;
using StreamHouse.Server.Kafka.Listeners;
using StreamHouse.Tests.Engine;

namespace StreamHouse.Tests.KafkaListening;

public sealed class TlsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("kafka-tls").FullName;

    [Fact]
    public async Task Produce_and_fetch_work_inside_TLS()
    {
        await using ListenerRig rig = await ListenerRig.StartAsync(WithCertificate(), null, ListenerRig.Loopback("internal"), ListenerRig.Loopback("secure", tls: true));
        await rig.CreateTopicAsync();
        using RawClient client = await RawClient.ConnectAsync(rig.Endpoints[1].Endpoint, SecureAsync);

        for (int i = 0; i < 5; i++)
        {
            (await client.ProduceAsync("t", EngineRig.Batch([new string('x', 200_000)]))).BaseOffset.ShouldBe(i);
        }
        FetchResponse response = await client.FetchAsync(RawClient.FetchOf("t", 0, maxBytes: 10 << 20, partitionMaxBytes: 10 << 20));
        response.Responses[0].Partitions[0].Records!.Length.ShouldBeGreaterThan(1_000_000);

        RawClient plain = await rig.ConnectAsync();
        (await plain.CallAsync<ApiVersionsRequest, ApiVersionsResponse>(new(), 0)).ErrorCode.ShouldBe(KafkaErrorCode.None, "the other listener speaks clear text");
    }

    [Fact]
    public async Task Clear_text_at_a_TLS_listener_closes_that_connection()
    {
        await using ListenerRig rig = await ListenerRig.StartAsync(WithCertificate(), null, ListenerRig.Loopback("internal", tls: true));
        RawClient client = await rig.ConnectAsync();

        await client.SendAsync(new ApiVersionsRequest(), 0, 1);

        await client.ShouldBeClosedAsync();
        using RawClient secure = await RawClient.ConnectAsync(rig.Endpoint, SecureAsync);
        (await secure.CallAsync<ApiVersionsRequest, ApiVersionsResponse>(new(), 0)).ErrorCode.ShouldBe(KafkaErrorCode.None);
    }

    [Fact]
    public async Task Handshake_that_does_not_come_is_not_waited_for_for_ever()
    {
        KafkaOptions options = WithCertificate() with { TlsHandshakeTimeout = TimeSpan.FromMilliseconds(200) };
        await using ListenerRig rig = await ListenerRig.StartAsync(options, null, ListenerRig.Loopback("internal", tls: true));
        RawClient client = await rig.ConnectAsync();

        await client.ShouldBeClosedAsync();
        await rig.WaitForConnectionsAsync(0);
    }

    [Fact]
    public void Certificate_that_cannot_be_read_stops_the_start()
    {
        string missing = Path.Combine(_folder, "missing.pem");

        Should.Throw<StartupException>(() => KafkaEndpoints.TlsOf(new KafkaOptions { TlsCertificatePath = missing })).Message.ShouldContain(missing);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static async Task<Stream> SecureAsync(Stream plain)
    {
        SslStream stream = new(plain, false, (_, certificate, _, _) => certificate!.Subject == "CN=localhost");
        await stream.AuthenticateAsClientAsync("localhost");
        return stream;
    }

    private KafkaOptions WithCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=localhost", key, HashAlgorithmName.SHA256);
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        string certificatePath = Path.Combine(_folder, "cert.pem");
        string keyPath = Path.Combine(_folder, "key.pem");
        File.WriteAllText(certificatePath, certificate.ExportCertificatePem());
        File.WriteAllText(keyPath, key.ExportPkcs8PrivateKeyPem());
        return new KafkaOptions { TlsCertificatePath = certificatePath, TlsKeyPath = keyPath };
    }
}
