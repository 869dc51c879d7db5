using System.Buffers.Binary;
using StreamHouse.Broker.Buffers;
using StreamHouse.Server.Kafka.Connections;

namespace StreamHouse.Tests.KafkaListening;

public sealed class FrameAssemblerTests
{
    private const int FrameBytesMax = 8 << 20;

    private readonly BufferPool _pool = new(64 << 20);
    private readonly FrameAssembler _frames;

    public FrameAssemblerTests() => _frames = new FrameAssembler(_pool, FrameBytesMax);

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(1000)]
    [InlineData(65536)]
    [InlineData(1 << 20)]
    public void Frames_come_out_as_they_went_in_however_they_are_cut(int cut)
    {
        int[] sizes = [8, 9, 100, 4096, 5000, 65_530, 70_000, 12, 300_000, 8];
        byte[] stream = [.. sizes.SelectMany((s, i) => Framed(Body(s, (byte)(i + 1))))];
        List<byte[]> taken = [];

        for (int at = 0; at < stream.Length;)
        {
            Memory<byte> space = _frames.Space();
            int bytes = Math.Min(Math.Min(cut, space.Length), stream.Length - at);
            bytes.ShouldBeGreaterThan(0);
            stream.AsMemory(at, bytes).CopyTo(space);
            _frames.Received(bytes);
            at += bytes;
            while (_frames.TryTake(out BufferSlice frame))
            {
                taken.Add(frame.Span.ToArray());
                frame.Owner.Release();
            }
        }

        taken.Count.ShouldBe(sizes.Length);
        for (int i = 0; i < sizes.Length; i++)
        {
            taken[i].ShouldBe(Body(sizes[i], (byte)(i + 1)));
        }
        _frames.HasBytes.ShouldBeFalse("nothing is left, so nothing may be held");
    }

    [Theory]
    [InlineData(int.MinValue)]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(FrameBytesMax + 1)]
    [InlineData(int.MaxValue)]
    public void Length_that_is_not_allowed_is_refused_before_anything_is_rented_for_it(int length)
    {
        Receive(Prefix(length));

        Should.Throw<FrameException>(() => _frames.TryTake(out _)).Message.ShouldContain($"{length} bytes");
        Should.Throw<FrameException>(() => _frames.Space());
    }

    [Fact]
    public void Announcing_a_large_frame_commits_little_memory()
    {
        Receive(Prefix(FrameBytesMax));
        Receive([1]);

        _frames.Space().Length.ShouldBeLessThanOrEqualTo(4096);
        _frames.IsUnderWay.ShouldBeFalse("one byte is not worth setting memory aside");
    }

    [Fact]
    public void Memory_of_a_large_frame_grows_with_what_has_arrived()
    {
        byte[] stream = [.. Framed(Body(FrameBytesMax, 5))];
        for (int at = 0; at < stream.Length;)
        {
            Memory<byte> space = _frames.Space();
            (_frames.Buffered + space.Length).ShouldBeLessThanOrEqualTo(Math.Max(64 * 1024, 32 * _frames.Buffered), "the capacity is at most twice the growth allowed");
            int bytes = Math.Min(Math.Min(10_000, space.Length), stream.Length - at);
            stream.AsMemory(at, bytes).CopyTo(space);
            _frames.Received(bytes);
            at += bytes;
        }

        _frames.TryTake(out BufferSlice frame).ShouldBeTrue();
        frame.Span.SequenceEqual(stream.AsSpan(4)).ShouldBeTrue();
        frame.Owner.Release();
    }

    [Fact]
    public void Large_frame_has_its_buffer_for_itself()
    {
        byte[] large = [.. Framed(Body(200_000, 1))];
        Receive(large.AsSpan(0, 100_000));

        _frames.Space().Length.ShouldBe(large.Length - 100_000);
    }

    private static byte[] Body(int bytes, byte fill)
    {
        byte[] body = new byte[bytes];
        Array.Fill(body, fill);
        return body;
    }

    private static byte[] Prefix(int length)
    {
        byte[] prefix = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(prefix, length);
        return prefix;
    }

    private static IEnumerable<byte> Framed(byte[] body) => Prefix(body.Length).Concat(body);

    private void Receive(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            Memory<byte> space = _frames.Space();
            int part = Math.Min(bytes.Length, space.Length);
            bytes[..part].CopyTo(space.Span);
            _frames.Received(part);
            bytes = bytes[part..];
        }
    }
}
