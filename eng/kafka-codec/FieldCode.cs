namespace StreamHouse.KafkaCodec;

/// <summary>The C# of single fields.</summary>
internal static class FieldCode
{
    /// <summary>The property's type.</summary>
    public static string PropertyType(FieldSchema field)
    {
        string element = field.Type switch
        {
            "bool" => "bool",
            "int8" => "sbyte",
            "int16" => "short",
            "uint16" => "ushort",
            "int32" => "int",
            "int64" => "long",
            "uuid" => "Guid",
            "string" => "string",
            "bytes" => "byte[]",
            "error" => "KafkaErrorCode",
            _ => field.Type,
        };
        bool isNullable = field.Nullable is not null || IsTaggedStruct(field);
        return element + (field.IsArray ? "[]" : "") + (isNullable ? "?" : "");
    }

    /// <summary>The property's initial value, with the equals sign, or nothing.</summary>
    public static string Initializer(FieldSchema field)
    {
        if (field.Default == "null")
        {
            return "";
        }

        if (field.IsArray)
        {
            return " = [];";
        }

        return field.Type switch
        {
            "string" when field.Default is null && field.Nullable is not null => "",
            "string" => $" = \"{field.Default?.Trim('"')}\";",
            "bytes" => field.Nullable is null ? " = [];" : "",
            _ when field.Default is not null => $" = {DefaultValue(field)};",
            _ => "",
        };
    }

    /// <summary>The expression that is true when a tagged field has to be written.</summary>
    public static string IsSet(FieldSchema field)
    {
        if (field.IsArray)
        {
            return $"{field.Name}.Length > 0";
        }

        return field.Type switch
        {
            "bool" => field.Name,
            "string" => field.Nullable is null ? $"{field.Name}.Length > 0" : $"{field.Name} is not null",
            "uuid" => $"{field.Name} != Guid.Empty",
            _ when field.Struct is not null => $"{field.Name} is not null",
            _ => $"{field.Name} != {DefaultValue(field)}",
        };
    }

    /// <summary>The expression that reads the field.</summary>
    /// <param name="field">The field.</param>
    /// <param name="reader">The reader's name.</param>
    /// <param name="flexible">An expression: whether lengths are compact.</param>
    /// <param name="mayBeNull">Whether null is allowed.</param>
    /// <param name="bytesMin">An expression: the least number of bytes of an element.</param>
    public static string Read(FieldSchema field, string reader, string flexible, bool mayBeNull, string bytesMin)
    {
        string nullable = mayBeNull ? "Nullable" : "";
        if (field.IsArray)
        {
            return field.Type switch
            {
                "int32" => $"{reader}.ReadInt32Array({flexible})",
                "string" => $"{reader}.Read{nullable}StringArray({flexible})",
                _ => $"{reader}.Read{nullable}Array<{field.Type}>(version, {flexible}, elementBytesMin: {bytesMin})",
            };
        }

        return field.Type switch
        {
            "string" => $"{reader}.Read{nullable}String({flexible})",
            "bytes" => $"{reader}.Read{nullable}Bytes({flexible})",
            _ when field.Struct is not null => $"{field.Type}.Read(ref {reader}, version)",
            _ => $"{reader}.Read{PrimitiveName(field.Type)}()",
        };
    }

    /// <summary>The statement that writes the field.</summary>
    public static string Write(FieldSchema field, string flexible, bool mayBeNull)
    {
        string nullable = mayBeNull ? "Nullable" : "";
        if (field.IsArray)
        {
            return field.Type switch
            {
                "int32" => $"writer.WriteInt32Array({field.Name}, {flexible});",
                "string" => $"writer.Write{nullable}StringArray({field.Name}, {flexible});",
                _ => $"writer.Write{nullable}Array({field.Name}, version, {flexible});",
            };
        }

        return field.Type switch
        {
            "string" => $"writer.Write{nullable}String({field.Name}, {flexible});",
            "bytes" => $"writer.Write{nullable}Bytes({field.Name}, {flexible});",
            _ when field.Struct is not null => $"{field.Name}.Write(ref writer, version);",
            _ => $"writer.Write{PrimitiveName(field.Type)}({field.Name});",
        };
    }

    /// <summary>What the field means.</summary>
    public static string Doc(FieldSchema field) => field.Doc ?? field.Name switch
    {
        "ErrorCode" => "Why it failed, or <see cref=\"KafkaErrorCode.None\"/>.",
        "ErrorMessage" => "Why it failed, in words.",
        "ThrottleTimeMs" => "How long the client should wait before its next request, in ms.",
        _ => throw new InvalidOperationException($"{field.Name} needs words that say what it means."),
    };

    public static bool IsTaggedStruct(FieldSchema field) => field.Tag is not null && field.Struct is not null && !field.IsArray;

    private static string DefaultValue(FieldSchema field) => (field.Default ?? "0", field.Type) switch
    {
        ("-2147483648", "int32") => "int.MinValue",
        ("2147483647", "int32") => "int.MaxValue",
        (string value, _) => value,
    };

    private static string PrimitiveName(string type) => type switch
    {
        "bool" => "Bool",
        "int8" => "Int8",
        "int16" => "Int16",
        "uint16" => "UInt16",
        "int32" => "Int32",
        "int64" => "Int64",
        "uuid" => "Uuid",
        "error" => "ErrorCode",
        _ => throw new InvalidOperationException($"{type} is not a primitive type."),
    };
}
