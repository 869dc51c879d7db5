using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;

namespace StreamHouse.Server.Hosting;

/// <summary>Addresses that cannot be listened on.</summary>
internal static class BindFailures
{
    /// <summary>What went wrong when a listener could not be bound.</summary>
    public static StartupException Explain(string protocol, string flag, IPEndPoint endpoint, Exception cause)
    {
        string why = cause is AddressInUseException or SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse } || cause.InnerException is AddressInUseException
            ? $"is in use by another process: choose another with {flag}, or 0 for a free one"
            : (cause.InnerException ?? cause) is SocketException { SocketErrorCode: SocketError.AddressNotAvailable }
                ? "cannot be bound: the address is not this machine's (--bind)"
                : (cause.InnerException ?? cause) is SocketException { SocketErrorCode: SocketError.AccessDenied }
                    ? $"cannot be bound: this user may not use the port ({flag})"
                    : $"cannot be bound: {cause.Message}";
        return new StartupException(ExitCode.AddressUnusable, $"The {protocol} address {endpoint} {why}.", cause);
    }
}
