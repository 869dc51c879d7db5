using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Text;

namespace StreamHouse.Server.Configuration;

/// <summary>One property of an options record, as an operator sees it.</summary>
internal sealed class Setting
{
    private Setting(OptionSection section, PropertyInfo property, object? defaultValue)
    {
        Section = section;
        Property = property;
        Key = section.Name.Length == 0 ? property.Name : $"{section.Name}:{property.Name}";
        EnvironmentVariable = "STREAMHOUSE_" + (section.Name.Length == 0 ? "" : Snake(section.Name) + "__") + Snake(property.Name);
        Range = property.GetCustomAttribute<RangeAttribute>();
        IsRequired = property.GetCustomAttribute<RequiredAttribute>() is not null;
        DefaultText = SettingText.Format(defaultValue);
    }

    public OptionSection Section { get; }

    public PropertyInfo Property { get; }

    /// <summary><c>Section:Property</c>, as in appsettings.json and <c>--set</c>.</summary>
    public string Key { get; }

    public string EnvironmentVariable { get; }

    /// <summary>The allowed range, or null when only the type limits the value.</summary>
    public RangeAttribute? Range { get; }

    public bool IsRequired { get; }

    public string DefaultText { get; }

    /// <summary>What the setting accepts, for documentation and error messages.</summary>
    public string RangeText
    {
        get
        {
            Type type = Nullable.GetUnderlyingType(Property.PropertyType) ?? Property.PropertyType;
            if (Range is { } range)
            {
                return $"{SettingText.Format(Limit(range.Minimum, type))} to {SettingText.Format(Limit(range.Maximum, type))}";
            }
            return type.IsEnum ? string.Join(", ", Enum.GetNames(type)) : type == typeof(bool) ? "true, false" : type == typeof(string) ? "text" : "any";
        }
    }

    /// <summary>The settings of a record, in declaration order.</summary>
    public static IEnumerable<Setting> Of(OptionSection section)
    {
        object defaults = section.Create();
        foreach (PropertyInfo property in defaults.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            // A record inside a record has a section of its own.
            if (property.CanWrite && SettingText.Supports(property.PropertyType) && !section.Hidden.Contains(property.Name))
            {
                yield return new Setting(section, property, property.GetValue(defaults));
            }
        }
    }

    /// <summary>Whether a parsed value lies in the range.</summary>
    public bool Accepts(object value)
    {
        if (Range is not { } range)
        {
            return true;
        }
        var comparable = (IComparable)value;
        return comparable.CompareTo(Limit(range.Minimum, value.GetType())) >= 0 && comparable.CompareTo(Limit(range.Maximum, value.GetType())) <= 0;
    }

    private static object Limit(object limit, Type type) =>
        limit is string text ? SettingText.Parse(type, text) : Convert.ChangeType(limit, type, CultureInfo.InvariantCulture);

    private static string Snake(string name)
    {
        StringBuilder text = new(name.Length + 8);
        for (int i = 0; i < name.Length; i++)
        {
            if (i > 0 && char.IsUpper(name[i]) && !char.IsUpper(name[i - 1]) && !char.IsDigit(name[i - 1]))
            {
                text.Append('_');
            }
            text.Append(char.ToUpperInvariant(name[i]));
        }
        return text.ToString();
    }
}
