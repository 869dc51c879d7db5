using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Broker.Groups;

/// <summary>
/// Consumer groups: who is a member, which generation its assignments belong to, and what has been committed. The rules are those of Kafka's
/// classic protocol; the contents of subscriptions and assignments belong to the clients. Answers that a member acts upon carry their error in
/// the result; everything else fails with <see cref="BrokerException"/>.
/// </summary>
/// <remarks>
/// Every method takes what it needs from its request before it returns for the first time: metadata and assignments may lie in a buffer that the
/// caller reuses then. Call in arrival order: commits of a group are stored in the order of the calls.
/// </remarks>
public interface IGroupCoordinator
{
    /// <summary>
    /// Joins a group, or joins again. Waits until the generation is decided: all members have joined, or the rebalance timeout has removed those
    /// that have not. A caller that gives up waiting may send the same request again.
    /// </summary>
    /// <param name="request">Who joins what, and how.</param>
    /// <param name="ct">Ends the wait; a member that nobody has been told about leaves, others stay until their session ends.</param>
    Task<JoinResult> JoinAsync(JoinRequest request, CancellationToken ct);

    /// <summary>Asks for the assignment of a generation; the leader brings everybody's. Followers wait for it.</summary>
    /// <param name="request">Of whom, and the leader's assignments.</param>
    /// <param name="ct">Ends the wait, not the membership.</param>
    Task<SyncResult> SyncAsync(SyncRequest request, CancellationToken ct);

    /// <summary>Keeps a member's session alive.</summary>
    /// <returns>
    /// <see cref="BrokerErrorCode.RebalanceInProgress"/> tells the member to join again; <see cref="BrokerErrorCode.UnknownMember"/>,
    /// <see cref="BrokerErrorCode.IllegalGeneration"/> and <see cref="BrokerErrorCode.FencedInstance"/> that it is none any more.
    /// </returns>
    ValueTask<BrokerErrorCode> HeartbeatAsync(string group, MemberIdentity member, CancellationToken ct);

    /// <summary>Removes members from a group.</summary>
    /// <param name="group">The group.</param>
    /// <param name="members">Whom.</param>
    /// <param name="ct">Ends the wait.</param>
    /// <returns>The outcome for each, in order.</returns>
    ValueTask<LeaveResult> LeaveAsync(string group, IReadOnlyList<LeavingMember> members, CancellationToken ct);

    /// <summary>Stores offsets; durable when the task ends.</summary>
    /// <param name="group">The group.</param>
    /// <param name="member">
    /// Who commits; null, or a generation below zero, commits without membership, which only a group without members allows (a reset, or a reader
    /// that assigns itself, whatever it calls itself).
    /// </param>
    /// <param name="offsets">What to store.</param>
    /// <param name="ct">Ends the wait, not the commit.</param>
    /// <returns>The outcome for each, in order. What concerns the whole request (membership, limits, storage) stands at every one.</returns>
    Task<IReadOnlyList<BrokerErrorCode>> CommitOffsetsAsync(string group, MemberIdentity? member, IReadOnlyList<OffsetCommit> offsets, CancellationToken ct);

    /// <summary>Committed offsets on live topics, with every commit that was accepted before the call. A group nobody knows has none.</summary>
    /// <param name="group">The group.</param>
    /// <param name="partitions">Only these; null for all that are committed. Partitions without a committed offset are left out of the result.</param>
    /// <param name="ct">Ends the wait.</param>
    Task<IReadOnlyList<GroupOffset>> FetchOffsetsAsync(string group, IReadOnlyCollection<TopicPartition>? partitions, CancellationToken ct);

    /// <summary>Removes committed offsets, of commits that were accepted before the call. Those of topics that members subscribe to are refused.</summary>
    /// <param name="group">The group.</param>
    /// <param name="partitions">Whose.</param>
    /// <param name="ct">Ends the wait until the deletion begins.</param>
    /// <returns>
    /// The outcome for each, in order: <see cref="BrokerErrorCode.None"/> (also where nothing was committed), <see cref="BrokerErrorCode.GroupSubscribedToTopic"/>,
    /// or for all <see cref="BrokerErrorCode.GroupNotFound"/> or <see cref="BrokerErrorCode.GroupNotEmpty"/> (members whose subscription cannot be read).
    /// </returns>
    Task<IReadOnlyList<BrokerErrorCode>> DeleteOffsetsAsync(string group, IReadOnlyList<TopicPartition> partitions, CancellationToken ct);

    /// <summary>A group and its members. One that nobody knows is <see cref="GroupState.Dead"/> and empty.</summary>
    Task<GroupDescription> DescribeAsync(string group, CancellationToken ct);

    /// <summary>Groups that have members or committed offsets, in name order.</summary>
    /// <param name="filter">Which.</param>
    /// <param name="ct">Ends the wait.</param>
    Task<IReadOnlyList<GroupListing>> ListAsync(GroupFilter filter, CancellationToken ct);

    /// <summary>Deletes groups without members, with all that was accepted for them before the call. Who joins or commits meanwhile comes after the deletion.</summary>
    /// <param name="groups">Which.</param>
    /// <param name="ct">Ends the call between two groups, not a deletion that has begun.</param>
    /// <returns>The outcome for each, in order: <see cref="BrokerErrorCode.GroupNotEmpty"/>, <see cref="BrokerErrorCode.GroupNotFound"/>, or none.</returns>
    Task<IReadOnlyList<BrokerErrorCode>> DeleteGroupsAsync(IReadOnlyList<string> groups, CancellationToken ct);
}
