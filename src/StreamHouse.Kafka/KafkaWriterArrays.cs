namespace StreamHouse.Kafka;

/// <summary>Arrays of the generated messages.</summary>
internal static class KafkaWriterArrays
{
    public static void WriteNullableArray<T>(this ref KafkaWriter writer, T[]? elements, short version, bool flexible)
        where T : IKafkaStruct<T>
    {
        writer.WriteCount(elements?.Length ?? -1, flexible);
        foreach (T element in elements ?? [])
        {
            element.Write(ref writer, version);
        }
    }

    public static void WriteArray<T>(this ref KafkaWriter writer, T[]? elements, short version, bool flexible)
        where T : IKafkaStruct<T> =>
        writer.WriteNullableArray(elements ?? [], version, flexible);

    public static void WriteInt32Array(this ref KafkaWriter writer, int[]? values, bool flexible)
    {
        values ??= [];
        writer.WriteCount(values.Length, flexible);
        foreach (int value in values)
        {
            writer.WriteInt32(value);
        }
    }

    public static void WriteNullableStringArray(this ref KafkaWriter writer, string[]? values, bool flexible)
    {
        writer.WriteCount(values?.Length ?? -1, flexible);
        foreach (string value in values ?? [])
        {
            writer.WriteString(value, flexible);
        }
    }

    public static void WriteStringArray(this ref KafkaWriter writer, string[]? values, bool flexible) =>
        writer.WriteNullableStringArray(values ?? [], flexible);
}
