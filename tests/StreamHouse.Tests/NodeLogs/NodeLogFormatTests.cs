using StreamHouse.Broker.NodeLogs;

namespace StreamHouse.Tests.NodeLogs;

public class NodeLogFormatTests
{
    [Fact]
    public void A_file_header_has_these_bytes()
    {
        byte[] block = new byte[4096];
        block.AsSpan().Fill(0xEE);
        var header = new LogFileHeader(
            Guid.Parse("00112233-4455-6677-8899-aabbccddeeff"), LogRig.ClusterId, Sequence: 5, FileId: 0x0102030405060708, Start: 0x40000, Cut: 0x3F000, Length: 0x10000);
        header.Write(block);
        Convert.ToHexString(block.AsSpan(0, 80)).ShouldBe(
            "534857414C00" + "0001" + "00112233445566778899AABBCCDDEEFF" + "11111111222233334444555555555555"
            + "0000000000000005" + "0102030405060708" + "0000000000040000" + "000000000003F000" + "0000000000010000");
        Convert.ToHexString(block.AsSpan(80, 4)).ShouldBe("DD25F8F3");
        block.AsSpan(84).IndexOfAnyExcept((byte)0).ShouldBe(-1);
        LogFileHeader.Read(block, out LogFileHeader read, out _).ShouldBe(LogFileHeaderState.Valid);
        read.ShouldBe(header);
    }

    [Fact]
    public void A_frame_has_these_bytes()
    {
        var builder = new FrameBuilder(new MemoryLogDevice(), 8192);
        builder.Start(3);
        builder.AddEntry(group: 7, epoch: 2, index: 9, baseOffset: 1000, count: 4, batch: [0xAA, 0xBB, 0xCC]);
        builder.TryAddTrimHint(group: 8, endOffset: 77).ShouldBeTrue();
        ReadOnlySpan<byte> frame = builder.Finish(fileId: 0x0102030405060708, position: 0x41000, durablePosition: 0x40000).Span;
        frame.Length.ShouldBe(4096);
        Convert.ToHexString(frame[..4]).ShouldBe("53484652");
        Convert.ToHexString(frame[4..8]).ShouldBe("F0C36E3A");
        Convert.ToHexString(frame[8..36]).ShouldBe("0102030405060708" + "0000000000041000" + "0000000000040000" + "00000051");
        Convert.ToHexString(frame[36..40]).ShouldBe("1309E9D1");
        Convert.ToHexString(frame[40..84]).ShouldBe(
            "00000028" + "0000000000000007" + "01" + "0000000000000002" + "0000000000000009" + "00000000000003E8" + "00000004" + "AABBCC");
        Convert.ToHexString(frame[84..121]).ShouldBe(
            "00000021" + "0000000000000008" + "02" + "0000000000000000" + "0000000000000000" + "000000000000004D");
        frame[121..].IndexOfAnyExcept((byte)0).ShouldBe(-1);
    }

    [Fact]
    public async Task The_inspector_lists_files_frames_and_records_and_names_the_first_bad_frame()
    {
        LogRig rig = new LogRig().Open();
        rig.Append(7, 0, 100, count: 3, epoch: 2);
        rig.Append(8, 0, 50);
        rig.Device.Pump();
        rig.Append(7, 3, 10, epoch: 2);
        rig.FallIdle();
        MemoryLogDevice good = rig.Device.Copy();
        (NodeLogInspector inspector, List<NodeLogFrameInfo> frames) = Inspect(good);
        inspector.Files.Select(f => f.Name).ShouldBe(rig.Device.LogNames);
        inspector.Files.ShouldAllBe(f => f.NodeLogId == rig.Log.Id && f.ClusterId == LogRig.ClusterId && !f.IsVoid);
        inspector.Verdict.ShouldBe(NodeLogVerdict.Intact);
        frames.Select(f => f.Records.Count).ShouldBe([0, 2, 1, 0]);
        frames[1].Records.ShouldBe([new(NodeLogRecordType.Entries, 7, 2, 1, 0, 3, 100), new(NodeLogRecordType.Entries, 8, 1, 1, 0, 1, 50)]);
        frames[2].Records.ShouldBe([new(NodeLogRecordType.Entries, 7, 2, 2, 3, 1, 10)]);
        frames[2].DurablePosition.ShouldBe(frames[2].Position);
        frames[1].Offset.ShouldBe(8192);
        good.Writes.ShouldBeEmpty();
        good.Journal.ShouldBeEmpty();
        await inspector.DisposeAsync();

        MemoryLogDevice bad = rig.Device.Copy();
        bad.Files[frames[2].File][frames[2].Offset + 45] ^= 1;
        (inspector, frames) = Inspect(bad);
        frames.Count.ShouldBe(2);
        inspector.Verdict.ShouldBe(NodeLogVerdict.Corrupt);
        inspector.EndPosition.ShouldBe(frames[1].Position + 4096);
        inspector.Explanation.ShouldContain("offset 12288");
        await inspector.DisposeAsync();
    }

    private static (NodeLogInspector Inspector, List<NodeLogFrameInfo> Frames) Inspect(MemoryLogDevice device)
    {
        NodeLogInspector inspector = device.Run(NodeLogInspector.OpenAsync(device, CancellationToken.None));
        var frames = new List<NodeLogFrameInfo>();
        async Task ReadAsync()
        {
            await foreach (NodeLogFrameInfo frame in inspector.ReadFramesAsync(CancellationToken.None))
            {
                frames.Add(frame);
            }
        }
        device.Run(ReadAsync());
        return (inspector, frames);
    }
}
