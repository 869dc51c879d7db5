using System.Net;
using System.Text.Json;

namespace StreamHouse.Server.Hosting;

/// <summary>
/// <c>endpoints.json</c> in the data folder: the addresses in use and the process id, so that scripts find a server that was given port 0.
/// It is replaced in one step when the server is ready and removed when it stops.
/// </summary>
internal static class EndpointsFile
{
    /// <summary>The file's name.</summary>
    public const string Name = "endpoints.json";

    /// <summary>Writes the file.</summary>
    public static void Write(DataFolder folder, IPEndPoint grpc, IPEndPoint http, IReadOnlyList<(string Name, IPEndPoint Endpoint)> kafka)
    {
        string temporary = folder.PathOf(Name + ".tmp");
        using (FileStream file = File.Create(temporary))
        using (Utf8JsonWriter json = new(file, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteNumber("pid", Environment.ProcessId);
            json.WriteString("grpc", Url(grpc));
            json.WriteString("http", Url(http));
            // Kafka clients take host:port, not a URL. The listener "internal" comes first.
            json.WriteString("kafka", HostAndPort(kafka[0].Endpoint));
            json.WriteStartObject("kafkaListeners");
            foreach ((string name, IPEndPoint endpoint) in kafka)
            {
                json.WriteString(name, HostAndPort(endpoint));
            }
            json.WriteEndObject();
            json.WriteEndObject();
        }
        File.Move(temporary, folder.PathOf(Name), overwrite: true);
    }

    /// <summary>Removes the file, if it is there.</summary>
    public static void Remove(DataFolder folder) => File.Delete(folder.PathOf(Name));

    /// <summary>A URL a client on this machine can use.</summary>
    public static string Url(IPEndPoint endpoint) => $"http://{HostAndPort(endpoint)}";

    /// <summary>Address and port that a client on this machine can use.</summary>
    public static string HostAndPort(IPEndPoint endpoint)
    {
        IPAddress address = endpoint.Address.Equals(IPAddress.Any) ? IPAddress.Loopback
            : endpoint.Address.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback : endpoint.Address;
        return new IPEndPoint(address, endpoint.Port).ToString();
    }
}
