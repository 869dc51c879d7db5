namespace StreamHouse.Kafka;

/// <summary>An array that is filled anew with every request and grows to what requests need. What earlier requests left in its slots can be seen again.</summary>
/// <typeparam name="T">A value type: no objects per element.</typeparam>
internal struct ReusedArray<T>
    where T : struct
{
    /// <summary>A single large request must not hold its memory for the life of a connection.</summary>
    private const int ElementsKept = 4096;

    private T[] _elements;

    public int Count { get; private set; }

    public readonly ReadOnlySpan<T> Span => _elements.AsSpan(0, Count);

    public readonly ref T this[int index] => ref _elements[index];

    /// <summary>Begins anew.</summary>
    public void Clear()
    {
        Count = 0;
        if (_elements is null || _elements.Length > ElementsKept)
        {
            _elements = new T[4];
        }
    }

    /// <summary>The next slot, with what an earlier request left in it.</summary>
    public ref T Next()
    {
        if (Count == _elements.Length)
        {
            Array.Resize(ref _elements, 2 * Count);
        }

        return ref _elements[Count++];
    }
}
