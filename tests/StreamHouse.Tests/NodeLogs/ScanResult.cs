using StreamHouse.Broker.Buffers;
using StreamHouse.Broker.NodeLogs;

namespace StreamHouse.Tests.NodeLogs;

/// <summary>What a scan of a device's files sees, without changing them.</summary>
internal sealed class ScanResult : IDisposable
{
    private readonly LogScanner _scanner;

    public ScanResult(MemoryLogDevice device)
    {
        LogFileSet set = device.Run(LogFileSet.OpenAsync(device, CancellationToken.None));
        _scanner = new LogScanner(set, new BufferPool(0));
        while (device.Run(_scanner.NextAsync(CancellationToken.None).AsTask()))
        {
            ReadOnlySpan<byte> body = _scanner.Body.Span;
            while (body.Length > 0)
            {
                LogRecord.TryRead(ref body, out LogRecord record, out ReadOnlySpan<byte> batch).ShouldBeTrue();
                if (record.Type == NodeLogRecordType.Entries)
                {
                    Batches.Add((record.Group, record.Index, record.Offset, batch.Length));
                }
                else
                {
                    Hints.Add((record.Group, record.Offset));
                }
            }
        }
    }

    public List<(long Group, long Index, long Offset, int Bytes)> Batches { get; } = [];

    public List<(long Group, long EndOffset)> Hints { get; } = [];

    public NodeLogVerdict Verdict => _scanner.Verdict!.Value;

    public void Dispose() => _scanner.Dispose();
}
