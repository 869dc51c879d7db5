using System.Buffers;
using System.Text.Json;
using StreamHouse.Records;
using StreamHouse.Server.Http.Consume;
using StreamHouse.Server.Http.Requests;

namespace StreamHouse.Server.Http.Events;

/// <summary>Writes server-sent events: records as they are read, and the stream's own remarks.</summary>
internal sealed class EventWriter(EventPositions positions, FieldEncodings encodings) : IRecordSink, IDisposable
{
    private readonly PooledWriter _output = new(64 * 1024);
    private readonly PooledWriter _line = new();
    private readonly Utf8JsonWriter _json = new(Stream.Null, RecordJson.Options);
    private int _index;

    /// <summary>What is to be sent.</summary>
    public ReadOnlyMemory<byte> Pending => _output.Written;

    public void Sent() => _output.Clear();

    /// <summary>Says of which partition the next records are.</summary>
    public void Begin(int index) => _index = index;

    public bool Take(in Record record)
    {
        positions[_index] = record.Offset + 1;
        _line.Clear();
        _json.Reset(_line);
        RecordJson.Write(_json, record, encodings, positions.Partition(_index));
        _json.Flush();

        // A JSON value stands as its sender wrote it; line breaks between its tokens would end the event's line.
        Span<byte> line = _line.WrittenSpan;
        line.Replace((byte)'\n', (byte)' ');
        line.Replace((byte)'\r', (byte)' ');
        WriteEvent(null, line);
        return true;
    }

    /// <summary>Writes an event of a kind of its own, with the present positions as its id.</summary>
    public void WriteEvent(string? kind, ReadOnlySpan<byte> data)
    {
        _output.Write("id: "u8);
        positions.WriteId(_output);
        if (kind is not null)
        {
            _output.Write("\nevent: "u8);
            _output.Write(System.Text.Encoding.UTF8.GetBytes(kind));
        }
        _output.Write("\ndata: "u8);
        _output.Write(data);
        _output.Write("\n\n"u8);
    }

    /// <summary>Tells the client how soon to reconnect.</summary>
    public void WriteRetry() => _output.Write("retry: 2000\n\n"u8);

    public void WriteHeartbeat() => _output.Write(": heartbeat\n\n"u8);

    public void Dispose()
    {
        _json.Dispose();
        _line.Dispose();
        _output.Dispose();
    }
}
