using StreamHouse.Broker;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Server.Kafka.Configs;

/// <summary>
/// Topics' settings as the protocol has them: the broker's own, those of Kafka that have one value here, and the durability, which is no setting in
/// the broker because it never changes.
/// </summary>
internal static class TopicSettings
{
    /// <summary>The setting that chooses a new topic's durability.</summary>
    public const string DurabilityName = "streamhouse.durability";

    /// <summary>Reads the settings of a topic to be created.</summary>
    /// <exception cref="BrokerException"><see cref="BrokerErrorCode.InvalidConfig"/>, naming the setting and what it accepts.</exception>
    public static (TopicConfig Config, Durability? Durability) ForNewTopic(IEnumerable<KeyValuePair<string, string?>> settings)
    {
        TopicConfig config = TopicConfig.Default;
        Durability? durability = null;
        foreach ((string name, string? given) in settings)
        {
            string value = Required(name, given);
            if (name == DurabilityName)
            {
                durability = DurabilityOf(value);
            }
            else if (!IsFixed(name, value))
            {
                config = config.With(name, value);
            }
        }
        return (config, durability);
    }

    /// <summary>Reads all settings a topic shall have.</summary>
    /// <exception cref="BrokerException"><see cref="BrokerErrorCode.InvalidConfig"/>, naming the setting and what it accepts.</exception>
    public static TopicConfig Replacing(TopicDescription topic, IEnumerable<KeyValuePair<string, string?>> settings)
    {
        (TopicConfig config, Durability? durability) = ForNewTopic(settings);
        ThrowIfOther(topic, durability);
        return config;
    }

    /// <summary>Checks a change of one setting.</summary>
    /// <returns>Null when it changes nothing because the setting has one value.</returns>
    /// <exception cref="BrokerException"><see cref="BrokerErrorCode.InvalidConfig"/>, naming the setting and what it accepts.</exception>
    public static TopicConfigChange? ChangeOf(TopicDescription topic, string name, TopicConfigOperation operation, string? given)
    {
        bool isDurability = name == DurabilityName;
        if (operation == TopicConfigOperation.Reset)
        {
            return isDurability || TopicSetting.Find(name) is { Only: not null } ? null : new TopicConfigChange(name, operation);
        }
        string value = Required(name, given);
        if (isDurability)
        {
            ThrowIfOther(topic, operation == TopicConfigOperation.Set ? DurabilityOf(value) : throw Invalid($"Setting '{name}' is no list."));
            return null;
        }
        return IsFixed(name, value) ? null : new TopicConfigChange(name, operation, value);
    }

    /// <summary>Every setting of a topic with its value and where that comes from, in name order.</summary>
    public static IEnumerable<SettingInfo> Describe(TopicDescription topic)
    {
        var effective = topic.Config.Effective().ToDictionary();
        var defaults = TopicConfig.Default.Effective().ToDictionary();
        foreach (TopicSetting setting in TopicSetting.All)
        {
            yield return setting.Name == DurabilityName
                ? Describe(setting, NameOf(topic.Durability), null, isSet: true, readOnly: true)
                : Describe(
                    setting, setting.Only ?? effective[setting.Name], setting.Only ?? defaults[setting.Name],
                    topic.Config.Overrides.ContainsKey(setting.Name), readOnly: setting.Only is not null);
        }
    }

    private static SettingInfo Describe(TopicSetting setting, string value, string? byDefault, bool isSet, bool readOnly)
    {
        List<SettingSynonym> synonyms = [];
        if (isSet)
        {
            synonyms.Add(new SettingSynonym(setting.Name, value, SettingSource.Topic));
        }
        if (setting.BrokerName is { } brokerName && byDefault is not null)
        {
            synonyms.Add(new SettingSynonym(brokerName, byDefault, SettingSource.Default));
        }
        return new SettingInfo(
            setting.Name, value, setting.Type, isSet ? SettingSource.Topic : SettingSource.Default, readOnly, setting.Documentation, synonyms);
    }

    // True for a setting that has this one value here; the others are the broker's to judge.
    private static bool IsFixed(string name, string value)
    {
        if (TopicSetting.Find(name)?.Only is not { } only)
        {
            return false;
        }
        return value.Trim() == only
            ? true : throw Invalid($"Setting '{name}' is '{value}', but this server has only '{only}'. {TopicSetting.Find(name)!.Documentation}");
    }

    private static string Required(string name, string? value) => value ?? throw Invalid($"Setting '{name}' has no value.");

    private static Durability DurabilityOf(string value) => value switch
    {
        "local" => Durability.Local,
        "object" => Durability.Object,
        _ => throw Invalid($"Setting '{DurabilityName}' is '{value}'; it must be local or object."),
    };

    private static string NameOf(Durability durability) => durability switch
    {
        Durability.Local => "local",
        Durability.Object => "object",
        _ => throw new ArgumentOutOfRangeException(nameof(durability), durability, "Not a durability."),
    };

    private static void ThrowIfOther(TopicDescription topic, Durability? durability)
    {
        if (durability is { } wanted && wanted != topic.Durability)
        {
            throw Invalid($"Setting '{DurabilityName}' of topic '{topic.Name}' is '{NameOf(topic.Durability)}' and never changes.");
        }
    }

    private static BrokerException Invalid(string message) => new(BrokerErrorCode.InvalidConfig, message);
}
