using Google.Protobuf;
using Microsoft.Extensions.Logging;
using StreamHouse.Client.Administration;
using StreamHouse.Client.Groups.Assignment;
using StreamHouse.Rpc.V1;

namespace StreamHouse.Client.Groups;

/// <summary>What the leader of a group does besides being a member: it shares the partitions, and sees when topics get more of them.</summary>
internal sealed class GroupLeader(string group, Admin admin, ILogger log)
{
    private Dictionary<string, int> _partitions = [];
    private string[] _topics = [];

    /// <summary>Whether a topic that somebody wants does not exist yet.</summary>
    public bool IsMissingTopics => _partitions.Count < _topics.Length;

    /// <summary>Looks up how many partitions the topics have that members want, to see later that they have others.</summary>
    /// <returns>The members and what they want.</returns>
    /// <exception cref="StreamHouseException">The topics cannot be looked up.</exception>
    public async Task<List<GroupSubscriber>> LeadAsync(JoinGroupResponse joined, CancellationToken ct)
    {
        List<GroupSubscriber> members = new(joined.Members.Count);
        foreach (JoinedMember member in joined.Members)
        {
            Subscription? subscription = ConsumerProtocol.ReadSubscription(member.Metadata.Span);
            if (subscription is null)
            {
                Log.UnreadableSubscription(log, group, member.MemberId);
            }
            members.Add(new GroupSubscriber(member.MemberId, member.HasInstanceId ? member.InstanceId : null, subscription ?? new Subscription([], [])));
        }
        _topics = [.. members.SelectMany(member => member.Subscription.Topics).Distinct(StringComparer.Ordinal)];
        _partitions = await CountAsync(ct);
        return members;
    }

    /// <summary>Shares the partitions among those who <see cref="LeadAsync"/> has found.</summary>
    /// <exception cref="StreamHouseException">The protocol is none of ours.</exception>
    public List<MemberAssignment> Assign(List<GroupSubscriber> members, string protocol, IReadOnlyList<AssignmentStrategy> strategies)
    {
        AssignmentStrategy strategy = strategies.FirstOrDefault(s => ConsumerProtocol.NameOf(s) == protocol, (AssignmentStrategy)(-1));
        if ((int)strategy < 0)
        {
            throw new StreamHouseException(StreamHouseErrorCode.Protocol, $"Group {group} chose the protocol '{protocol}', which was not offered.");
        }
        List<MemberAssignment> assignments = new(members.Count);
        foreach ((string memberId, List<TopicPartition> partitions) in Assignor.Assign(strategy, members, _partitions))
        {
            assignments.Add(new MemberAssignment
            {
                MemberId = memberId, Assignment = UnsafeByteOperations.UnsafeWrap(ConsumerProtocol.Write(partitions)),
            });
        }
        return assignments;
    }

    /// <summary>It does not lead any more.</summary>
    public void Resign() => (_topics, _partitions) = ([], []);

    /// <summary>Whether the topics have other partitions than when they were shared.</summary>
    public async Task<bool> HasChangedAsync(CancellationToken ct)
    {
        try
        {
            Dictionary<string, int> now = await CountAsync(ct);
            return now.Count != _partitions.Count || now.Any(topic => _partitions.GetValueOrDefault(topic.Key) != topic.Value);
        }
        catch (StreamHouseException)
        {
            // There is a next time.
            return false;
        }
    }

    private async Task<Dictionary<string, int>> CountAsync(CancellationToken ct)
    {
        Dictionary<string, int> partitions = new(StringComparer.Ordinal);
        foreach (string topic in _topics)
        {
            try
            {
                partitions[topic] = (await admin.GetTopicAsync(topic, ct)).Topic.Partitions;
            }
            catch (StreamHouseException e) when (e.Code is StreamHouseErrorCode.UnknownTopic or StreamHouseErrorCode.InvalidTopic)
            {
                Log.NoTopic(log, group, topic);
            }
        }
        return partitions;
    }
}
