using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace StreamHouse.Server.Hosting;

/// <summary>What both listeners set alike.</summary>
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

    /// <summary>What went wrong when a listener could not be bound.</summary>
    public static StartupException BindFailed(string protocol, string flag, IPEndPoint endpoint, Exception cause)
    {
        string why = cause is AddressInUseException || cause.InnerException is AddressInUseException
            ? $"is in use by another process: choose another with {flag}, or 0 for a free one"
            : (cause.InnerException ?? cause) is SocketException { SocketErrorCode: SocketError.AddressNotAvailable }
                ? "cannot be bound: the address is not this machine's (--bind)"
                : (cause.InnerException ?? cause) is SocketException { SocketErrorCode: SocketError.AccessDenied }
                    ? $"cannot be bound: this user may not use the port ({flag})"
                    : $"cannot be bound: {cause.Message}";
        return new StartupException(ExitCode.AddressUnusable, $"The {protocol} address {endpoint} {why}.", cause);
    }
}
