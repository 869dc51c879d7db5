using System.Collections;
using System.Text.Json;

namespace StreamHouse.Server.Configuration;

/// <summary>A value as it was given.</summary>
/// <param name="Text">The text.</param>
/// <param name="Source">Where it was given, for error messages.</param>
internal readonly record struct SettingValue(string Text, string Source);

/// <summary>
/// Gathers settings from appsettings.json, the environment and the command line; what comes later wins. Names that are not known are
/// failures, except in the environment, where they are warnings.
/// </summary>
internal sealed class SettingValues
{
    private readonly Dictionary<Setting, SettingValue> _values = [];

    /// <summary>What is wrong so far, each with its key.</summary>
    public List<string> Failures { get; } = [];

    /// <summary>What is suspicious but does not stop the server.</summary>
    public List<string> Warnings { get; } = [];

    public bool TryGet(Setting setting, out SettingValue value) => _values.TryGetValue(setting, out value);

    /// <summary>Reads a JSON file: objects are sections, values are settings; comments and trailing commas are fine.</summary>
    public void AddFile(string path)
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            using var document = JsonDocument.Parse(
                file, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                Failures.Add($"{path}: the top level is not a JSON object.");
                return;
            }
            AddObject(document.RootElement, "", path);
        }
        catch (JsonException e)
        {
            Failures.Add($"{path}: line {e.LineNumber + 1} is not valid JSON: {e.Message}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Failures.Add($"{path}: cannot be read: {e.Message}");
        }
    }

    /// <summary>Takes what the environment holds under the settings' variables and their aliases.</summary>
    public void AddEnvironment(IDictionary environment)
    {
        foreach (DictionaryEntry entry in environment)
        {
            var name = (string)entry.Key;
            string text = entry.Value as string ?? "";
            string source = $"environment variable {name}";
            if (SettingCatalog.EnvironmentAliases.TryGetValue(name, out string? key))
            {
                if (text.Length > 0)
                {
                    Add(key, new SettingValue(text, source));
                }
            }
            else if (SettingCatalog.All.FirstOrDefault(s => s.EnvironmentVariable == name) is { } setting)
            {
                _values[setting] = new SettingValue(text, source);
            }
            else if (name.StartsWith("STREAMHOUSE_", StringComparison.Ordinal) && !SettingCatalog.ForeignVariables.Contains(name))
            {
                Warnings.Add($"The environment variable {name} names no setting and is ignored.");
            }
        }
    }

    /// <summary>Takes one value, unless no setting has this key: that is a failure.</summary>
    public void Add(string key, SettingValue value)
    {
        if (SettingCatalog.Find(key) is { } setting)
        {
            _values[setting] = value;
        }
        else
        {
            Failures.Add($"{key}: there is no such setting ({value.Source}).");
        }
    }

    private void AddObject(JsonElement section, string prefix, string path)
    {
        foreach (JsonProperty property in section.EnumerateObject())
        {
            string key = prefix + property.Name;
            switch (property.Value.ValueKind)
            {
                case JsonValueKind.Object when prefix.Length == 0:
                    AddObject(property.Value, key + ":", path);
                    break;
                case JsonValueKind.Null:
                    break;
                case JsonValueKind.Object or JsonValueKind.Array:
                    Failures.Add($"{key}: a single value is expected ({path}).");
                    break;
                default:
                    Add(key, new SettingValue(property.Value.ToString(), path));
                    break;
            }
        }
    }
}
