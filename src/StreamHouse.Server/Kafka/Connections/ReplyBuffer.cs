using System.Runtime.InteropServices;
using StreamHouse.Kafka;

namespace StreamHouse.Server.Kafka.Connections;

/// <summary>
/// Replies on their way out: fields are written into one buffer, records are spliced in where they lie. For one writer at a time. It holds
/// memory only between its first write and <see cref="Clear"/>.
/// </summary>
/// <param name="onProgress">Called whenever the client has taken some bytes.</param>
internal sealed class ReplyBuffer(Action onProgress)
{
    private const int KeptPieces = 256;

    private readonly List<(int Position, ArraySegment<byte> Bytes)> _splices = [];
    private readonly List<ArraySegment<byte>> _pieces = [];
    private KafkaBuffer? _fields;

    /// <summary>Where fields are written.</summary>
    public KafkaBuffer Fields => _fields ??= new KafkaBuffer();

    /// <summary>Bytes written and spliced.</summary>
    public long Bytes => SplicedBytes + (_fields?.Length ?? 0);

    /// <summary>Bytes spliced.</summary>
    public long SplicedBytes { get; private set; }

    /// <summary>All bytes in order; after <see cref="Seal"/>.</summary>
    public IReadOnlyList<ArraySegment<byte>> Pieces => _pieces;

    /// <summary>The client has taken some bytes.</summary>
    public void NoteProgress() => onProgress();

    /// <summary>Adds bytes behind the fields written so far, where they lie. Their owner keeps them until the reply is released.</summary>
    public void Splice(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length == 0 || !MemoryMarshal.TryGetArray(bytes, out ArraySegment<byte> piece))
        {
            return;
        }
        SplicedBytes += piece.Count;
        int position = _fields?.Length ?? 0;
        // Batches that were appended one after the other often lie side by side: one piece then, not thousands.
        if (_splices.Count > 0 && _splices[^1] is var (at, last) && at == position && last.Array == piece.Array && last.Offset + last.Count == piece.Offset)
        {
            _splices[^1] = (position, new ArraySegment<byte>(piece.Array!, last.Offset, last.Count + piece.Count));
            return;
        }
        _splices.Add((position, piece));
    }

    /// <summary>Puts the pieces in order. Nothing may be added afterwards until <see cref="Clear"/>.</summary>
    public void Seal()
    {
        ReadOnlyMemory<byte> fields = _fields?.WrittenMemory ?? default;
        int from = 0;
        foreach ((int position, ArraySegment<byte> bytes) in _splices)
        {
            Add(fields[from..position]);
            _pieces.Add(bytes);
            from = position;
        }
        Add(fields[from..]);
    }

    /// <summary>Forgets everything and gives the memory back.</summary>
    public void Clear()
    {
        _fields?.Dispose();
        _fields = null;
        _splices.Clear();
        _pieces.Clear();
        SplicedBytes = 0;
        if (_pieces.Capacity > KeptPieces)
        {
            _pieces.Capacity = _splices.Capacity = 0;
        }
    }

    private void Add(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length > 0 && MemoryMarshal.TryGetArray(bytes, out ArraySegment<byte> piece))
        {
            _pieces.Add(piece);
        }
    }
}
