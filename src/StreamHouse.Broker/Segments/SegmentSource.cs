using StreamHouse.Broker.Metadata;

namespace StreamHouse.Broker.Segments;

/// <summary>An object to read from.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Key">Its key in the store.</param>
/// <param name="Bytes">Its size.</param>
internal readonly record struct SegmentSource(Guid Id, string Key, long Bytes)
{
    public static SegmentSource Of(SegmentRow row) => new(row.ObjectId, row.Key, row.ObjectBytes);

    public BrokerException Damaged(string what, Exception? inner = null) =>
        new(BrokerErrorCode.DataDamaged, $"Object '{Key}' is damaged. {what}", inner);
}
