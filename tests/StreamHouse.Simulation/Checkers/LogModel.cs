using System.Runtime.InteropServices;
using StreamHouse.Broker.Topics;

namespace StreamHouse.Simulation.Checkers;

/// <summary>What clients know of all partitions' logs. Every new piece of knowledge must agree with all that is known already.</summary>
internal sealed class LogModel
{
    private readonly Dictionary<TopicPartition, PartitionModel> _partitions = [];

    public IReadOnlyDictionary<TopicPartition, PartitionModel> Partitions => _partitions;

    /// <summary>Topics that were ever acknowledged to exist.</summary>
    public List<TopicModel> Topics { get; } = [];

    public PartitionModel this[TopicPartition partition]
    {
        get
        {
            if (!_partitions.TryGetValue(partition, out PartitionModel? model))
            {
                _partitions.Add(partition, model = new PartitionModel(partition));
            }
            return model;
        }
    }

    /// <summary>Every record that any producer ever made.</summary>
    public HashSet<ulong> Made { get; } = [];

    /// <summary>Partitions of topics that are not deleted, in the order they became known.</summary>
    public IReadOnlyList<TopicPartition> Live => [.. _partitions.Values.Where(p => !p.Deleted).Select(p => p.Partition)];

    /// <summary>A topic was acknowledged to have been created.</summary>
    /// <exception cref="InvariantException">Its id is another's.</exception>
    public void Created(TopicModel topic)
    {
        if (Topics.Find(t => t.Id == topic.Id) is { } former)
        {
            throw new InvariantException($"Topic {topic.Name} was created with the id of {former.Name}, {former.Id}.");
        }
        Topics.Add(topic);
    }

    /// <summary>Records that are known to be in some log.</summary>
    public long Records => _partitions.Values.Sum(p => (long)p.Known.Count);
}

/// <summary>What clients know of one partition's log.</summary>
internal sealed class PartitionModel(TopicPartition partition)
{
    private readonly Dictionary<long, KnownRecord> _known = [];
    private readonly Dictionary<ulong, long> _offsets = [];
    private readonly Dictionary<ulong, string> _refused = [];

    public TopicPartition Partition => partition;

    /// <summary>Records by offset, in the order they became known in.</summary>
    public IReadOnlyDictionary<long, KnownRecord> Known => _known;

    /// <summary>Appends in the order they ended, and those that never did.</summary>
    public List<AppendOperation> Appends { get; } = [];

    /// <summary>Appends that were acknowledged when they were sequenced, which promises little.</summary>
    public List<WeakAppend> Weak { get; } = [];

    /// <summary>Records of producers that send everything once, in the order they were sent, by connection.</summary>
    public List<List<ulong>> Orders { get; } = [];

    /// <summary>Answers to the question where the log ends.</summary>
    public List<EndOperation> Ends { get; } = [];

    /// <summary>The topic was deleted: nothing more is promised.</summary>
    public bool Deleted { get; set; }

    /// <summary>Retention is, or has been, allowed to remove records.</summary>
    public bool MayExpire { get; set; }

    /// <summary>Records below it were asked to be deleted.</summary>
    public long AskedStart { get; set; }

    /// <summary>Records below it were acknowledged to be deleted.</summary>
    public long GoneBelow { get; private set; }

    /// <summary>Highest log start anybody has seen: what lies below may be gone.</summary>
    public long LogStart { get; private set; }

    /// <summary>Offset after the last record that is known.</summary>
    public long End { get; private set; }

    /// <summary>A log start was seen.</summary>
    /// <exception cref="InvariantException">Nobody has asked for it.</exception>
    public void SeeLogStart(long start)
    {
        if (start > AskedStart && !MayExpire)
        {
            throw new InvariantException($"{partition} starts at {start}: nobody has asked for more than {AskedStart} to be deleted.");
        }
        LogStart = Math.Max(LogStart, start);
    }

    /// <summary>Records were acknowledged to be deleted.</summary>
    /// <param name="below">Those below this offset.</param>
    /// <param name="start">The log start of the answer.</param>
    /// <exception cref="InvariantException">They are not.</exception>
    public void SeeDeleted(long below, long start)
    {
        if (start < below)
        {
            throw new InvariantException($"{partition}: records below {below} are said to be deleted, but the log starts at {start}.");
        }
        GoneBelow = Math.Max(GoneBelow, below);
    }

    /// <summary>A record sent here was acknowledged in a partition of this number.</summary>
    /// <exception cref="InvariantException">It is another.</exception>
    public void SeePartition(int number, string who)
    {
        if (number != partition.Partition)
        {
            throw new InvariantException($"{who}: a record for {partition} went to partition {number}.");
        }
    }

    /// <summary>A client was told for certain that a record was not appended.</summary>
    /// <exception cref="InvariantException">It was.</exception>
    public void Refuse(ulong record, string who)
    {
        _refused.Add(record, who);
        if (_offsets.TryGetValue(record, out long offset))
        {
            throw new InvariantException($"{partition}: {who} was told that record {record:x16} was not appended, but it is at {offset}.");
        }
    }

    /// <summary>A record was acknowledged at, or read from, an offset.</summary>
    public void Learn(long offset, ulong record, bool acknowledged, string who)
    {
        ref KnownRecord before = ref CollectionsMarshal.GetValueRefOrAddDefault(_known, offset, out bool isKnown);
        if (isKnown)
        {
            if (before.Record != record)
            {
                throw new InvariantException(
                    $"{partition} at offset {offset}: {who} has record {record:x16}, but {before.By} had {before.Record:x16} ({(before.Acknowledged ? "acknowledged" : "read")}).");
            }
            if (acknowledged && !before.Acknowledged)
            {
                before = before with { Acknowledged = true };
            }
            return;
        }
        if (_refused.TryGetValue(record, out string? refused))
        {
            throw new InvariantException($"{partition}: record {record:x16} is, by {who}, at {offset}, but {refused} was told that it was not appended.");
        }
        if (!_offsets.TryAdd(record, offset))
        {
            throw new InvariantException($"{partition}: record {record:x16} is at offset {_offsets[record]} and, by {who}, at {offset} too.");
        }
        before = new KnownRecord(record, acknowledged, who);
        End = Math.Max(End, offset + 1);
    }

    /// <summary>Where a record lies, when it is known.</summary>
    public long? Find(ulong record) => _offsets.TryGetValue(record, out long offset) ? offset : null;
}

/// <summary>A record somebody knows of.</summary>
/// <param name="Record">Hash of its key and value, which no other record has.</param>
/// <param name="Acknowledged">Whether an acknowledgement has promised it.</param>
/// <param name="By">Who learnt it first.</param>
internal readonly record struct KnownRecord(ulong Record, bool Acknowledged, string By);

/// <summary>An append as its client saw it.</summary>
/// <param name="First">Hash of its first record.</param>
/// <param name="Count">Records.</param>
/// <param name="Began">When it was first sent.</param>
/// <param name="Ended">When it was acknowledged; null when it never was.</param>
/// <param name="Offset">Where it was acknowledged, or -1.</param>
internal sealed record AppendOperation(ulong First, int Count, TimeSpan Began, TimeSpan? Ended, long Offset);

/// <summary>An append that was acknowledged once its leader had sequenced it.</summary>
/// <param name="Records">Its records.</param>
/// <param name="Epoch">Of the leader.</param>
/// <param name="Offset">Where it would be.</param>
internal sealed record WeakAppend(ulong[] Records, long Epoch, long Offset);

/// <summary>A question for the end of a partition, answered.</summary>
internal sealed record EndOperation(TimeSpan Began, TimeSpan Ended, long Offset);
