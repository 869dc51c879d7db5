using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using StreamHouse.Server.Hosting;

namespace StreamHouse.Server.Kafka.Listeners;

/// <summary>The listeners that the options describe.</summary>
internal static class KafkaEndpoints
{
    /// <summary>Every listener; the first is <c>internal</c>.</summary>
    /// <exception cref="StartupException">An address cannot be resolved, or a name belongs to no listener.</exception>
    public static IReadOnlyList<KafkaEndpoint> Of(ServerOptions server, KafkaOptions options)
    {
        ListenerAddress.TryParseList(options.Listeners, portRequired: true, out IReadOnlyList<ListenerAddress> further);
        ListenerAddress.TryParseList(options.AdvertisedListeners, portRequired: false, out IReadOnlyList<ListenerAddress> advertised);
        HashSet<string> tls = options.TlsCertificatePath.Length == 0
            ? [] : [.. options.TlsListeners.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)];
        string[] names = [ListenerAddress.InternalName, .. further.Select(f => f.Name)];
        if (advertised.Select(a => a.Name).Concat(tls.Where(t => t != "*")).FirstOrDefault(n => !names.Contains(n)) is { } unknown)
        {
            throw new StartupException(
                ExitCode.InvalidConfiguration, $"There is no Kafka listener '{unknown}'; there are: {string.Join(", ", names)} (Kafka:Listeners).");
        }
        IPEndPoint[] requested = [new(server.BindAddress, server.KafkaPort), .. further.Select(f => new IPEndPoint(Resolve(f.Host), f.Port!.Value))];
        return [.. names.Zip(requested, (name, endpoint) =>
        {
            ListenerAddress? told = advertised.FirstOrDefault(a => a.Name == name);
            return new KafkaEndpoint(name, endpoint, told?.Host, told?.Port, tls.Contains("*") || tls.Contains(name));
        })];
    }

    /// <summary>The server's side of the TLS handshake; null without a certificate.</summary>
    /// <exception cref="StartupException">The certificate or its key cannot be read.</exception>
    public static SslServerAuthenticationOptions? TlsOf(KafkaOptions options)
    {
        if (options.TlsCertificatePath.Length == 0)
        {
            return null;
        }
        string key = options.TlsKeyPath.Length > 0 ? options.TlsKeyPath : options.TlsCertificatePath;
        try
        {
            X509Certificate2 certificate = X509Certificate2.CreateFromPemFile(options.TlsCertificatePath, key);
            X509Certificate2Collection chain = [];
            chain.ImportFromPemFile(options.TlsCertificatePath);
            return new SslServerAuthenticationOptions { ServerCertificateContext = SslStreamCertificateContext.Create(certificate, chain, offline: true) };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw new StartupException(
                ExitCode.InvalidConfiguration,
                $"The TLS certificate '{options.TlsCertificatePath}' and its key '{key}' cannot be used: {Explain(key, e)} (Kafka:TlsCertificatePath, Kafka:TlsKeyPath)", e);
        }
    }

    private static string Explain(string key, Exception failure)
    {
        try
        {
            return failure is CryptographicException && File.ReadAllText(key).Contains("ENCRYPTED", StringComparison.Ordinal)
                ? "the key is behind a password; store it without one, readable by the server only"
                : failure.Message;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return failure.Message;
        }
    }

    private static IPAddress Resolve(string host)
    {
        if (host == "*")
        {
            return IPAddress.Any;
        }
        if (IPAddress.TryParse(host, out IPAddress? address))
        {
            return address;
        }
        try
        {
            return Dns.GetHostAddresses(host).First();
        }
        catch (Exception e) when (e is SocketException or InvalidOperationException)
        {
            throw new StartupException(ExitCode.AddressUnusable, $"The Kafka address '{host}' cannot be resolved: {e.Message} (Kafka:Listeners)", e);
        }
    }
}
