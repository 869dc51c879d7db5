using System.Diagnostics;
using System.Reflection;

namespace StreamHouse.Server.Hosting;

/// <summary>What this process tells of itself. The listeners are known once they are bound.</summary>
internal sealed class ServerIdentity(string dataFolder)
{
    private readonly long _started = Stopwatch.GetTimestamp();

    /// <summary>The product's version.</summary>
    public static string Version { get; } =
        typeof(ServerIdentity).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";

    /// <summary>The data folder, absolute.</summary>
    public string DataFolder { get; } = dataFolder;

    /// <summary>Since the server was built.</summary>
    public TimeSpan Uptime => Stopwatch.GetElapsedTime(_started);

    /// <summary>Protocol (<c>grpc</c>, <c>http</c>) and URL of each listener.</summary>
    public IReadOnlyList<(string Protocol, string Address)> Listeners { get; set; } = [];
}
