using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace StreamHouse.Server.Hosting;

/// <summary>What both Kestrel listeners set alike.</summary>
internal static class KestrelLimits
{
    /// <summary>Applies the limits every listener has.</summary>
    public static void Apply(KestrelServerOptions kestrel, ServerOptions options)
    {
        kestrel.AddServerHeader = false;
        kestrel.AllowSynchronousIO = false;
        kestrel.Limits.MaxConcurrentConnections = options.ConnectionsMax;
        kestrel.Limits.MaxConcurrentUpgradedConnections = 0;
    }
}
