using System.Reflection;
using StreamHouse.Kafka;
using StreamHouse.KafkaCodec;

namespace StreamHouse.Tests.Kafka;

/// <summary>Fills messages with random values in all fields that a version has, and leaves the others alone.</summary>
internal sealed class RandomMessages(int seed)
{
    private static readonly string[] Strings = ["", "a", "orders", "größe", "日本語", "\U0001F600", new string('x', 200), "with \"quotes\" and \0"];

    private readonly Random _random = new(seed);

    /// <summary>Whether fields that hold record batches get random bytes, which are none, or nothing.</summary>
    public bool WritesRecords { get; init; } = true;

    public object Create(Type type, ApiSchema api, StructSchema schema, int version)
    {
        object value = Activator.CreateInstance(type)!;
        foreach (FieldSchema field in schema.Fields.Where(f => f.Versions.Contains(version)))
        {
            bool isFlexible = api.Flexible.Contains(version);
            if (field.Tag is null || (isFlexible && _random.Next(2) == 0))
            {
                PropertyInfo property = type.GetProperty(field.Name)!;
                property.SetValue(value, Field(property.PropertyType, api, field, version));
            }
        }

        return value;
    }

    private object? Field(Type type, ApiSchema api, FieldSchema field, int version)
    {
        if (field.Nullable?.Contains(version) == true && _random.Next(4) == 0)
        {
            return null;
        }

        if (!field.IsArray)
        {
            return Element(type, api, field, version);
        }

        // Every now and then more elements than one byte of a compact length can say.
        int count = _random.Next(40) == 0 && field.Struct is null ? 150 : _random.Next(4);
        var array = Array.CreateInstance(type.GetElementType()!, count);
        for (int i = 0; i < count; i++)
        {
            array.SetValue(Element(type.GetElementType()!, api, field, version), i);
        }

        return array;
    }

    private object Element(Type type, ApiSchema api, FieldSchema field, int version) => field.Type switch
    {
        "bool" => _random.Next(2) == 0,
        "int8" => (sbyte)_random.Next(sbyte.MinValue, sbyte.MaxValue + 1),
        "int16" => (short)_random.Next(short.MinValue, short.MaxValue + 1),
        "uint16" => (ushort)_random.Next(ushort.MaxValue + 1),
        "int32" => _random.Next(8) == 0 ? int.MinValue : _random.Next(int.MinValue, int.MaxValue),
        "int64" => _random.Next(8) == 0 ? long.MinValue : _random.NextInt64(long.MinValue, long.MaxValue),
        "error" => (KafkaErrorCode)_random.Next(-1, 107),
        "uuid" => RandomGuid(),
        "string" => Strings[_random.Next(Strings.Length)],
        "bytes" when field.Name == "Records" && !WritesRecords => Array.Empty<byte>(),
        "bytes" => RandomBytes(_random.Next(300)),
        _ => Create(type, api, field.Struct!, version),
    };

    private Guid RandomGuid() => new(RandomBytes(16));

    private byte[] RandomBytes(int count)
    {
        byte[] bytes = new byte[count];
        _random.NextBytes(bytes);
        return bytes;
    }
}
