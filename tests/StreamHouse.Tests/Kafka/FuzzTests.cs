using StreamHouse.Kafka;
using StreamHouse.Kafka.Fetch;
using StreamHouse.Kafka.Messages;
using StreamHouse.Kafka.Produce;
using StreamHouse.KafkaCodec;

namespace StreamHouse.Tests.Kafka;

/// <summary>No bytes make reading throw anything but its own error, or allocate more than a small multiple of the frame.</summary>
public sealed class FuzzTests
{
    /// <summary>The worst are objects of two bytes on the wire that take some 50 in memory.</summary>
    private const int AllocationPerByteMax = 40;

    /// <summary>An exception with its stack trace, and objects of an empty message.</summary>
    private const int AllocationBytesMax = 16 * 1024;

    public static TheoryData<string, int> Messages => KafkaSchemas.MessagesAndVersions();

    [Theory]
    [MemberData(nameof(Messages))]
    public void Message_cut_anywhere_is_refused(string message, int version)
    {
        var codec = MessageCodec.Of(message);
        byte[] bytes = Sample(message, version, codec);

        for (int length = 0; length < bytes.Length; length++)
        {
            Reads(codec, bytes.AsSpan(0, length), version).ShouldBeFalse($"{message} version {version} cut to {length} of {bytes.Length} bytes");
        }
    }

    [Theory]
    [MemberData(nameof(Messages))]
    public void Message_with_wrong_bytes_is_read_or_refused(string message, int version)
    {
        var codec = MessageCodec.Of(message);
        Random random = new(version);
        byte[] original = Sample(message, version, codec);
        for (int round = 0; round < 150; round++)
        {
            byte[] bytes = [.. original];
            for (int flips = random.Next(1, 5); flips > 0 && bytes.Length > 0; flips--)
            {
                // Ends of ranges are where lengths go wrong.
                bytes[random.Next(bytes.Length)] = random.Next(3) switch { 0 => 0xFF, 1 => 0x7F, _ => (byte)random.Next(256) };
            }

            Reads(codec, bytes, version);
        }
    }

    [Theory]
    [MemberData(nameof(Messages))]
    public void Random_bytes_are_read_or_refused(string message, int version)
    {
        var codec = MessageCodec.Of(message);
        Random random = new(version);
        for (int round = 0; round < 150; round++)
        {
            byte[] bytes = new byte[random.Next(200)];
            random.NextBytes(bytes);
            if (round % 2 == 0)
            {
                // Small numbers are plausible lengths and lead deeper.
                bytes.AsSpan().Replace((byte)0xFF, (byte)0);
                for (int i = 0; i < bytes.Length; i++)
                {
                    bytes[i] = (byte)(bytes[i] % 4);
                }
            }

            Reads(codec, bytes, version);
        }
    }

    [Theory]
    [MemberData(nameof(Messages))]
    public void Large_frame_of_one_byte_over_and_over_is_read_or_refused(string message, int version)
    {
        var codec = MessageCodec.Of(message);
        byte[] bytes = new byte[64 * 1024];
        foreach (byte value in (ReadOnlySpan<byte>)[0, 1, 2, 3, 0x7F, 0x80, 0xFF])
        {
            Array.Fill(bytes, value);
            Reads(codec, bytes, version);
        }
    }

    [Fact]
    public void As_many_smallest_elements_as_fit_stay_within_the_bound()
    {
        // 60,000 topics of two bytes each: an empty compact name and no tagged fields.
        byte[] bytes = [0xE1, 0xD4, 0x03, .. Enumerable.Range(0, 120_000).Select(i => (byte)(i % 2 == 0 ? 1 : 0)), 1, 0, 0, 0];

        Reads(MessageCodec.Of("MetadataRequest"), bytes, 9).ShouldBeTrue();
    }

