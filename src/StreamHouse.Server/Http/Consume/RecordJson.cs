using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using StreamHouse.Records;

namespace StreamHouse.Server.Http.Consume;

/// <summary>
/// Writes records as JSON. Bytes that cannot stand as the reader asked (no UTF-8, no JSON) are written as base64 and marked with
/// <c>valueEncoding</c> or <c>keyEncoding</c>, so that nothing is lost or mistaken.
/// </summary>
internal static class RecordJson
{
    /// <summary>Answers are never put into HTML by us, so letters may stand as they are.</summary>
    public static JsonWriterOptions Options { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>Writes one object; with <paramref name="partition"/> when records of several partitions stand side by side.</summary>
    public static void Write(Utf8JsonWriter json, in Record record, FieldEncodings encodings, int? partition = null)
    {
        json.WriteStartObject();
        if (partition is { } number)
        {
            json.WriteNumber("partition"u8, number);
        }
        json.WriteNumber("offset"u8, record.Offset);
        json.WriteNumber("timestamp"u8, record.Timestamp);
        if (!WriteField(json, "key"u8, record.Key, encodings.Key))
        {
            json.WriteString("keyEncoding"u8, "base64"u8);
        }
        if (!WriteField(json, "value"u8, record.Value, encodings.Value))
        {
            json.WriteString("valueEncoding"u8, "base64"u8);
        }
        if (record.HeaderCount > 0)
        {
            WriteHeaders(json, record, encodings.Key);
        }
        json.WriteEndObject();
    }

    private static void WriteHeaders(Utf8JsonWriter json, in Record record, FieldEncoding encoding)
    {
        json.WriteStartArray("headers"u8);
        foreach (RecordHeaderView header in record.Headers)
        {
            json.WriteStartObject();
            json.WriteString("key"u8, header.KeyText);
            if (!WriteField(json, "value"u8, header.Value, encoding))
            {
                json.WriteString("valueEncoding"u8, "base64"u8);
            }
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    // Returns whether the bytes could be written as asked.
    private static bool WriteField(Utf8JsonWriter json, ReadOnlySpan<byte> name, OptionalBytes bytes, FieldEncoding encoding)
    {
        if (bytes.IsNull)
        {
            json.WriteNull(name);
            return true;
        }
        switch (encoding)
        {
            case FieldEncoding.String when Utf8.IsValid(bytes.Span):
                json.WriteString(name, bytes.Span);
                return true;
            case FieldEncoding.Json when IsJson(bytes.Span):
                json.WritePropertyName(name);
                json.WriteRawValue(bytes.Span, skipInputValidation: true);
                return true;
            default:
                json.WriteBase64String(name, bytes.Span);
                return encoding == FieldEncoding.Base64;
        }
    }

    private static bool IsJson(ReadOnlySpan<byte> bytes)
    {
        if (!Utf8.IsValid(bytes))
        {
            return false;
        }
        try
        {
            var reader = new Utf8JsonReader(bytes);
            while (reader.Read())
            {
            }
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
