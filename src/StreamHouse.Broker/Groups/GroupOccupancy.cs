namespace StreamHouse.Broker.Groups;

/// <summary>Who is in a group.</summary>
internal enum GroupOccupancy
{
    /// <summary>Nobody.</summary>
    Vacant,

    /// <summary>Nobody yet, but clients have been told ids to join with.</summary>
    Expected,

    /// <summary>Members.</summary>
    Members,
}
