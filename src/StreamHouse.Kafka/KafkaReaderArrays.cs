namespace StreamHouse.Kafka;

/// <summary>Arrays of the generated messages.</summary>
internal static class KafkaReaderArrays
{
    public static T[] ReadArray<T>(this ref KafkaReader reader, short version, bool flexible, int elementBytesMin)
        where T : IKafkaStruct<T> =>
        ReadElements<T>(ref reader, version, reader.ReadCount(flexible, elementBytesMin));

    public static T[]? ReadNullableArray<T>(this ref KafkaReader reader, short version, bool flexible, int elementBytesMin)
        where T : IKafkaStruct<T>
    {
        int count = reader.ReadNullableCount(flexible, elementBytesMin);
        return count < 0 ? null : ReadElements<T>(ref reader, version, count);
    }

    public static int[] ReadInt32Array(this ref KafkaReader reader, bool flexible)
    {
        int count = reader.ReadCount(flexible, sizeof(int));
        if (count == 0)
        {
            return [];
        }

        int[] values = new int[count];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = reader.ReadInt32();
        }

        return values;
    }

    public static string[] ReadStringArray(this ref KafkaReader reader, bool flexible) =>
        ReadStrings(ref reader, flexible, reader.ReadCount(flexible, flexible ? 1 : 2));

    public static string[]? ReadNullableStringArray(this ref KafkaReader reader, bool flexible)
    {
        int count = reader.ReadNullableCount(flexible, flexible ? 1 : 2);
        return count < 0 ? null : ReadStrings(ref reader, flexible, count);
    }

    private static string[] ReadStrings(ref KafkaReader reader, bool flexible, int count)
    {
        if (count == 0)
        {
            return [];
        }

        string[] values = new string[count];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = reader.ReadString(flexible);
        }

        return values;
    }

    private static T[] ReadElements<T>(ref KafkaReader reader, short version, int count)
        where T : IKafkaStruct<T>
    {
        if (count == 0)
        {
            return [];
        }

        var elements = new T[count];
        for (int i = 0; i < elements.Length; i++)
        {
            elements[i] = T.Read(ref reader, version);
        }

        return elements;
    }
}
