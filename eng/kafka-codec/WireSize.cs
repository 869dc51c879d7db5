namespace StreamHouse.KafkaCodec;

/// <summary>The least number of bytes that values take on the wire: what an array's count is checked against.</summary>
internal static class WireSize
{
    /// <summary>An expression over <c>version</c> for the least size of a struct.</summary>
    public static string MinExpression(StructSchema schema, VersionRange scope, VersionRange flexible)
    {
        List<(int From, int Bytes)> steps = [];
        for (int version = scope.Min; version <= scope.Max; version++)
        {
            int bytes = Min(schema, version, flexible.Contains(version));
            if (steps.Count == 0 || steps[^1].Bytes != bytes)
            {
                steps.Add((version, bytes));
            }
        }

        string expression = "";
        for (int i = steps.Count - 1; i > 0; i--)
        {
            expression += $"version >= {steps[i].From} ? {steps[i].Bytes} : ";
        }

        return expression + steps[0].Bytes;
    }

    private static int Min(StructSchema schema, int version, bool isFlexible) =>
        schema.Fields.Where(f => f.Tag is null && f.Versions.Contains(version)).Sum(f => Min(f, version, isFlexible)) + (isFlexible ? 1 : 0);

    private static int Min(FieldSchema field, int version, bool isFlexible) => field switch
    {
        { IsArray: true } or { Type: "bytes" } => isFlexible ? 1 : 4,
        { Struct: not null } => Min(field.Struct, version, isFlexible),
        _ => field.Type switch
        {
            "bool" or "int8" => 1,
            "int16" or "uint16" or "error" => 2,
            "int32" => 4,
            "int64" => 8,
            "uuid" => 16,
            "string" => isFlexible ? 1 : 2,
            _ => throw new InvalidOperationException($"{field.Type} has no size."),
        },
    };
}
