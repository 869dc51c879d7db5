namespace StreamHouse.Client.Groups;

/// <summary>What a member tells the group's leader when it joins.</summary>
/// <param name="Topics">Topics it wants partitions of.</param>
/// <param name="Owned">Partitions it has and has not given up; a cooperative leader lets nobody else have them before it has.</param>
/// <param name="Generation">The generation it was given them in; -1 for none, or for a client that does not tell.</param>
internal sealed record Subscription(IReadOnlyList<string> Topics, IReadOnlyList<TopicPartition> Owned, int Generation = -1);

/// <summary>A member as the leader sees it.</summary>
/// <param name="MemberId">Its id.</param>
/// <param name="InstanceId">A static member's own name, or null.</param>
/// <param name="Subscription">What it wants.</param>
internal sealed record GroupSubscriber(string MemberId, string? InstanceId, Subscription Subscription);
