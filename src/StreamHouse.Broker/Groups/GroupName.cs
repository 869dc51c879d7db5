namespace StreamHouse.Broker.Groups;

/// <summary>Rules for names of groups.</summary>
public static class GroupName
{
    /// <summary>Longest name, in characters.</summary>
    public const int LengthMax = 249;

    /// <summary>Whether a group may have this name.</summary>
    public static bool IsValid(string? group) => group is { Length: > 0 and <= LengthMax };

    /// <summary>As much of a text as a name may have.</summary>
    internal static string Shorten(string text) => text.Length <= LengthMax ? text : text[..LengthMax];

    /// <summary>Refuses a name that no group can have.</summary>
    /// <exception cref="BrokerException"><see cref="BrokerErrorCode.InvalidGroupId"/>.</exception>
    public static void ThrowIfInvalid(string? group)
    {
        if (!IsValid(group))
        {
            throw new BrokerException(BrokerErrorCode.InvalidGroupId, $"A group's name has 1 to {LengthMax} characters.");
        }
    }
}
