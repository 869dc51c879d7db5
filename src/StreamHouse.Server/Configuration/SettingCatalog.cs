using StreamHouse.Server.Grpc.Consuming;
using StreamHouse.Server.Grpc.Producing;
using StreamHouse.Server.Grpc.Runtime;
using StreamHouse.Server.Hosting;

namespace StreamHouse.Server.Configuration;

/// <summary>Every option record the server binds, and the names under which their settings are known.</summary>
internal static class SettingCatalog
{
    /// <summary>All sections, in the order of the documentation.</summary>
    public static IReadOnlyList<OptionSection> Sections { get; } =
    [
        OptionSection.Of<ServerOptions>(""),
        OptionSection.Of<RpcServerOptions>("Grpc"),
        OptionSection.Of<ProduceOptions>("Produce"),
        OptionSection.Of<ConsumeOptions>("Consume"),
    ];

    /// <summary>All settings.</summary>
    public static IReadOnlyList<Setting> All { get; } = [.. Sections.SelectMany(Setting.Of)];

    /// <summary>Variables that are understood beside each setting's own, because other tools use them.</summary>
    public static IReadOnlyDictionary<string, string> EnvironmentAliases { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
    };

    /// <summary>Variables that begin with STREAMHOUSE_ and belong to other programs of this project.</summary>
    public static IReadOnlySet<string> ForeignVariables { get; } = new HashSet<string>(StringComparer.Ordinal) { "STREAMHOUSE_ADDR", "STREAMHOUSE_SIM_SEED" };

    /// <summary>A setting by key, ignoring case; null when there is none.</summary>
    public static Setting? Find(string key) => All.FirstOrDefault(s => s.Key.Equals(key, StringComparison.OrdinalIgnoreCase));
}
