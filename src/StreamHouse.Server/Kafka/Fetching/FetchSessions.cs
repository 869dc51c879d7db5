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

/// <summary>The fetch sessions of all clients, bounded in number and in partitions. Whoever finds no room does without a session, which is always allowed.</summary>
internal sealed class FetchSessions(KafkaOptions options, TimeProvider clock)
{
    private const int InitialEpoch = 0;
    private const int FinalEpoch = -1;

    private readonly Lock _gate = new();
    private readonly Dictionary<int, FetchSession> _sessions = [];
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

    /// <summary>Applies a request to its session, or begins one, or does without.</summary>
    public FetchPlan Begin(FetchRequestView request, bool usesTopicIds)
    {
        lock (_gate)
        {
            return request.SessionEpoch is InitialEpoch or FinalEpoch
                ? BeginFull(request, usesTopicIds)
                : BeginIncremental(request, usesTopicIds);
        }
    }

    /// <summary>Notes what a client is told of a partition; see <see cref="SessionPartition.Tell"/>.</summary>
    public bool Tell(SessionPartition partition, in FetchPartitionResult result)
    {
        lock (_gate)
        {
            return partition.Tell(result);
        }
    }

    /// <summary>See <see cref="FetchSession.EndTurnAt"/>.</summary>
    public void EndTurnAt(FetchSession session, SessionPartition partition)
    {
        lock (_gate)
        {
            session.EndTurnAt(partition);
        }
    }

    private FetchPlan BeginFull(FetchRequestView request, bool usesTopicIds)
    {
        if (_sessions.TryGetValue(request.SessionId, out FetchSession? old))
        {
            Remove(old);
        }
        bool wantsSession = request.SessionEpoch == InitialEpoch && request.Partitions.Length > 0;
        FetchSession session = new(wantsSession ? FreeId() : 0, usesTopicIds) { LastUsed = clock.GetTimestamp() };
        session.Update(request);
        if (session.Id != 0 && MakeRoom(session.Count))
        {
            _sessions.Add(session.Id, session);
            _partitions += session.Count;
            return Plan(session, isIncremental: false);
        }
        return Plan(session, isIncremental: false) with { SessionId = 0, Session = null };
    }

    private FetchPlan BeginIncremental(FetchRequestView request, bool usesTopicIds)
    {
        if (!_sessions.TryGetValue(request.SessionId, out FetchSession? session))
        {
            return Failed(KafkaErrorCode.FetchSessionIdNotFound);
        }
        if (session.Epoch != request.SessionEpoch)
        {
            return Failed(KafkaErrorCode.InvalidFetchSessionEpoch);
        }
        if (session.UsesTopicIds != usesTopicIds)
        {
            return Failed(KafkaErrorCode.FetchSessionTopicIdError);
        }
        session.LastUsed = clock.GetTimestamp();
        session.NextEpoch();
        _partitions -= session.Count;
        session.Update(request);
        _partitions += session.Count;
        if (session.Count == 0)
        {
            Remove(session);
            return new FetchPlan(KafkaErrorCode.None, 0, [], null, IsIncremental: true);
        }
        if (_partitions > options.FetchSessionPartitionsMax)
        {
            // The client begins anew, and is then served without a session if there is no room for one.
            Remove(session);
            return Failed(KafkaErrorCode.FetchSessionIdNotFound);
        }
        return Plan(session, isIncremental: true);
    }

    private static FetchPlan Failed(KafkaErrorCode error) => new(error, 0, [], null, IsIncremental: true);

    private static FetchPlan Plan(FetchSession session, bool isIncremental) => new(
        KafkaErrorCode.None, session.Id, Array.ConvertAll(session.InTurn(), static p => new FetchTarget(p, p.Wanted)), session, isIncremental);

    private bool MakeRoom(int partitions)
    {
        if (partitions > options.FetchSessionPartitionsMax)
        {
            return false;
        }
        while (_sessions.Count >= options.FetchSessionsMax || _partitions + partitions > options.FetchSessionPartitionsMax)
        {
            FetchSession? oldest = _sessions.Values.MinBy(static s => s.LastUsed);
            if (oldest is null || clock.GetElapsedTime(oldest.LastUsed) < options.FetchSessionIdleTimeout)
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
        _partitions -= session.Count;
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
