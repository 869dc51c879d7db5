using StreamHouse.Server.Http.Requests;

namespace StreamHouse.Server.Http;

/// <summary>How bytes of a record stand in JSON.</summary>
internal enum FieldEncoding
{
    /// <summary>As a string: the bytes are its UTF-8.</summary>
    String,

    /// <summary>As a string of base64.</summary>
    Base64,

    /// <summary>As a JSON value: the bytes are its text. For values only.</summary>
    Json,
}

/// <summary>Encodings of a record's parts.</summary>
/// <param name="Value">Of the value.</param>
/// <param name="AskedKey">Of the key and of header values when it was asked for: string or base64.</param>
internal readonly record struct FieldEncodings(FieldEncoding Value, FieldEncoding? AskedKey)
{
    /// <summary>Of the key and of header values: what was asked for, else base64 as the value, else string.</summary>
    public FieldEncoding Key => AskedKey ?? (Value == FieldEncoding.Base64 ? FieldEncoding.Base64 : FieldEncoding.String);

    /// <summary>Reads <c>encoding</c> and <c>keyEncoding</c>; <paramref name="where"/> stands before their names in refusals.</summary>
    public static FieldEncodings Parse(string? encoding, string? keyEncoding, string where = "") =>
        new FieldEncodings(FieldEncoding.String, null).With(encoding, keyEncoding, where);

    /// <summary>These, except for what is given.</summary>
    public FieldEncodings With(string? encoding, string? keyEncoding, string where)
    {
        FieldEncoding value = encoding switch
        {
            null => Value,
            "string" => FieldEncoding.String,
            "base64" => FieldEncoding.Base64,
            "json" => FieldEncoding.Json,
            _ => throw Arguments.Invalid($"'{where}encoding' is '{encoding}'; it must be string, base64 or json."),
        };
        FieldEncoding? key = keyEncoding switch
        {
            null => AskedKey,
            "string" => FieldEncoding.String,
            "base64" => FieldEncoding.Base64,
            _ => throw Arguments.Invalid($"'{where}keyEncoding' is '{keyEncoding}'; it must be string or base64."),
        };
        return new FieldEncodings(value, key);
    }
}
