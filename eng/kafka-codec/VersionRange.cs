using System.Globalization;

namespace StreamHouse.KafkaCodec;

/// <summary>Versions of an API, both ends included.</summary>
public readonly record struct VersionRange(int Min, int Max)
{
    /// <summary>What stands for "and all later ones".</summary>
    public const int Open = short.MaxValue;

    public bool Contains(int version) => version >= Min && version <= Max;

    public bool Covers(VersionRange other) => Min <= other.Min && Max >= other.Max;

    public VersionRange Intersect(VersionRange other) => new(Math.Max(Min, other.Min), Math.Min(Max, other.Max));

    public bool IsEmpty => Min > Max;

    /// <summary>Reads <c>3</c>, <c>3-5</c> or <c>3+</c>.</summary>
    public static bool TryParse(string text, out VersionRange range)
    {
        string[] ends = text.TrimEnd('+').Split('-');
        range = default;
        if (ends.Length > 2 || !ends.All(e => int.TryParse(e, NumberStyles.None, CultureInfo.InvariantCulture, out _)))
        {
            return false;
        }

        int min = int.Parse(ends[0], CultureInfo.InvariantCulture);
        range = text.EndsWith('+') ? new(min, Open) : new(min, int.Parse(ends[^1], CultureInfo.InvariantCulture));
        return ends.Length == 1 || !text.EndsWith('+');
    }
}
