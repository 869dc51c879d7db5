using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace StreamHouse.Kafka;

/// <summary>The APIs and versions that there are schemas for.</summary>
public static class SupportedApis
{
    private static readonly ApiSupport?[] ByKey = Index();

    /// <summary>All of them in the order of their keys.</summary>
    public static IReadOnlyList<ApiSupport> All => ApiTable.Rows;

    /// <summary>Finds an API.</summary>
    /// <param name="key">Any value, known or not.</param>
    /// <param name="api">What is supported of it.</param>
    public static bool TryGet(ApiKey key, [NotNullWhen(true)] out ApiSupport? api)
    {
        api = (uint)(int)key < (uint)ByKey.Length ? ByKey[(int)key] : null;
        return api is not null;
    }

    /// <summary>What is supported of an API.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The API is not supported.</exception>
    public static ApiSupport Get(ApiKey key) =>
        TryGet(key, out ApiSupport? api) ? api : throw new ArgumentOutOfRangeException(nameof(key), key, "This API is not supported.");

    /// <summary>The table as Markdown, one row for each API, for the documentation.</summary>
    public static string ToMarkdown()
    {
        StringBuilder text = new("| key | API | advertised | served | flexible from |\n| ---: | --- | --- | --- | --- |\n");
        foreach (ApiSupport api in ApiTable.Rows)
        {
            string flexible = api.FlexibleVersionMin == short.MaxValue ? "" : api.FlexibleVersionMin.ToString(CultureInfo.InvariantCulture);
            text.Append(
                CultureInfo.InvariantCulture,
                $"| {(short)api.Key} | {api.Key} | {Range(api.VersionMin, api.VersionMax)} | {Range(api.AcceptedVersionMin, api.VersionMax)} | {flexible} |\n");
        }

        return text.ToString();
    }

    private static string Range(short min, short max) => min == max
        ? min.ToString(CultureInfo.InvariantCulture)
        : string.Create(CultureInfo.InvariantCulture, $"{min}–{max}");

    private static ApiSupport?[] Index()
    {
        var byKey = new ApiSupport?[(int)ApiTable.Rows[^1].Key + 1];
        foreach (ApiSupport api in ApiTable.Rows)
        {
            byKey[(int)api.Key] = api;
        }

        return byKey;
    }
}