    [Fact]
    public void Count_without_its_elements_allocates_nothing_for_them()
    {
        // An array of 2^31 - 1 topics in a frame of four bytes.
        Reads(MessageCodec.Of("MetadataRequest"), [0x7F, 0xFF, 0xFF, 0xFF], 1).ShouldBeFalse();
        Reads(MessageCodec.Of("MetadataRequest"), [0xFF, 0xFF, 0xFF, 0xFF, 0x07], 12).ShouldBeFalse();
        Reads(MessageCodec.Of("MetadataRequest"), [0x80, 0x00, 0x00, 0x00], 1).ShouldBeFalse();
    }

    [Fact]
    public void Views_read_or_refuse_whatever_the_generated_code_reads_or_refuses()
    {
        Random random = new(1);
        for (int round = 0; round < 20_000; round++)
        {
            bool isProduce = round % 2 == 0;
            short version = (short)(isProduce ? random.Next(0, 12) : random.Next(4, 18));
            MessageCodec codec = isProduce ? new MessageCodec<ProduceRequest>() : new MessageCodec<FetchRequest>();
            byte[] bytes = Sample(isProduce ? "ProduceRequest" : "FetchRequest", version, codec, round);
            for (int flips = random.Next(0, 3); flips > 0 && bytes.Length > 0; flips--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            bool expected = Reads(codec, bytes, version);

            long before = GC.GetAllocatedBytesForCurrentThread();
            bool actual = isProduce ? ReadsProduce(bytes, version) : ReadsFetch(bytes, version);
            CheckAllocation(before, bytes.Length);

            // Only the generated code looks into the tagged fields that the views step over.
            (actual || !expected).ShouldBeTrue($"round {round}");
            if (version < (isProduce ? 9 : 12))
            {
                actual.ShouldBe(expected, $"round {round}");
            }
        }
    }

    [Fact]
    public void Any_request_header_is_read_or_refused()
    {
        Random random = new(1);
        for (int round = 0; round < 20_000; round++)
        {
            byte[] bytes = new byte[random.Next(40)];
            random.NextBytes(bytes);
            if (bytes.Length > 4)
            {
                bytes[0] = 0;
                bytes[1] = (byte)random.Next(70);
                bytes[2] = 0;
                bytes[3] = (byte)random.Next(20);
            }

            try
            {
                KafkaReader reader = new(bytes);
                RequestHeader.Read(ref reader);
            }
            catch (KafkaFormatException)
            {
            }
        }
    }

    private static bool ReadsProduce(byte[] bytes, short version)
    {
        try
        {
            KafkaReader reader = new(bytes);
            ProduceRequestView view = new();
            view.Read(ref reader, version);
            foreach (ProducePartitionView partition in view.Partitions)
            {
                _ = bytes.AsSpan(partition.RecordsPosition, Math.Max(0, partition.RecordsBytes));
            }

            return true;
        }
        catch (KafkaFormatException)
        {
            return false;
        }
    }

    private static bool ReadsFetch(byte[] bytes, short version)
    {
        try
        {
            KafkaReader reader = new(bytes);
            new FetchRequestView().Read(ref reader, version);
            return true;
        }
        catch (KafkaFormatException)
        {
            return false;
        }
    }

    private static bool Reads(MessageCodec codec, ReadOnlySpan<byte> bytes, int version)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        bool reads;
        try
        {
            codec.Read(bytes, version, out _);
            reads = true;
        }
        catch (KafkaFormatException)
        {
            reads = false;
        }

        CheckAllocation(before, bytes.Length);
        return reads;
    }

    private static void CheckAllocation(long before, int frameBytes)
    {
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        if (allocated > (AllocationPerByteMax * (long)frameBytes) + AllocationBytesMax)
        {
            Assert.Fail($"{allocated} bytes were allocated for a frame of {frameBytes}.");
        }
    }

    private static byte[] Sample(string message, int version, MessageCodec codec, int seed = 5)
    {
        (ApiSchema api, StructSchema schema) = KafkaSchemas.Find(message);
        return codec.Write(new RandomMessages(seed).Create(codec.Type, api, schema, version), version);
    }
}
