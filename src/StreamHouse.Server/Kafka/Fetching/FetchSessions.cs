using System.Security.Cryptography;
using StreamHouse.Kafka;
using StreamHouse.Kafka.Fetch;

namespace StreamHouse.Server.Kafka.Fetching;

/// <summary>What a fetch reads.</summary>
/// <param name="Error">Why it reads nothing: the session is not known, or the fetch is not its next one.</param>
/// <param name="SessionId">What the client is told: its session, or 0 for none.</param>
/// <param name="Partitions">What to read, in order of preference, with what the client asks for now.</param>
/// <param name="Session">The session, to be told of the outcome; null for none.</param>
/// <param name="IsIncremental">Whether only news are answered.</param>
internal readonly record struct FetchPlan(
    KafkaErrorCode Error, int SessionId, FetchTarget[] Partitions, FetchSession? Session, bool IsIncremental);

/// <summary>A partition to read.</summary>
/// <param name="State">The partition, and what its client knows of it.</param>
/// <param name="Wanted">What is asked for now.</param>
internal readonly record struct FetchTarget(SessionPartition State, FetchPartitionView Wanted);

/// <summary>
/// The fetch sessions of all clients, bounded in number and in partitions. Whoever finds no room does without a session, which is always allowed.
/// Safe for concurrent use: its lock is held for the count and the order of sessions only, never with that of a session.
/// </summary>
internal sealed class FetchSessions(KafkaOptions options, TimeProvider clock)
{
    private const int InitialEpoch = 0;
    private const int FinalEpoch = -1;

    private readonly Lock _gate = new();
    private readonly Dictionary<int, FetchSession> _sessions = [];
    private readonly LinkedList<FetchSession> _byUse = [];
    private int _partitions;

    /// <summary>Sessions kept.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _sessions.Count;
            }
        }
    }

    /// <summary>Partitions in them.</summary>
    public int Partitions
    {
        get
        {
            lock (_gate)
            {
                return _partitions;
            }
        }
    }

    /// <summary>Partitions in a session; 0 when there is none of that id.</summary>
    public int PartitionsOf(int id)
    {
        if (id == 0)
        {
            return 0;
        }
        lock (_gate)
        {
            return _sessions.GetValueOrDefault(id)?.Counted ?? 0;
        }
    }

    /// <summary>Applies a request to its session, or begins one, or does without.</summary>
    public FetchPlan Begin(FetchRequestView request, bool usesTopicIds) => request.SessionEpoch is InitialEpoch or FinalEpoch
        ? BeginFull(request, usesTopicIds)
        : BeginIncremental(request, usesTopicIds);

    private FetchPlan BeginFull(FetchRequestView request, bool usesTopicIds)
    {
        bool wantsSession = request.SessionEpoch == InitialEpoch && request.Partitions.Length > 0;
        FetchSession session;
        lock (_gate)
        {
            if (_sessions.TryGetValue(request.SessionId, out FetchSession? old))
            {
                Remove(old);
            }
            session = new FetchSession(wantsSession ? FreeId() : 0, usesTopicIds);
        }
        FetchTarget[] targets = session.Update(request);
        return wantsSession && TryAdd(session, targets.Length)
            ? new FetchPlan(KafkaErrorCode.None, session.Id, targets, session, IsIncremental: false)
            : new FetchPlan(KafkaErrorCode.None, 0, targets, null, IsIncremental: false);
    }

    private FetchPlan BeginIncremental(FetchRequestView request, bool usesTopicIds)
    {
        FetchSession? session;
        lock (_gate)
        {
            if (!_sessions.TryGetValue(request.SessionId, out session))
            {
                return Failed(KafkaErrorCode.FetchSessionIdNotFound);
            }
        }
        if (session.UsesTopicIds != usesTopicIds)
        {
            return Failed(KafkaErrorCode.FetchSessionTopicIdError);
        }
        if (session.TryContinue(request) is not { } targets)
        {
            return Failed(KafkaErrorCode.InvalidFetchSessionEpoch);
        }

        // When another took its place meanwhile, or it has grown too large, the client begins anew, and is then served without one if there is no room.
        return !TryCount(session, targets.Length) ? Failed(KafkaErrorCode.FetchSessionIdNotFound)
            : targets.Length == 0 ? new FetchPlan(KafkaErrorCode.None, 0, [], null, IsIncremental: true)
            : new FetchPlan(KafkaErrorCode.None, session.Id, targets, session, IsIncremental: true);
    }

    private static FetchPlan Failed(KafkaErrorCode error) => new(error, 0, [], null, IsIncremental: true);

    private bool TryAdd(FetchSession session, int partitions)
    {
        lock (_gate)
        {
            if (!TryMakeRoom(partitions) || !_sessions.TryAdd(session.Id, session))
            {
                return false;
            }
            session.Counted = partitions;
            session.LastUsed = clock.GetTimestamp();
            session.Place = _byUse.AddLast(session);
            _partitions += partitions;
            return true;
        }
    }

    // A session that has become empty goes.
    private bool TryCount(FetchSession session, int partitions)
    {
        lock (_gate)
        {
            if (session.Place is null)
            {
                return false;
            }
            _partitions += partitions - session.Counted;
            session.Counted = partitions;
            session.LastUsed = clock.GetTimestamp();
            _byUse.Remove(session.Place);
            _byUse.AddLast(session.Place);
            bool hasRoom = _partitions <= options.FetchSessionPartitionsMax;
            if (partitions == 0 || !hasRoom)
            {
                Remove(session);
            }
            return hasRoom;
        }
    }

    private bool TryMakeRoom(int partitions)
    {
        if (partitions > options.FetchSessionPartitionsMax)
        {
            return false;
        }
        while (_sessions.Count >= options.FetchSessionsMax || _partitions + partitions > options.FetchSessionPartitionsMax)
        {
            if (_byUse.First is not { Value: { } oldest } || clock.GetElapsedTime(oldest.LastUsed) < options.FetchSessionIdleTimeout)
            {
                return false;
            }
            Remove(oldest);
        }
        return true;
    }

    private void Remove(FetchSession session)
    {
        _sessions.Remove(session.Id);
        _byUse.Remove(session.Place!);
        session.Place = null;
        _partitions -= session.Counted;
    }

    private int FreeId()
    {
        int id;
        do
        {
            id = RandomNumberGenerator.GetInt32(1, int.MaxValue);
        }
        while (_sessions.ContainsKey(id));
        return id;
    }
}
