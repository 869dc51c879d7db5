namespace StreamHouse.KafkaCodec;

/// <summary>What one schema file says.</summary>
public sealed record ApiSchema(
    string Name, short Key, string Summary, VersionRange Versions, int AcceptedMin, VersionRange Flexible, StructSchema Request, StructSchema Response);

/// <summary>A message, or what stands in one.</summary>
public sealed record StructSchema(string Name, IReadOnlyList<FieldSchema> Fields);

/// <summary>A field.</summary>
/// <param name="Name">Its C# name.</param>
/// <param name="Type">A primitive type, or the name of <paramref name="Struct"/>.</param>
/// <param name="IsArray">Whether there are many.</param>
/// <param name="Struct">What an element consists of, or null.</param>
/// <param name="Versions">Versions that have the field, within those of what contains it.</param>
/// <param name="Nullable">Versions in which it may be null.</param>
/// <param name="Tag">Its tag, or null for a field with a fixed place.</param>
/// <param name="Default">As the schema says it, or null.</param>
/// <param name="Doc">What it means, or null.</param>
public sealed record FieldSchema(
    string Name, string Type, bool IsArray, StructSchema? Struct, VersionRange Versions, VersionRange? Nullable, int? Tag, string? Default, string? Doc);

/// <summary>A schema file that cannot be understood.</summary>
public sealed class SchemaException(string file, int line, string message) : Exception($"{file}:{line}: {message}");
