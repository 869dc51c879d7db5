using System.CommandLine;
using System.Net.Sockets;
using StreamHouse.Client;

namespace StreamHouse.Cli.Shell;

/// <summary>A client for one command, made only when a server answers at the address.</summary>
internal static class Session
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Connects. The client itself would try again until its timeouts have passed; who types a command wants to know at once.
    /// </summary>
    /// <exception cref="CommandException">Nothing answers at the address.</exception>
    public static async Task<StreamHouseClient> OpenAsync(ParseResult parse, GlobalOptions globals, CancellationToken ct, int connections = 1)
    {
        string address = parse.GetValue(globals.Address)!;
        if (!GlobalOptions.TryNormalize(address, out address))
        {
            throw new CommandException(ExitCode.Usage, $"STREAMHOUSE_ADDR: '{address}' is not an address such as {GlobalOptions.DefaultAddress}.");
        }
        await ProbeAsync(new Uri(address), ct);
        return new StreamHouseClient(new StreamHouseClientOptions
        {
            Addresses = [address],
            ConnectionsPerAddress = connections,
            CallTimeout = parse.GetValue(globals.Timeout),
        });
    }

    private static async Task ProbeAsync(Uri address, CancellationToken ct)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(ConnectTimeout);
        using TcpClient probe = new();
        try
        {
            await probe.ConnectAsync(address.Host, address.Port, limit.Token);
        }
        catch (SocketException e)
        {
            throw Unreachable(address, e.Message);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw Unreachable(address, $"no answer within {ConnectTimeout.TotalSeconds:0} s");
        }
    }

    private static CommandException Unreachable(Uri address, string reason) =>
        new(ExitCode.Unreachable, $"No server answers at {address.GetLeftPart(UriPartial.Authority)}: {reason}.", FailureReport.StartHint);
}
