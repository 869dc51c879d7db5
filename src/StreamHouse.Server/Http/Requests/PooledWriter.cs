using System.Buffers;

namespace StreamHouse.Server.Http.Requests;

/// <summary>Collects bytes in one pooled array that grows.</summary>
internal sealed class PooledWriter(int initialBytes = 4096) : IBufferWriter<byte>, IDisposable
{
    private byte[] _array = ArrayPool<byte>.Shared.Rent(initialBytes);
    private int _length;

    public ReadOnlyMemory<byte> Written => _array.AsMemory(0, _length);

    /// <summary>What is written, to be changed in place.</summary>
    public Span<byte> WrittenSpan => _array.AsSpan(0, _length);

    public int Length => _length;

    public void Clear() => _length = 0;

    public void Advance(int count) => _length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _array.AsMemory(_length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _array.AsSpan(_length);
    }

    public void Dispose()
    {
        byte[] array = _array;
        _array = [];
        _length = 0;
        if (array.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(array);
        }
    }

    private void Reserve(int sizeHint)
    {
        int wanted = Math.Max(sizeHint, 1);
        if (_array.Length - _length >= wanted)
        {
            return;
        }
        byte[] larger = ArrayPool<byte>.Shared.Rent(checked((int)Math.Min(Math.Max(_length + (long)wanted, _array.Length * 2L), Array.MaxLength)));
        _array.AsSpan(0, _length).CopyTo(larger);
        byte[] old = _array;
        _array = larger;
        if (old.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(old);
        }
    }
}
