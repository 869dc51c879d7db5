using System.Globalization;
using System.Text.Json;
using StreamHouse.KafkaCodec;
using StreamHouse.Tests.Server;

namespace StreamHouse.Tests.Kafka;

/// <summary>Against bytes and values that kafka-python's protocol classes made (golden.py): another reading of the protocol than ours.</summary>
public sealed class KafkaPythonTests
{
    private const string Facts = "tests/StreamHouse.Tests/Kafka/kafka-python.txt";

    public static TheoryData<string, int, string> Lines
    {
        get
        {
            TheoryData<string, int, string> data = [];
            foreach (string line in File.ReadLines(Repository.PathOf(Facts)))
            {
                string[] words = line.Split(' ', 4);
                data.Add(words[0] + (words[2] == "request" ? "Request" : "Response"), int.Parse(words[1], CultureInfo.InvariantCulture), words[3]);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Lines))]
    public void Values_are_read_in_their_places_and_the_same_bytes_written(string message, int version, string bytesAndValues)
    {
        string[] words = bytesAndValues.Split(' ', 2);
        byte[] bytes = Convert.FromHexString(words[0]);
        string[] expected = [.. JsonDocument.Parse(words[1]).RootElement.EnumerateArray().Select(v => v.ToString())];
        var codec = MessageCodec.Of(message);

        object read = codec.Read(bytes, version, out int remaining);

        remaining.ShouldBe(0);
        List<string> actual = [];
        AddLeaves(actual, KafkaSchemas.Find(message).Message, read, version);
        actual.ShouldBe(expected);
        codec.Write(read, version).ShouldBe(bytes);
    }

    private static void AddLeaves(List<string> leaves, StructSchema schema, object value, int version)
    {
        foreach (FieldSchema field in schema.Fields.Where(f => f.Tag is null && f.Versions.Contains(version)))
        {
            object fieldValue = value.GetType().GetProperty(field.Name)!.GetValue(value)!;
            foreach (object element in field.IsArray ? ((Array)fieldValue).Cast<object>() : [fieldValue])
            {
                if (field.Struct is not null)
                {
                    AddLeaves(leaves, field.Struct, element, version);
                }
                else
                {
                    leaves.Add(Leaf(element));
                }
            }
        }
    }

    private static string Leaf(object value) => value switch
    {
        byte[] bytes => Convert.ToHexStringLower(bytes),
        Enum code => Convert.ToInt16(code, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString()!,
    };
}
