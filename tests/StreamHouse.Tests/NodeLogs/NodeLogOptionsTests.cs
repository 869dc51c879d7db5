using StreamHouse.Broker.Buffers;
using StreamHouse.Broker.NodeLogs;

namespace StreamHouse.Tests.NodeLogs;

public class NodeLogOptionsTests
{
    [Fact]
    public void Frames_larger_than_recovery_can_read_are_refused()
    {
        ArgumentException refused = Should.Throw<ArgumentException>(new NodeLogOptions { FrameBytesMax = BufferPool.RentBytesMax + 4096 }.Validate);

        refused.Message.ShouldContain(nameof(NodeLogOptions.FrameBytesMax));
        Should.NotThrow(new NodeLogOptions { FrameBytesMax = BufferPool.RentBytesMax }.Validate);
    }

    [Theory]
    [InlineData(256 << 10)]
    [InlineData(64 << 20)]
    [InlineData(1 << 30)]
    public void The_largest_batch_makes_a_frame_that_fits_a_file_and_that_recovery_can_read(int fileBytes)
    {
        NodeLogOptions options = new() { FileBytes = fileBytes };

        int frame = LogLayout.FrameBytesAlone(options.BatchBytesMax);

        frame.ShouldBeLessThanOrEqualTo(BufferPool.RentBytesMax);
        frame.ShouldBeLessThanOrEqualTo(fileBytes - LogLayout.FirstFrameOffset);
    }
}
