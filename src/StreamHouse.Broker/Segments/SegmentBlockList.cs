namespace StreamHouse.Broker.Segments;

/// <summary>Loaded blocks from the least to the most recently used, linked through the blocks themselves.</summary>
internal sealed class SegmentBlockList
{
    private SegmentBlock? _newest;

    public SegmentBlock? Oldest { get; private set; }

    public void AddNewest(SegmentBlock block)
    {
        block.Older = _newest;
        block.Newer = null;
        if (_newest is null)
        {
            Oldest = block;
        }
        else
        {
            _newest.Newer = block;
        }
        _newest = block;
    }

    public void Remove(SegmentBlock block)
    {
        if (block.Older is null)
        {
            Oldest = block.Newer;
        }
        else
        {
            block.Older.Newer = block.Newer;
        }
        if (block.Newer is null)
        {
            _newest = block.Older;
        }
        else
        {
            block.Newer.Older = block.Older;
        }
        block.Older = null;
        block.Newer = null;
    }
}
