namespace StreamHouse.Server.Kafka.Configs;

/// <summary>What the protocol calls a setting's type.</summary>
internal enum SettingType : sbyte
{
    Boolean = 1,
    String = 2,
    Int = 3,
    Short = 4,
    Long = 5,
    Double = 6,
    List = 7,
}

/// <summary>Where a setting's value comes from, as the protocol numbers it.</summary>
internal enum SettingSource : sbyte
{
    Topic = 1,
    BrokerFile = 4,
    Default = 5,
}

/// <summary>Another place a setting's value could come from.</summary>
/// <param name="Name">The setting there.</param>
/// <param name="Value">Its value there.</param>
/// <param name="Source">The place.</param>
internal readonly record struct SettingSynonym(string Name, string Value, SettingSource Source);

/// <summary>A setting with its value, as clients are told.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">Its value now.</param>
/// <param name="Type">What kind of value.</param>
/// <param name="Source">Where the value comes from.</param>
/// <param name="ReadOnly">Whether it cannot be changed.</param>
/// <param name="Documentation">What it means.</param>
/// <param name="Synonyms">Where the value could come from, nearest first, the place it does come from included.</param>
internal sealed record SettingInfo(
    string Name, string Value, SettingType Type, SettingSource Source, bool ReadOnly, string Documentation, IReadOnlyList<SettingSynonym> Synonyms);
