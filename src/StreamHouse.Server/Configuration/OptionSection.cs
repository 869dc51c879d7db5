namespace StreamHouse.Server.Configuration;

/// <summary>An options record and where its settings stand.</summary>
/// <param name="Name">Section in appsettings.json; empty for the top level.</param>
/// <param name="Type">The record: public, with a parameterless constructor and init properties.</param>
internal sealed record OptionSection(string Name, Type Type);
