using System.Reflection;
using StreamHouse.Server.Configuration;
using StreamHouse.Server.Hosting;

namespace StreamHouse.Tests.Server;

/// <summary>docs/configuration.md against the option records: every setting with its true default and range, and no other.</summary>
public sealed class ConfigurationDocumentationTests
{
    private static readonly string Document = File.ReadAllText(Repository.PathOf("docs/configuration.md"));

    public static TheoryData<string> Keys => [.. SettingCatalog.All.Select(s => s.Key)];

    [Theory]
    [MemberData(nameof(Keys))]
    public void Setting_is_documented_with_its_default_and_range(string key)
    {
        Setting setting = SettingCatalog.Find(key)!;

        Rows().ShouldContainKey(key, "docs/configuration.md has no row for it.");
        (string defaultText, string range, string meaning) = Rows()[key];

        defaultText.ShouldBe(setting.DefaultText.Length == 0 ? "" : $"`{setting.DefaultText}`");
        range.ShouldBe(setting.RangeText);
        meaning.Length.ShouldBeGreaterThan(10);
    }

    [Fact]
    public void Nothing_is_documented_that_does_not_exist() => Rows().Keys.Except(SettingCatalog.All.Select(s => s.Key)).ShouldBeEmpty();

    [Fact]
    public void Every_exit_code_is_documented()
    {
        foreach (FieldInfo code in typeof(ExitCode).GetFields(BindingFlags.Public | BindingFlags.Static))
        {
            Document.ShouldContain($"| {code.GetRawConstantValue()} | ");
        }
    }

    [Fact]
    public void Every_alias_is_documented()
    {
        foreach ((string variable, string key) in SettingCatalog.EnvironmentAliases)
        {
            Document.ShouldContain($"| `{variable}` | `{key}` |");
        }
    }

    [Fact]
    public void Every_option_record_of_the_server_and_the_engine_is_bound()
    {
        Type[] bound = [.. SettingCatalog.Sections.Select(s => s.Create().GetType()).Distinct()];

        IEnumerable<Type> records = new[] { typeof(ServerOptions), typeof(StreamHouse.Broker.IBroker), typeof(StreamHouse.Storage.Objects.FolderObjectStore) }
            .SelectMany(t => t.Assembly.GetTypes())
            .Where(t => t.Name.EndsWith("Options", StringComparison.Ordinal) && t.IsClass && !t.IsNested && t.GetMethod("<Clone>$") is not null);

        records.Except(bound).Select(t => t.FullName).ShouldBeEmpty("Options that cannot be set: add them to SettingCatalog or remove them.");
    }

    private static Dictionary<string, (string Default, string Range, string Meaning)> Rows()
    {
        Dictionary<string, (string, string, string)> rows = [];
        foreach (string line in Document.Split('\n').Where(l => l.StartsWith("| `", StringComparison.Ordinal)))
        {
            string[] cells = [.. line.Trim().Trim('|').Split('|').Select(c => c.Trim())];
            if (cells.Length == 4)
            {
                rows.Add(cells[0].Trim('`'), (cells[1], cells[2], cells[3]));
            }
        }
        return rows;
    }
}
