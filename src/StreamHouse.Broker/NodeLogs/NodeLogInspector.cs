using System.Runtime.CompilerServices;
using StreamHouse.Broker.Buffers;

namespace StreamHouse.Broker.NodeLogs;

/// <summary>Looks at a node log without changing it: what a dump prints and a verification concludes.</summary>
public sealed class NodeLogInspector : IAsyncDisposable
{
    private readonly LogFileSet _set;
    private readonly LogScanner _scanner;

    private NodeLogInspector(LogFileSet set)
    {
        _set = set;
        _scanner = new LogScanner(set, new BufferPool(bytesMax: 0));
        Files = [.. set.Files.Select(file => new NodeLogFileInfo(
            file.Name, file.Header.Sequence, file.Header.NodeLogId, file.Header.ClusterId, file.Header.Start, file.Header.Length, file.Header.Cut, file.IsVoid))];
    }

    /// <summary>The files, oldest first.</summary>
    public IReadOnlyList<NodeLogFileInfo> Files { get; }

    /// <summary>How the log ends; known when <see cref="ReadFramesAsync"/> has come to its end.</summary>
    public NodeLogVerdict? Verdict => _scanner.Verdict;

    /// <summary>What was found where the log ends, with file and offset.</summary>
    public string Explanation => _scanner.Explanation;

    /// <summary>Position after the last good frame: where the first bad one starts.</summary>
    public long EndPosition => _scanner.End;

    /// <summary>Everything below this position had been synced: a later frame says so.</summary>
    public long ProvenPosition => _scanner.Proven;

    /// <summary>Opens the files of a folder and reads their headers.</summary>
    /// <exception cref="BrokerException"><see cref="BrokerErrorCode.DataDamaged"/>: a header is damaged, of another version or log, or a file is missing.</exception>
    public static async Task<NodeLogInspector> OpenAsync(ILogDevice device, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(device);
        return new NodeLogInspector(await LogFileSet.OpenAsync(device, ct));
    }

    /// <summary>Walks the good frames in order, once. Ends at the end of the log or at the first bad frame.</summary>
    public async IAsyncEnumerable<NodeLogFrameInfo> ReadFramesAsync([EnumeratorCancellation] CancellationToken ct)
    {
        while (await _scanner.NextAsync(ct))
        {
            var records = new List<NodeLogRecordInfo>();
            bool wellFormed = ReadRecords(_scanner.Body.Span, records);
            LogFrameHeader frame = _scanner.Frame;
            yield return new NodeLogFrameInfo(
                _scanner.File.Name,
                frame.Position - _scanner.File.Header.Start,
                frame.Position,
                frame.DurablePosition,
                frame.FrameBytes,
                wellFormed,
                records);
        }
    }

    /// <summary>Closes the files.</summary>
    public async ValueTask DisposeAsync()
    {
        _scanner.Dispose();
        await _set.DisposeAsync();
    }

    private static bool ReadRecords(ReadOnlySpan<byte> body, List<NodeLogRecordInfo> records)
    {
        while (body.Length > 0)
        {
            if (!LogRecord.TryRead(ref body, out LogRecord record, out ReadOnlySpan<byte> batch))
            {
                return false;
            }
            records.Add(new NodeLogRecordInfo(record.Type, record.Group, record.Epoch, record.Index, record.Offset, record.Count, batch.Length));
        }
        return true;
    }
}

/// <summary>One file of a node log.</summary>
/// <param name="Name">Its name in the folder.</param>
/// <param name="Sequence">Its number; consecutive.</param>
/// <param name="NodeLogId">The log it belongs to.</param>
/// <param name="ClusterId">The cluster it belongs to.</param>
/// <param name="StartPosition">Position of its first byte.</param>
/// <param name="Bytes">Its reserved size.</param>
/// <param name="CutPosition">What earlier files hold at or above this position is void.</param>
/// <param name="IsVoid">Nothing in it counts: a later file took over.</param>
public sealed record NodeLogFileInfo(
    string Name, long Sequence, Guid NodeLogId, Guid ClusterId, long StartPosition, long Bytes, long CutPosition, bool IsVoid);

/// <summary>One frame of a node log.</summary>
/// <param name="File">The file it is in.</param>
/// <param name="Offset">Where in the file it starts.</param>
/// <param name="Position">Where in the log it starts.</param>
/// <param name="DurablePosition">End of what had been synced before it was written.</param>
/// <param name="Bytes">Its size with padding.</param>
/// <param name="IsWellFormed">Its records could all be read; otherwise <paramref name="Records"/> ends at the first that could not.</param>
/// <param name="Records">What it holds.</param>
public sealed record NodeLogFrameInfo(
    string File, long Offset, long Position, long DurablePosition, int Bytes, bool IsWellFormed, IReadOnlyList<NodeLogRecordInfo> Records);

/// <summary>One record of a frame.</summary>
/// <param name="Type">What it is.</param>
/// <param name="Group">The partition's group id.</param>
/// <param name="Epoch">Lease epoch of a batch.</param>
/// <param name="Index">Number of a batch within its group.</param>
/// <param name="Offset">Base offset of a batch; tiered end of a hint.</param>
/// <param name="Count">Offsets a batch takes up.</param>
/// <param name="BatchBytes">Size of a batch.</param>
public readonly record struct NodeLogRecordInfo(NodeLogRecordType Type, long Group, long Epoch, long Index, long Offset, int Count, int BatchBytes);
