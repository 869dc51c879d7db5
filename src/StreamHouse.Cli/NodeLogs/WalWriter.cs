using System.Buffers;
using System.Text;
using System.Text.Json;
using StreamHouse.Broker.NodeLogs;
using StreamHouse.Cli.Shell;

namespace StreamHouse.Cli.NodeLogs;

/// <summary>Writes what is in a node log while it is read, so that memory does not grow with the log.</summary>
internal sealed class WalWriter(Terminal terminal, OutputFormat format, bool isDump, long? group)
{
    private const int FlushBytes = 64 * 1024;

    private readonly ArrayBufferWriter<byte> _buffer = new();
    private readonly HashSet<long> _groups = [];
    private long _frames;
    private long _batches;
    private long _records;

    /// <summary>Whether a frame held records that cannot be read.</summary>
    public bool HasMalformed { get; private set; }

    /// <summary>Writes the files.</summary>
    public void Begin(IReadOnlyList<NodeLogFileInfo> files)
    {
        foreach (NodeLogFileInfo file in isDump ? files : [])
        {
            if (format == OutputFormat.Json)
            {
                Json(json =>
                {
                    json.WriteString("type", "file");
                    json.WriteString("name", file.Name);
                    json.WriteNumber("sequence", file.Sequence);
                    json.WriteString("nodeLogId", file.NodeLogId);
                    json.WriteString("clusterId", file.ClusterId);
                    json.WriteNumber("startPosition", file.StartPosition);
                    json.WriteNumber("bytes", file.Bytes);
                    json.WriteNumber("cutPosition", file.CutPosition);
                    json.WriteBoolean("isVoid", file.IsVoid);
                });
                continue;
            }
            Line($"file {file.Name}: {file.Bytes} bytes from position {file.StartPosition}{(file.IsVoid ? ", void" : "")}");
            Line($"  log {file.NodeLogId}, cluster {file.ClusterId}");
        }
    }

    /// <summary>Writes a frame.</summary>
    public void Add(NodeLogFrameInfo frame)
    {
        _frames++;
        HasMalformed |= !frame.IsWellFormed;
        if (isDump && group is null)
        {
            WriteFrame(frame);
        }
        foreach (NodeLogRecordInfo record in frame.Records)
        {
            if (record.Type == NodeLogRecordType.Entries)
            {
                _batches++;
                _records += record.Count;
                _groups.Add(record.Group);
            }
            if (isDump && (group is null || group == record.Group))
            {
                WriteRecord(frame, record);
            }
        }
        if (_buffer.WrittenCount > FlushBytes)
        {
            Flush();
        }
    }

    /// <summary>Writes how it ends.</summary>
    public void End(NodeLogInspector log)
    {
        string verdict = (log.Verdict ?? NodeLogVerdict.Corrupt).ToString().ToLowerInvariant();
        if (format == OutputFormat.Json)
        {
            Json(json =>
            {
                json.WriteString("type", "end");
                json.WriteString("verdict", HasMalformed ? "corrupt" : verdict);
                json.WriteString("explanation", log.Explanation);
                json.WriteNumber("files", log.Files.Count);
                json.WriteNumber("frames", _frames);
                json.WriteNumber("batches", _batches);
                json.WriteNumber("records", _records);
                json.WriteNumber("groups", _groups.Count);
                json.WriteNumber("endPosition", log.EndPosition);
                json.WriteNumber("provenPosition", log.ProvenPosition);
            });
        }
        else
        {
            Line($"{verdict}: {log.Files.Count} files, {_frames} frames, {_batches} batches with {_records} records of {_groups.Count} partitions");
            Line($"  ends at position {log.EndPosition}; synced at least to {log.ProvenPosition}");
            if (log.Explanation.Length > 0)
            {
                Line($"  {log.Explanation}");
            }
        }
        Flush();
    }

    private void WriteFrame(NodeLogFrameInfo frame)
    {
        if (format == OutputFormat.Json)
        {
            Json(json =>
            {
                json.WriteString("type", "frame");
                json.WriteString("file", frame.File);
                json.WriteNumber("fileOffset", frame.Offset);
                json.WriteNumber("position", frame.Position);
                json.WriteNumber("durablePosition", frame.DurablePosition);
                json.WriteNumber("bytes", frame.Bytes);
                json.WriteBoolean("isWellFormed", frame.IsWellFormed);
            });
            return;
        }
        Line($"frame at {frame.File}+{frame.Offset}: position {frame.Position}, {frame.Bytes} bytes, synced before it {frame.DurablePosition}"
            + (frame.IsWellFormed ? "" : ", MALFORMED"));
    }

    private void WriteRecord(NodeLogFrameInfo frame, NodeLogRecordInfo record)
    {
        bool isBatch = record.Type == NodeLogRecordType.Entries;
        if (format == OutputFormat.Json)
        {
            Json(json =>
            {
                json.WriteString("type", isBatch ? "entries" : "trim");
                json.WriteNumber("position", frame.Position);
                json.WriteNumber("group", record.Group);
                json.WriteNumber("offset", record.Offset);
                if (isBatch)
                {
                    json.WriteNumber("epoch", record.Epoch);
                    json.WriteNumber("index", record.Index);
                    json.WriteNumber("count", record.Count);
                    json.WriteNumber("batchBytes", record.BatchBytes);
                }
            });
            return;
        }
        Line(isBatch
            ? $"  group {record.Group} epoch {record.Epoch} index {record.Index}: offset {record.Offset}, {record.Count} records, {record.BatchBytes} bytes"
            : $"  group {record.Group}: tiered to offset {record.Offset}");
    }

    private void Json(Action<Utf8JsonWriter> fields)
    {
        using (Utf8JsonWriter json = new(_buffer, Output.JsonOptions))
        {
            json.WriteStartObject();
            fields(json);
            json.WriteEndObject();
        }
        _buffer.Write("\n"u8);
    }

    private void Line(string text)
    {
        Encoding.UTF8.GetBytes(text, _buffer);
        _buffer.Write("\n"u8);
    }

    private void Flush()
    {
        terminal.Output.Write(_buffer.WrittenSpan);
        terminal.Output.Flush();
        _buffer.ResetWrittenCount();
    }
}
