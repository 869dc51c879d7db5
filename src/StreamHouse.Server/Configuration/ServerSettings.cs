using System.ComponentModel.DataAnnotations;

namespace StreamHouse.Server.Configuration;

/// <summary>All option records, bound once and validated.</summary>
internal sealed class ServerSettings
{
    private readonly Dictionary<string, object> _options;

    private ServerSettings(Dictionary<string, object> options, IReadOnlyList<string> warnings)
    {
        _options = options;
        Warnings = warnings;
    }

    /// <summary>What is suspicious, for the log.</summary>
    public IReadOnlyList<string> Warnings { get; }

    /// <summary>The options record of a type in <see cref="SettingCatalog.Sections"/>.</summary>
    public T Get<T>() where T : class => _options.Values.OfType<T>().Single();

    /// <summary>The options record of a section whose type several sections have.</summary>
    public T Get<T>(string section) where T : class => (T)_options[section];

    /// <summary>Binds and validates everything.</summary>
    /// <exception cref="InvalidSettingsException">Something is wrong; it lists all failures at once.</exception>
    public static ServerSettings Bind(SettingValues values)
    {
        List<string> failures = [.. values.Failures];
        Dictionary<string, object> options = [];
        foreach (OptionSection section in SettingCatalog.Sections)
        {
            object record = section.Create();
            foreach (Setting setting in SettingCatalog.All)
            {
                if (setting.Section == section && values.TryGet(setting, out SettingValue value))
                {
                    Assign(record, setting, value, failures);
                }
            }
            // Settings that could not be read are at their defaults here: what the others contradict is still told at once.
            string prefix = section.Name.Length == 0 ? "" : section.Name + ":";
            failures.AddRange(section.Problems(record).Select(p => prefix + p));
            if (record is IValidatableObject validatable)
            {
                failures.AddRange(validatable.Validate(new ValidationContext(record))
                    .Select(r => $"{string.Join(", ", r.MemberNames.Select(m => prefix + m))}: {r.ErrorMessage}"));
            }
            options.Add(section.Name, record);
        }
        ServerSettings settings = new(options, values.Warnings);
        failures.AddRange(EngineOptions.From(settings).FindContradictions());
        return failures.Count == 0 ? settings : throw new InvalidSettingsException(failures);
    }

    private static void Assign(object record, Setting setting, SettingValue value, List<string> failures)
    {
        if (value.Text.Length == 0 && (setting.IsRequired || setting.Property.PropertyType.IsValueType))
        {
            failures.Add($"{setting.Key}: the value is empty ({value.Source}).");
            return;
        }
        try
        {
            object parsed = SettingText.Parse(setting.Property.PropertyType, value.Text);
            if (setting.Accepts(parsed))
            {
                setting.Property.SetValue(record, parsed);
            }
            else
            {
                failures.Add($"{setting.Key}: {value.Text} is out of range, {setting.RangeText} is allowed ({value.Source}).");
            }
        }
        catch (FormatException e)
        {
            failures.Add($"{setting.Key}: {e.Message} ({value.Source})");
        }
    }
}

/// <summary>Settings that cannot be used.</summary>
/// <param name="failures">All of them, each with its key.</param>
internal sealed class InvalidSettingsException(IReadOnlyList<string> failures)
    : Exception("The configuration is not valid:" + string.Concat(failures.Select(f => Environment.NewLine + "  " + f)))
{
    public IReadOnlyList<string> Failures { get; } = failures;
}
