namespace StreamHouse.Broker.Groups;

/// <summary>A member of a group. The group's lock guards it.</summary>
internal sealed class Member(string id, string? instanceId)
{
    // A rough figure for the objects of one member, so that members without metadata count too.
    private const int OwnBytes = 1024;

    /// <summary>Changes only when another client takes over a static member.</summary>
    public string Id { get; set; } = id;

    public string? InstanceId { get; } = instanceId;

    public string ClientId { get; private set; } = "";

    public string ClientHost { get; private set; } = "";

    public TimeSpan SessionTimeout { get; private set; }

    public TimeSpan RebalanceTimeout { get; private set; }

    public IReadOnlyList<GroupProtocol> Protocols { get; private set; } = [];

    public ReadOnlyMemory<byte> Assignment { get; set; }

    /// <summary>Has never been part of a generation: nobody counts on it yet.</summary>
    public bool IsNew { get; set; } = true;

    /// <summary>Somebody has been told its id, and may come back with it.</summary>
    public bool IsKnown { get; set; }

    /// <summary>Has asked for the assignment of the generation in force.</summary>
    public bool HasSynced { get; set; }

    /// <summary>When its session ends, as a timestamp of the clock.</summary>
    public long Due { get; set; }

    /// <summary>The call that waits for the next generation.</summary>
    public TaskCompletionSource<JoinResult>? Join { get; set; }

    /// <summary>The call that waits for the leader's assignments.</summary>
    public TaskCompletionSource<SyncResult>? Sync { get; set; }

    /// <summary>Who waits for us cannot be expected to heartbeat. New members are the exception: their client may have given up unheard.</summary>
    public bool IsExempt => !IsNew && (Join is not null || Sync is not null);

    /// <summary>What the member occupies.</summary>
    public long Bytes => BytesOf(Protocols) + Assignment.Length;

    public static long BytesOf(IReadOnlyList<GroupProtocol> protocols)
    {
        long bytes = OwnBytes;
        foreach (GroupProtocol protocol in protocols)
        {
            bytes += 64 + (2L * protocol.Name.Length) + protocol.Metadata.Length;
        }
        return bytes;
    }

    public void Update(JoinRequest request, IReadOnlyList<GroupProtocol> protocols)
    {
        ClientId = GroupName.Shorten(request.ClientId);
        ClientHost = GroupName.Shorten(request.ClientHost);
        SessionTimeout = request.SessionTimeout;
        RebalanceTimeout = request.RebalanceTimeout;
        Protocols = protocols;
    }

    public bool Supports(string protocol)
    {
        foreach (GroupProtocol supported in Protocols)
        {
            if (supported.Name == protocol)
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>Whether these protocols say what the member said before.</summary>
    public bool Matches(IReadOnlyList<GroupProtocol> protocols)
    {
        if (protocols.Count != Protocols.Count)
        {
            return false;
        }
        for (int i = 0; i < protocols.Count; i++)
        {
            if (protocols[i].Name != Protocols[i].Name || !protocols[i].Metadata.Span.SequenceEqual(Protocols[i].Metadata.Span))
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>
    /// Whether these protocols ask for what the member asked for before. What a consumer says it owns does not count: after a restart that is nothing.
    /// </summary>
    public bool WantsAlike(IReadOnlyList<GroupProtocol> protocols, string protocolType)
    {
        if (protocols.Count != Protocols.Count)
        {
            return false;
        }
        for (int i = 0; i < protocols.Count; i++)
        {
            bool isSame = protocols[i].Metadata.Span.SequenceEqual(Protocols[i].Metadata.Span)
                || (protocolType == ConsumerProtocol.ProtocolType
                    && ConsumerProtocol.ReadSubscription(protocols[i].Metadata.Span) is { } now
                    && ConsumerProtocol.ReadSubscription(Protocols[i].Metadata.Span) is { } before
                    && now.ToHashSet(StringComparer.Ordinal).SetEquals(before));
            if (protocols[i].Name != Protocols[i].Name || !isSame)
            {
                return false;
            }
        }
        return true;
    }

    public ReadOnlyMemory<byte> MetadataOf(string? protocol)
    {
        foreach (GroupProtocol supported in Protocols)
        {
            if (supported.Name == protocol)
            {
                return supported.Metadata;
            }
        }
        return default;
    }

    /// <summary>Ends whatever waits for this member.</summary>
    public void Refuse(BrokerErrorCode error, string message)
    {
        RefuseJoin(error, message);
        RefuseSync(error, message);
    }

    public void RefuseJoin(BrokerErrorCode error, string message)
    {
        Join?.TrySetResult(new JoinResult { Error = error, Message = message, MemberId = Id });
        Join = null;
    }

    public void RefuseSync(BrokerErrorCode error, string message)
    {
        Sync?.TrySetResult(new SyncResult { Error = error, Message = message });
        Sync = null;
    }
}
