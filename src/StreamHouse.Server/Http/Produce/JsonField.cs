using System.Text.Json;
using System.Text.Unicode;
using StreamHouse.Server.Http.Requests;

namespace StreamHouse.Server.Http.Produce;

/// <summary>A value somewhere in a JSON text, to be decoded once it is known how. Keeps no copy.</summary>
internal readonly struct JsonField
{
    private readonly ReadOnlyMemory<byte> _text;

    private JsonField(ReadOnlyMemory<byte> text, JsonTokenType kind)
    {
        _text = text;
        Kind = kind;
    }

    /// <summary>Kind of the value's first token; None when the field is missing.</summary>
    public JsonTokenType Kind { get; }

    public bool IsMissing => Kind == JsonTokenType.None;

    public ReadOnlyMemory<byte> Text => _text;

    /// <summary>Takes the value that follows the name the reader stands on, and moves the reader to the value's end.</summary>
    /// <param name="json">What the reader reads.</param>
    /// <param name="reader">Standing on a property name.</param>
    public static JsonField Take(ReadOnlyMemory<byte> json, ref Utf8JsonReader reader)
    {
        reader.Read();
        return TakeCurrent(json, ref reader);
    }

    /// <summary>Takes the value that the reader stands on, and moves the reader to its end.</summary>
    public static JsonField TakeCurrent(ReadOnlyMemory<byte> json, ref Utf8JsonReader reader)
    {
        JsonTokenType kind = reader.TokenType;
        int start = (int)reader.TokenStartIndex;
        reader.Skip();
        return new JsonField(json[start..(int)reader.BytesConsumed], kind);
    }

    /// <summary>The bytes the value stands for; null for a JSON null.</summary>
    public ReadOnlyMemory<byte>? Decode(FieldEncoding encoding, string where)
    {
        if (Kind is JsonTokenType.Null or JsonTokenType.None)
        {
            return null;
        }
        if (encoding == FieldEncoding.Json)
        {
            return Utf8.IsValid(_text.Span) ? _text : throw NotText(where);
        }
        if (Kind != JsonTokenType.String)
        {
            throw Arguments.Invalid($"'{where}' must be a string or null with encoding {(encoding == FieldEncoding.Base64 ? "base64" : "string")}.");
        }
        Utf8JsonReader reader = Open();
        if (encoding == FieldEncoding.Base64)
        {
            return reader.TryGetBytesFromBase64(out byte[]? bytes) ? bytes : throw Arguments.Invalid($"'{where}' is not valid base64.");
        }
        return reader.ValueIsEscaped ? Unescape(ref reader, where) : Unquote(where);
    }

    public string? String(string where) => Kind switch
    {
        JsonTokenType.None or JsonTokenType.Null => null,
        JsonTokenType.String => Text16(where),
        _ => throw Arguments.Invalid($"'{where}' must be a string."),
    };

    public long? Number(string where, long min, long max)
    {
        if (Kind is JsonTokenType.None or JsonTokenType.Null)
        {
            return null;
        }
        Utf8JsonReader reader = Open();
        return Kind == JsonTokenType.Number && reader.TryGetInt64(out long number) && number >= min && number <= max
            ? number
            : throw Arguments.Invalid($"'{where}' must be a whole number from {min} to {max}.");
    }

    /// <summary>A reader that stands on the value's first token.</summary>
    public Utf8JsonReader Open()
    {
        var reader = new Utf8JsonReader(_text.Span);
        reader.Read();
        return reader;
    }

    private string Text16(string where) => System.Text.Encoding.UTF8.GetString(Decode(FieldEncoding.String, where)!.Value.Span);

    private ReadOnlyMemory<byte> Unquote(string where)
    {
        ReadOnlyMemory<byte> bytes = _text[1..^1];
        return Utf8.IsValid(bytes.Span) ? bytes : throw NotText(where);
    }

    private static ReadOnlyMemory<byte> Unescape(ref Utf8JsonReader reader, string where)
    {
        byte[] bytes = new byte[reader.ValueSpan.Length];
        try
        {
            return bytes.AsMemory(0, reader.CopyString(bytes));
        }
        catch (InvalidOperationException)
        {
            throw NotText(where); // half a surrogate pair, or bytes that are not UTF-8
        }
    }

    private static BadHttpRequestException NotText(string where) =>
        new($"'{where}' is not valid UTF-8 text; send bytes as base64.", StatusCodes.Status400BadRequest);
}
