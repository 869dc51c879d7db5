using System.Text.Json;
using StreamHouse.Records;
using StreamHouse.Server.Http.Requests;

namespace StreamHouse.Server.Http.Produce;

/// <summary>Reads a record's headers: <c>{"name":"value"}</c>, or <c>[{"key":"name","value":"value"}]</c> where order or repetition matters.</summary>
internal static class RecordHeadersJson
{
    public static RecordHeader[] Read(JsonField headers, FieldEncoding encoding, string where) => headers.Kind switch
    {
        JsonTokenType.None or JsonTokenType.Null => [],
        JsonTokenType.StartObject => ReadObject(headers, encoding, where),
        JsonTokenType.StartArray => ReadArray(headers, encoding, where),
        _ => throw Arguments.Invalid($"'{where}' must be an object or an array."),
    };

    private static RecordHeader[] ReadObject(JsonField headers, FieldEncoding encoding, string where)
    {
        var read = new List<RecordHeader>();
        Utf8JsonReader reader = headers.Open();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            read.Add(new RecordHeader(name, JsonField.Take(headers.Text, ref reader).Decode(encoding, $"{where}.{name}")));
        }
        return [.. read];
    }

    private static RecordHeader[] ReadArray(JsonField headers, FieldEncoding encoding, string where)
    {
        var read = new List<RecordHeader>();
        Utf8JsonReader reader = headers.Open();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            read.Add(ReadOne(JsonField.TakeCurrent(headers.Text, ref reader), encoding, $"{where}[{read.Count}]"));
        }
        return [.. read];
    }

    private static RecordHeader ReadOne(JsonField header, FieldEncoding encoding, string where)
    {
        if (header.Kind != JsonTokenType.StartObject)
        {
            throw Arguments.Invalid($"'{where}' must be an object with 'key' and 'value'.");
        }
        JsonField key = default, value = default;
        Utf8JsonReader reader = header.Open();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("key"u8))
            {
                key = JsonField.Take(header.Text, ref reader);
            }
            else if (reader.ValueTextEquals("value"u8))
            {
                value = JsonField.Take(header.Text, ref reader);
            }
            else
            {
                throw Arguments.Invalid($"'{where}.{reader.GetString()}' is not a field of a header; known: key, value.");
            }
        }
        string name = key.String($"{where}.key") ?? throw Arguments.Invalid($"'{where}.key' is missing.");
        return new RecordHeader(name, value.Decode(encoding, $"{where}.value"));
    }
}
