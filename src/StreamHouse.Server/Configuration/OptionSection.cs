namespace StreamHouse.Server.Configuration;

/// <summary>An options record and where its settings stand.</summary>
/// <param name="Name">Section in appsettings.json; empty for the top level.</param>
/// <param name="Create">Makes the record with its defaults.</param>
internal sealed record OptionSection(string Name, Func<object> Create)
{
    /// <summary>What the record says of itself beyond the ranges of single settings; each begins with the setting's name.</summary>
    public Func<object, IEnumerable<string>> Problems { get; init; } = static _ => [];

    /// <summary>Properties that the server fills in itself.</summary>
    public IReadOnlyList<string> Hidden { get; init; } = [];

    /// <summary>A section of a record whose defaults are those of its type.</summary>
    public static OptionSection Of<T>(string name) where T : new() => new(name, static () => new T());
}
