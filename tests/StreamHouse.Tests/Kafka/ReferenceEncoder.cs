using System.Collections;
using System.Text;
using StreamHouse.KafkaCodec;

namespace StreamHouse.Tests.Kafka;

/// <summary>
/// Writes a message by walking its schema, version by version, without the generated code and without the product's writer: a mistake that reading and
/// writing share shows against it.
/// </summary>
internal sealed class ReferenceEncoder(ApiSchema api, int version)
{
    private readonly bool _flexible = api.Flexible.Contains(version);

    /// <summary>Whether every struct of a flexible version gets two tagged fields that no schema has.</summary>
    public bool AddsUnknownTags { get; init; }

    public byte[] Encode(StructSchema schema, object message)
    {
        List<byte> bytes = [];
        Struct(bytes, schema, message);
        return [.. bytes];
    }

    private void Struct(List<byte> bytes, StructSchema schema, object value)
    {
        foreach (FieldSchema field in schema.Fields.Where(f => f.Tag is null && f.Versions.Contains(version)))
        {
            Field(bytes, field, value.GetType().GetProperty(field.Name)!.GetValue(value));
        }

        if (!_flexible)
        {
            return;
        }

        List<(int Tag, byte[] Value)> tags = [];
        object defaults = Activator.CreateInstance(value.GetType())!;
        foreach (FieldSchema field in schema.Fields.Where(f => f.Tag is not null && f.Versions.Contains(version)))
        {
            object? fieldValue = value.GetType().GetProperty(field.Name)!.GetValue(value);
            bool isDefault = Equals(fieldValue, value.GetType().GetProperty(field.Name)!.GetValue(defaults)) || fieldValue is Array { Length: 0 };
            if (!isDefault)
            {
                List<byte> content = [];
                Field(content, field, fieldValue);
                tags.Add((field.Tag!.Value, [.. content]));
            }
        }

        if (AddsUnknownTags)
        {
            tags.Add((77, [1, 2, 3]));
            tags.Add((70_000, new byte[200]));
        }

        Varint(bytes, tags.Count);
        foreach ((int tag, byte[] content) in tags.OrderBy(t => t.Tag))
        {
            Varint(bytes, tag);
            Varint(bytes, content.Length);
            bytes.AddRange(content);
        }
    }

    private void Field(List<byte> bytes, FieldSchema field, object? value)
    {
        if (!field.IsArray)
        {
            Element(bytes, field, value);
            return;
        }

        ICollection? elements = (ICollection?)value;
        Length(bytes, elements?.Count ?? -1, 4);
        foreach (object element in elements ?? Array.Empty<object>())
        {
            Element(bytes, field, element);
        }
    }

    private void Element(List<byte> bytes, FieldSchema field, object? value)
    {
        switch (field.Type)
        {
            case "bool":
                bytes.Add((bool)value! ? (byte)1 : (byte)0);
                break;
            case "uuid":
                bytes.AddRange(Convert.FromHexString(((Guid)value!).ToString("N")));
                break;
            case "string":
                byte[]? text = value is string s ? Encoding.UTF8.GetBytes(s) : null;
                Length(bytes, text?.Length ?? -1, 2);
                bytes.AddRange(text ?? []);
                break;
            case "bytes":
                Length(bytes, ((byte[]?)value)?.Length ?? -1, 4);
                bytes.AddRange((byte[]?)value ?? []);
                break;
            case "int8" or "int16" or "uint16" or "int32" or "int64" or "error":
                Integer(bytes, Convert.ToInt64(value, null), field.Type switch { "int8" => 1, "int32" => 4, "int64" => 8, _ => 2 });
                break;
            default:
                Struct(bytes, field.Struct!, value!);
                break;
        }
    }

    private void Length(List<byte> bytes, int length, int longForm)
    {
        if (_flexible)
        {
            Varint(bytes, length + 1);
        }
        else
        {
            Integer(bytes, length, longForm);
        }
    }

    private static void Integer(List<byte> bytes, long value, int size)
    {
        for (int shift = 8 * (size - 1); shift >= 0; shift -= 8)
        {
            bytes.Add((byte)(value >> shift));
        }
    }

    private static void Varint(List<byte> bytes, int value)
    {
        while (value > 127)
        {
            bytes.Add((byte)((value % 128) + 128));
            value /= 128;
        }

        bytes.Add((byte)value);
    }
}
