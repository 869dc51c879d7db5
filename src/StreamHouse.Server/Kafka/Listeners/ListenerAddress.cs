using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace StreamHouse.Server.Kafka.Listeners;

/// <summary>A listener's name with an address, as settings write it: <c>name://host:port</c>.</summary>
/// <param name="Name">The listener's name: letters, digits, <c>_</c>, <c>-</c> and <c>.</c>.</param>
/// <param name="Host">Host name or IP address, without the brackets of IPv6.</param>
/// <param name="Port">0 to 65535, or null when none is written.</param>
internal sealed record ListenerAddress(string Name, string Host, int? Port)
{
    /// <summary>The name of the listener that is always there.</summary>
    public const string InternalName = "internal";

    /// <summary>Parses a list with commas between; empty text is an empty list.</summary>
    /// <returns>What is wrong, for a person; null when the list is good.</returns>
    public static string? TryParseList(string text, bool portRequired, out IReadOnlyList<ListenerAddress> addresses)
    {
        List<ListenerAddress> parsed = [];
        addresses = parsed;
        foreach (string item in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (!TryParse(item, out ListenerAddress? address) || (portRequired && address.Port is null))
            {
                return $"'{item}' is not of the form name://{(portRequired ? "address:port" : "host:port or name://host")}.";
            }
            if (parsed.Any(a => a.Name.Equals(address.Name, StringComparison.OrdinalIgnoreCase)))
            {
                return $"The listener '{address.Name}' is named twice.";
            }
            if (portRequired && address.Name.Equals(InternalName, StringComparison.OrdinalIgnoreCase))
            {
                return $"The listener '{InternalName}' is set by Bind and KafkaPort.";
            }
            parsed.Add(address);
        }
        return null;
    }

    private static bool TryParse(string item, [NotNullWhen(true)] out ListenerAddress? address)
    {
        address = null;
        int scheme = item.IndexOf("://", StringComparison.Ordinal);
        if (scheme <= 0 || !item.AsSpan(0, scheme).ToString().All(static c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.'))
        {
            return false;
        }
        string rest = item[(scheme + 3)..];
        int colon = rest.LastIndexOf(':');
        // A colon inside brackets, or one of several outside them, belongs to an IPv6 address.
        bool hasPort = colon >= 0 && rest.IndexOf(']', colon) < 0 && (rest[0] == '[' || rest.IndexOf(':', StringComparison.Ordinal) == colon);
        int? port = null;
        if (hasPort)
        {
            if (!int.TryParse(rest.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int number) || number > 65535)
            {
                return false;
            }
            port = number;
            rest = rest[..colon];
        }
        string host = rest is ['[', .., ']'] ? rest[1..^1] : rest;
        if (host.Length == 0 || host.Any(char.IsWhiteSpace))
        {
            return false;
        }
        address = new ListenerAddress(item[..scheme], host, port);
        return true;
    }
}
