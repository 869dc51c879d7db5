using StreamHouse.KafkaCodec;
using StreamHouse.Tests.Server;

namespace StreamHouse.Tests.Kafka;

/// <summary>The product's schemas.</summary>
internal static class KafkaSchemas
{
    public static IReadOnlyList<ApiSchema> All { get; } = Generator.ReadSchemas(Repository.PathOf("src/StreamHouse.Kafka/Schemas"));

    public static ApiSchema Get(string name) => All.Single(a => a.Name == name);

    /// <summary>Every message in every version: its name and the version.</summary>
    public static TheoryData<string, int> MessagesAndVersions()
    {
        TheoryData<string, int> data = [];
        foreach (ApiSchema api in All)
        {
            for (int version = api.Versions.Min; version <= api.Versions.Max; version++)
            {
                data.Add(api.Request.Name, version);
                data.Add(api.Response.Name, version);
            }
        }

        return data;
    }

    public static (ApiSchema Api, StructSchema Message) Find(string message)
    {
        ApiSchema api = All.Single(a => a.Request.Name == message || a.Response.Name == message);
        return (api, api.Request.Name == message ? api.Request : api.Response);
    }
}
