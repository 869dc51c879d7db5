namespace StreamHouse.Rpc.Grpc;

/// <summary>Names (lower case) and values sent after the last message. Values of names that end in <c>-bin</c> are base64.</summary>
public sealed class RpcTrailers
{
    private readonly List<KeyValuePair<string, string>> _entries;

    /// <param name="entries">The trailers, as they appear on the wire.</param>
    public RpcTrailers(IEnumerable<KeyValuePair<string, string>> entries) => _entries = [.. entries];

    /// <summary>No trailers.</summary>
    public static RpcTrailers Empty { get; } = new([]);

    /// <summary>The trailers in order, as they appear on the wire.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Entries => _entries;

    /// <summary>Trailers with one binary entry.</summary>
    /// <param name="name">A lower-case name that ends in <c>-bin</c>.</param>
    /// <param name="value">The bytes.</param>
    public static RpcTrailers OfBinary(string name, ReadOnlySpan<byte> value) => new([new(name, Convert.ToBase64String(value))]);

    /// <summary>The first value of a name, or null.</summary>
    public string? Get(string name)
    {
        foreach ((string key, string value) in _entries)
        {
            if (key.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return value;
            }
        }
        return null;
    }

    /// <summary>The bytes of a <c>-bin</c> entry (padded or not), or null when it is absent or not base64.</summary>
    public byte[]? GetBinary(string name)
    {
        if (Get(name) is not { } text)
        {
            return null;
        }
        string padded = text.PadRight((text.Length + 3) / 4 * 4, '=');
        byte[] bytes = new byte[padded.Length / 4 * 3];
        return Convert.TryFromBase64String(padded, bytes, out int written) ? bytes[..written] : null;
    }
}
