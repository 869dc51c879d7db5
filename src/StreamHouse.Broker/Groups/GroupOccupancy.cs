namespace StreamHouse.Broker.Groups;

/// <summary>Who is in a group.</summary>
/// <param name="Members">Its members.</param>
/// <param name="PendingBytes">What the ids occupy that clients have been told to join with.</param>
internal readonly record struct GroupOccupancy(int Members, long PendingBytes)
{
    /// <summary>Nobody is in it, nor about to be.</summary>
    public bool IsVacant => this is { Members: 0, PendingBytes: 0 };

    /// <summary>Nobody is in it yet, but clients have been told ids to join with.</summary>
    public bool IsExpected => this is { Members: 0, PendingBytes: > 0 };
}
