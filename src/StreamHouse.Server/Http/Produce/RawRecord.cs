using System.Text;
using StreamHouse.Records;
using StreamHouse.Server.Http.Requests;

namespace StreamHouse.Server.Http.Produce;

/// <summary>One record whose value is the whole body: key and partition come from the query, headers from headers with a prefix.</summary>
internal static class RawRecord
{
    /// <summary>A request's header <c>Streamhouse-Header-Trace-Id</c> becomes the record's header <c>trace-id</c>.</summary>
    public const string HeaderPrefix = "Streamhouse-Header-";

    public static IncomingRecord Read(HttpRequest request, ReadOnlyMemory<byte> body, string? key, FieldEncodings encodings, int? partition, string? timestamp)
    {
        if (partition < 0)
        {
            throw Arguments.Invalid($"'partition' is {partition}; it must not be negative.");
        }
        return new IncomingRecord(
            partition, DecodeKey(key, encodings.Key), body, timestamp is null ? null : Arguments.TimestampMs(nameof(timestamp), timestamp),
            ReadHeaders(request));
    }

    private static ReadOnlyMemory<byte>? DecodeKey(string? key, FieldEncoding encoding)
    {
        if (key is null)
        {
            return null;
        }
        if (encoding == FieldEncoding.String)
        {
            return Encoding.UTF8.GetBytes(key);
        }
        byte[] bytes = new byte[key.Length];
        return Convert.TryFromBase64String(key, bytes, out int length)
            ? bytes.AsMemory(0, length)
            : throw Arguments.Invalid("'key' is not valid base64.");
    }

    // HTTP does not tell upper from lower case in header names, so records get them in lower case, whatever the client sent.
    private static RecordHeader[] ReadHeaders(HttpRequest request) =>
    [
        .. request.Headers
            .Where(h => h.Key.StartsWith(HeaderPrefix, StringComparison.OrdinalIgnoreCase) && h.Key.Length > HeaderPrefix.Length)
            .SelectMany(h => h.Value.Select(v => new RecordHeader(h.Key[HeaderPrefix.Length..].ToLowerInvariant(), Encoding.UTF8.GetBytes(v ?? "")))),
    ];
}
