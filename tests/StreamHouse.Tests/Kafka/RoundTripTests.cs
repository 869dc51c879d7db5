using StreamHouse.KafkaCodec;

namespace StreamHouse.Tests.Kafka;

public sealed class RoundTripTests
{
    private const int Rounds = 20;

    public static TheoryData<string, int> Messages => KafkaSchemas.MessagesAndVersions();

    [Theory]
    [MemberData(nameof(Messages))]
    public void What_was_written_is_read_and_nothing_else(string message, int version)
    {
        (ApiSchema api, StructSchema schema) = KafkaSchemas.Find(message);
        var codec = MessageCodec.Of(message);
        for (int round = 0; round < Rounds; round++)
        {
            object original = new RandomMessages((version * 1000) + round).Create(codec.Type, api, schema, version);

            byte[] bytes = codec.Write(original, version);
            object read = codec.Read(bytes, version, out int remaining);

            bytes.ShouldBe(new ReferenceEncoder(api, version).Encode(schema, original));
            remaining.ShouldBe(0);
            ObjectDifference.Find(original, read, message).ShouldBeNull();
        }
    }

    [Theory]
    [MemberData(nameof(Messages))]
    public void Fields_that_a_version_does_not_have_keep_their_defaults(string message, int version)
    {
        (ApiSchema api, StructSchema schema) = KafkaSchemas.Find(message);
        var codec = MessageCodec.Of(message);
        // Filled as in the newest version, written in this one: what this one lacks must be gone.
        object newest = new RandomMessages(version).Create(codec.Type, api, schema, api.Versions.Max);
        object defaults = Activator.CreateInstance(codec.Type)!;

        object read = codec.Read(codec.Write(newest, version), version, out _);

        foreach (FieldSchema field in schema.Fields.Where(f => !f.Versions.Contains(version)))
        {
            object? actual = codec.Type.GetProperty(field.Name)!.GetValue(read);
            ObjectDifference.Find(codec.Type.GetProperty(field.Name)!.GetValue(defaults), actual, field.Name).ShouldBeNull();
        }
    }

    [Theory]
    [MemberData(nameof(Messages))]
    public void Tagged_fields_that_nobody_knows_are_stepped_over(string message, int version)
    {
        (ApiSchema api, StructSchema schema) = KafkaSchemas.Find(message);
        if (!api.Flexible.Contains(version))
        {
            return;
        }

        var codec = MessageCodec.Of(message);
        object original = new RandomMessages(version).Create(codec.Type, api, schema, version);
        byte[] bytes = new ReferenceEncoder(api, version) { AddsUnknownTags = true }.Encode(schema, original);

        object read = codec.Read(bytes, version, out int remaining);

        bytes.Length.ShouldBeGreaterThan(codec.Write(original, version).Length);
        remaining.ShouldBe(0);
        ObjectDifference.Find(original, read, message).ShouldBeNull();
    }
}
