using System.Text.Json;
using StreamHouse.Server.Http.Requests;

namespace StreamHouse.Server.Http.Produce;

/// <summary>
/// Reads records from JSON where it lies in the body. Every refusal names the record's place and field; fields that are not known are refused,
/// because a misspelt one would silently change what is stored.
/// </summary>
internal static class RecordsJson
{
    /// <summary>Reads <c>{"encoding":…,"keyEncoding":…,"records":[…]}</c>.</summary>
    /// <exception cref="StreamHouse.Broker.BrokerException">InvalidRequest.</exception>
    public static List<IncomingRecord> ReadDocument(ReadOnlyMemory<byte> json, FieldEncodings encodings, int recordsMax)
    {
        try
        {
            return ReadRecords(ReadEnvelope(json, ref encodings), encodings, recordsMax);
        }
        catch (JsonException e)
        {
            throw Arguments.Invalid($"The body is not valid JSON: {e.Message}");
        }
    }

    /// <summary>Reads one record per line; empty lines are skipped.</summary>
    /// <exception cref="StreamHouse.Broker.BrokerException">InvalidRequest.</exception>
    public static List<IncomingRecord> ReadLines(ReadOnlyMemory<byte> lines, FieldEncodings encodings, int recordsMax)
    {
        var records = new List<IncomingRecord>();
        for (int number = 1; !lines.IsEmpty; number++)
        {
            int end = lines.Span.IndexOf((byte)'\n');
            ReadOnlyMemory<byte> line = end < 0 ? lines : lines[..end];
            lines = end < 0 ? default : lines[(end + 1)..];
            if (line.Span.IndexOfAnyExcept(" \t\r"u8) < 0)
            {
                continue;
            }
            AddWithin(records, ReadLine(line, encodings, number), recordsMax);
        }
        return NotEmpty(records);
    }

    private static IncomingRecord ReadLine(ReadOnlyMemory<byte> line, FieldEncodings encodings, int number)
    {
        try
        {
            var reader = new Utf8JsonReader(line.Span);
            reader.Read();
            JsonField record = JsonField.TakeCurrent(line, ref reader);
            reader.Read(); // throws when anything follows
            return ReadRecord(record, encodings, $"line {number}");
        }
        catch (JsonException e)
        {
            throw Arguments.Invalid($"'line {number}' is not valid JSON: {e.Message}");
        }
    }

    private static JsonField ReadEnvelope(ReadOnlyMemory<byte> json, ref FieldEncodings encodings)
    {
        if (json.IsEmpty)
        {
            throw Arguments.Invalid("The body is empty; it must be a JSON object with 'records'.");
        }
        var reader = new Utf8JsonReader(json.Span);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw Arguments.Invalid("The body must be a JSON object with 'records'.");
        }
        JsonField records = default, encoding = default, keyEncoding = default;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("records"u8))
            {
                records = JsonField.Take(json, ref reader);
            }
            else if (reader.ValueTextEquals("encoding"u8))
            {
                encoding = JsonField.Take(json, ref reader);
            }
            else if (reader.ValueTextEquals("keyEncoding"u8))
            {
                keyEncoding = JsonField.Take(json, ref reader);
            }
            else
            {
                throw Arguments.Invalid($"'{reader.GetString()}' is not a field of a produce request; known: encoding, keyEncoding, records.");
            }
        }
        reader.Read(); // throws when anything follows the object
        encodings = encodings.With(encoding.String("encoding"), keyEncoding.String("keyEncoding"), "");
        return records.Kind == JsonTokenType.StartArray ? records : throw Arguments.Invalid("'records' is missing or not an array.");
    }

    private static List<IncomingRecord> ReadRecords(JsonField array, FieldEncodings encodings, int recordsMax)
    {
        var records = new List<IncomingRecord>();
        Utf8JsonReader reader = array.Open();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            JsonField record = JsonField.TakeCurrent(array.Text, ref reader);
            AddWithin(records, ReadRecord(record, encodings, $"records[{records.Count}]"), recordsMax);
        }
        return NotEmpty(records);
    }

    private static IncomingRecord ReadRecord(JsonField record, FieldEncodings encodings, string where)
    {
        if (record.Kind != JsonTokenType.StartObject)
        {
            throw Arguments.Invalid($"'{where}' must be an object.");
        }
        JsonField key = default, value = default, headers = default, partition = default, timestamp = default;
        JsonField encoding = default, keyEncoding = default;
        Utf8JsonReader reader = record.Open();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            ref JsonField field = ref Field(ref reader, where, ref key, ref value, ref headers, ref partition, ref timestamp, ref encoding, ref keyEncoding);
            field = JsonField.Take(record.Text, ref reader);
        }
        if (value.IsMissing)
        {
            throw Arguments.Invalid($"'{where}.value' is missing; null makes a record without a value.");
        }
        FieldEncodings own = encodings.With(encoding.String($"{where}.encoding"), keyEncoding.String($"{where}.keyEncoding"), $"{where}.");
        return new IncomingRecord(
            (int?)partition.Number($"{where}.partition", 0, int.MaxValue),
            key.Decode(own.Key, $"{where}.key"),
            value.Decode(own.Value, $"{where}.value"),
            timestamp.Number($"{where}.timestamp", 0, DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()),
            RecordHeadersJson.Read(headers, own.Key, $"{where}.headers"));
    }

    private static ref JsonField Field(
        ref Utf8JsonReader reader, string where, ref JsonField key, ref JsonField value, ref JsonField headers, ref JsonField partition,
        ref JsonField timestamp, ref JsonField encoding, ref JsonField keyEncoding)
    {
        switch (reader.GetString())
        {
            case "key": return ref key;
            case "value": return ref value;
            case "headers": return ref headers;
            case "partition": return ref partition;
            case "timestamp": return ref timestamp;
            case "encoding": return ref encoding;
            case "keyEncoding": return ref keyEncoding;
            case { } unknown:
                throw Arguments.Invalid(
                    $"'{where}.{unknown}' is not a field of a record; known: key, value, headers, partition, timestamp, encoding, keyEncoding.");
            default:
                throw new InvalidOperationException("A property name is never null.");
        }
    }

    private static void AddWithin(List<IncomingRecord> records, in IncomingRecord record, int recordsMax)
    {
        if (records.Count == recordsMax)
        {
            throw Arguments.Invalid($"The request holds more than {recordsMax} records; send them in several requests.");
        }
        records.Add(record);
    }

    private static List<IncomingRecord> NotEmpty(List<IncomingRecord> records) =>
        records.Count > 0 ? records : throw Arguments.Invalid("The request holds no records.");
}
