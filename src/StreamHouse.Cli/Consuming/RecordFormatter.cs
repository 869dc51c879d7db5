using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using StreamHouse.Cli.Shell;
using StreamHouse.Records;

namespace StreamHouse.Cli.Consuming;

/// <summary>Writes one record as one line.</summary>
internal abstract class RecordFormatter : IDisposable
{
    /// <summary>The formatter of a form.</summary>
    /// <param name="format">The form.</param>
    /// <param name="keySeparator">With raw: what stands between key and value; null leaves the key out.</param>
    public static RecordFormatter Of(OutputFormat format, string? keySeparator) => format switch
    {
        OutputFormat.Plain => new PlainFormatter(),
        OutputFormat.Json => new JsonFormatter(),
        OutputFormat.Raw => new RawFormatter(keySeparator),
        _ => throw new ArgumentOutOfRangeException(nameof(format), format, null),
    };

    /// <summary>Writes a record with its line end.</summary>
    public abstract void Write(IBufferWriter<byte> output, string topic, int partition, in Record record);

    /// <summary>Gives buffers back.</summary>
    public virtual void Dispose()
    {
    }
}

/// <summary>Values as they are.</summary>
internal sealed class RawFormatter(string? keySeparator) : RecordFormatter
{
    private readonly byte[]? _separator = keySeparator is null ? null : Encoding.UTF8.GetBytes(keySeparator);

    public override void Write(IBufferWriter<byte> output, string topic, int partition, in Record record)
    {
        if (_separator is { } separator)
        {
            output.Write(record.Key.Span);
            output.Write(separator);
        }
        output.Write(record.Value.Span);
        output.Write("\n"u8);
    }
}

/// <summary>For people: partition@offset, time, key, value and headers, in columns parted by tabs. What a terminal could take for a command is escaped.</summary>
internal sealed class PlainFormatter : RecordFormatter
{
    public override void Write(IBufferWriter<byte> output, string topic, int partition, in Record record)
    {
        Utf8.TryWrite(output.GetSpan(96), $"{partition}@{record.Offset}\t{TimeText.Format(record.Timestamp)}\t", out int written);
        output.Advance(written);
        WriteOptional(output, record.Key);
        output.Write("\t"u8);
        WriteOptional(output, record.Value);
        foreach (RecordHeaderView header in record.Headers)
        {
            output.Write("\t"u8);
            EscapedText.Write(output, header.Key);
            output.Write("="u8);
            WriteOptional(output, header.Value);
        }
        output.Write("\n"u8);
    }

    private static void WriteOptional(IBufferWriter<byte> output, OptionalBytes bytes)
    {
        if (bytes.IsNull)
        {
            output.Write("(null)"u8);
            return;
        }
        EscapedText.Write(output, bytes.Span);
    }
}

/// <summary>For scripts: one object a line. Bytes that are no UTF-8 are in a property of their own, as base64.</summary>
internal sealed class JsonFormatter : RecordFormatter
{
    private Utf8JsonWriter? _json;

    public override void Write(IBufferWriter<byte> output, string topic, int partition, in Record record)
    {
        if (_json is null)
        {
            // What is written as a string has been checked to be one.
            _json = new Utf8JsonWriter(output, Output.JsonOptions with { SkipValidation = true });
        }
        else
        {
            _json.Reset(output);
        }
        _json.WriteStartObject();
        _json.WriteString("topic"u8, topic);
        _json.WriteNumber("partition"u8, partition);
        _json.WriteNumber("offset"u8, record.Offset);
        _json.WriteNumber("timestampMs"u8, record.Timestamp);
        WriteBytes("key"u8, "keyBase64"u8, record.Key);
        WriteBytes("value"u8, "valueBase64"u8, record.Value);
        _json.WriteStartArray("headers"u8);
        foreach (RecordHeaderView header in record.Headers)
        {
            _json.WriteStartObject();
            WriteBytes("name"u8, "nameBase64"u8, header.Key);
            WriteBytes("value"u8, "valueBase64"u8, header.Value);
            _json.WriteEndObject();
        }
        _json.WriteEndArray();
        _json.WriteEndObject();
        _json.Flush();
        output.Write("\n"u8);
    }

    public override void Dispose()
    {
        _json?.Dispose();
        base.Dispose();
    }

    private void WriteBytes(ReadOnlySpan<byte> name, ReadOnlySpan<byte> base64Name, OptionalBytes bytes)
    {
        if (bytes.IsNull)
        {
            _json!.WriteNull(name);
        }
        else if (Utf8.IsValid(bytes.Span))
        {
            _json!.WriteString(name, bytes.Span);
        }
        else
        {
            _json!.WriteBase64String(base64Name, bytes.Span);
        }
    }
}
