namespace StreamHouse.Client.Groups;

/// <summary>What a member does about a failure.</summary>
internal enum MemberReaction
{
    /// <summary>The same request again, after a wait: who the member is has not changed.</summary>
    TryAgain,

    /// <summary>Join again, and keep what may be kept.</summary>
    Rejoin,

    /// <summary>The partitions are somebody else's: drop them, then join again.</summary>
    Lose,

    /// <summary>Drop the partitions and tell the user: joining again would fail again.</summary>
    Fail,
}

/// <summary>What changes with a new assignment.</summary>
/// <param name="Revoked">Partitions to give up.</param>
/// <param name="Added">Partitions to begin with, once the others are given up.</param>
/// <param name="JoinsAgain">Whether to join again when they are given up, so that others can have them.</param>
internal readonly record struct AssignmentChange(IReadOnlyList<TopicPartition> Revoked, IReadOnlyList<TopicPartition> Added, bool JoinsAgain);

/// <summary>
/// A member's side of the group protocol without its calls: who it is, what it has, and what follows from an answer. Whoever owns it calls it from one
/// place at a time.
/// </summary>
internal sealed class MemberState(bool isCooperative, string? instanceId)
{
    private readonly SortedSet<TopicPartition> _owned = [];

    /// <summary>What the server calls the member; empty before it has.</summary>
    public string MemberId { get; private set; } = "";

    public string? InstanceId => instanceId;

    /// <summary>The generation joined; -1 outside the group.</summary>
    public int Generation { get; private set; } = -1;

    /// <summary>
    /// The generation that <see cref="Owned"/> was assigned in. It is not <see cref="Generation"/> while an assignment is awaited: claims must not look
    /// younger than they are.
    /// </summary>
    public int OwnedGeneration { get; private set; } = -1;

    /// <summary>The partitions it has.</summary>
    public IReadOnlyCollection<TopicPartition> Owned => _owned;

    /// <summary>What has to be given up before joining.</summary>
    public IReadOnlyList<TopicPartition> BeforeJoin => isCooperative ? [] : [.. _owned];

    /// <summary>The subscription to join with.</summary>
    public Subscription Subscribe(IEnumerable<string> topics) =>
        new([.. topics.Order(StringComparer.Ordinal)], [.. _owned], _owned.Count > 0 ? OwnedGeneration : -1);

    /// <summary>The server has given it an id to join with.</summary>
    public void OnNamed(string memberId) => MemberId = memberId;

    /// <summary>It is a member of a generation, and has no assignment yet.</summary>
    public void OnJoined(string memberId, int generation) => (MemberId, Generation) = (memberId, generation);

    /// <summary>Its assignment has come.</summary>
    public AssignmentChange OnAssigned(IReadOnlyCollection<TopicPartition> assigned)
    {
        HashSet<TopicPartition> wanted = [.. assigned];
        List<TopicPartition> revoked = [.. _owned.Where(partition => !wanted.Contains(partition))];
        List<TopicPartition> added = [.. wanted.Where(partition => !_owned.Contains(partition)).Order()];
        OwnedGeneration = Generation;
        return new AssignmentChange(revoked, added, JoinsAgain: isCooperative && revoked.Count > 0);
    }

    /// <summary>Partitions are being read.</summary>
    public void OnAdded(IEnumerable<TopicPartition> added) => _owned.UnionWith(added);

    /// <summary>Partitions are given up, or have been lost.</summary>
    public void OnGone(IEnumerable<TopicPartition> gone) => _owned.ExceptWith(gone);

    /// <summary>What to do about a failed join, sync or heartbeat. Forgets who it was where the server has.</summary>
    public MemberReaction OnError(StreamHouseException error)
    {
        switch (error.Code)
        {
            case StreamHouseErrorCode.RebalanceInProgress:
                return MemberReaction.Rejoin;
            case StreamHouseErrorCode.IllegalGeneration:
                Generation = -1;
                return MemberReaction.Lose;
            case StreamHouseErrorCode.UnknownMember:
                OnLeft();
                return MemberReaction.Lose;
            default:
                if (error.IsRetriable)
                {
                    return MemberReaction.TryAgain;
                }
                OnLeft();
                return MemberReaction.Fail;
        }
    }

    /// <summary>It is no member any more.</summary>
    public void OnLeft() => (MemberId, Generation) = ("", -1);
}
