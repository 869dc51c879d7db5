using System.Globalization;
using StreamHouse.Broker.Groups;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Simulation.Checkers;

/// <summary>
/// What the members of one consumer group know of it, all runs of the process together: a partition has one owner in a generation, a generation that
/// has been followed by another accepts no commits, and what was committed stays, whoever asks.
/// </summary>
internal sealed class GroupModel(string name)
{
    private readonly Dictionary<(int Generation, TopicPartition Partition), string> _owners = [];
    private readonly Dictionary<int, string> _leaders = [];
    private readonly Dictionary<TopicPartition, long> _floors = [];
    private readonly Dictionary<string, (TopicPartition Partition, long Offset)> _commits = [];
    private long _commitNumber;

    public string Name => name;

    /// <summary>Highest generation that somebody has an assignment of.</summary>
    public int Generation { get; private set; }

    /// <summary>Generations that somebody had an assignment of.</summary>
    public int Generations { get; private set; }

    /// <summary>Commits that were acknowledged.</summary>
    public int Acknowledged { get; private set; }

    /// <summary>Commits of former generations that were refused, as they must be.</summary>
    public int Refused { get; private set; }

    /// <summary>Offsets that must be found from now on, by partition.</summary>
    public IReadOnlyDictionary<TopicPartition, long> Floors => _floors;

    /// <summary>A member has been given its partitions.</summary>
    /// <param name="member">Its id.</param>
    /// <param name="leader">Who leads the generation, as the member was told.</param>
    /// <param name="generation">Of which generation.</param>
    /// <param name="partitions">Which.</param>
    public void Assigned(string member, string leader, int generation, IReadOnlyList<TopicPartition> partitions)
    {
        if (_leaders.TryAdd(generation, leader))
        {
            Generations++;
        }
        else if (_leaders[generation] != leader)
        {
            throw new InvariantException($"{name}: generation {generation} is led by {_leaders[generation]} and by {leader}.");
        }
        foreach (TopicPartition partition in partitions)
        {
            if (!_owners.TryAdd((generation, partition), member) && _owners[(generation, partition)] != member)
            {
                throw new InvariantException($"{name}: {partition} belongs to {_owners[(generation, partition)]} and to {member} in generation {generation}.");
            }
        }
        Generation = Math.Max(Generation, generation);
    }

    /// <summary>The offset that must be found from now on, or -1.</summary>
    public long FloorOf(TopicPartition partition) => _floors.GetValueOrDefault(partition, -1);

    /// <summary>A commit is about to be sent.</summary>
    public OffsetCommit Commit(TopicPartition partition, long offset)
    {
        string id = string.Create(CultureInfo.InvariantCulture, $"{name}/{++_commitNumber}");
        _commits.Add(id, (partition, offset));
        return new OffsetCommit(partition, offset, Metadata: id);
    }

    /// <summary>A commit was accepted.</summary>
    /// <param name="commit">Which.</param>
    /// <param name="member">Whose.</param>
    /// <param name="newest">Highest generation known when it was sent.</param>
    public void Accepted(in OffsetCommit commit, in MemberIdentity member, int newest)
    {
        if (member.Generation < newest)
        {
            throw new InvariantException(
                $"{name}: a commit of {commit.Offset} on {commit.Partition} by {member.MemberId} of generation {member.Generation} was accepted after generation {newest} had begun.");
        }
        Acknowledged++;
        Raise(commit.Partition, commit.Offset);
    }

    /// <summary>A commit of a former generation was refused.</summary>
    public void WasRefused() => Refused++;

    /// <summary>A committed offset was asked for.</summary>
    /// <param name="partition">Of which partition.</param>
    /// <param name="found">The answer; null when there was none.</param>
    /// <param name="floor">See <see cref="FloorOf"/>, when the question was sent.</param>
    /// <param name="who">Who asked.</param>
    public void Fetched(TopicPartition partition, GroupOffset? found, long floor, string who)
    {
        if ((found?.Offset ?? -1) < floor)
        {
            throw new InvariantException($"{name}: {who} found {found?.Offset ?? -1} committed on {partition} ({found?.Metadata}), after {floor} had been.");
        }
        if (found is null)
        {
            return;
        }
        if (found.Metadata is null || !_commits.TryGetValue(found.Metadata, out var sent) || sent != (partition, found.Offset))
        {
            throw new InvariantException($"{name}: {who} found {found.Offset} '{found.Metadata}' committed on {partition}, which nobody has sent.");
        }
        Raise(partition, found.Offset);
    }

    private void Raise(TopicPartition partition, long offset) => _floors[partition] = Math.Max(offset, _floors.GetValueOrDefault(partition, -1));
}
