using System.CommandLine;
using System.CommandLine.Parsing;

namespace StreamHouse.Cli.Shell;

/// <summary>Options of every command.</summary>
internal sealed class GlobalOptions
{
    public const string DefaultAddress = "http://127.0.0.1:50051";

    public GlobalOptions(Terminal terminal)
    {
        Address = new Option<string>("--addr", "-a")
        {
            Description = "gRPC address of the server, or STREAMHOUSE_ADDR",
            HelpName = "URL",
            Recursive = true,
            DefaultValueFactory = _ => terminal.Environment("STREAMHOUSE_ADDR") is { Length: > 0 } address ? address : DefaultAddress,
            CustomParser = Parse,
        };
        Timeout = new Option<TimeSpan>("--timeout")
        {
            Description = "Longest wait for an answer, such as 500ms or 10s",
            HelpName = "TIME",
            Recursive = true,
            DefaultValueFactory = _ => TimeSpan.FromSeconds(15),
            CustomParser = TimeText.ParseDuration,
        };
    }

    public Option<string> Address { get; }

    public Option<TimeSpan> Timeout { get; }

    /// <summary>Whether a text is an address a client can use; <c>host:port</c> is taken as plain http.</summary>
    public static bool TryNormalize(string text, out string address)
    {
        address = text.Contains("://", StringComparison.Ordinal) ? text : $"http://{text}";
        return Uri.TryCreate(address, UriKind.Absolute, out Uri? uri) && uri.Scheme is "http" or "https" && uri.Host.Length > 0;
    }

    private static string? Parse(ArgumentResult result)
    {
        if (TryNormalize(result.Tokens[0].Value, out string address))
        {
            return address;
        }
        result.AddError($"'{result.Tokens[0].Value}' is not an address such as {DefaultAddress}.");
        return null;
    }
}
