namespace StreamHouse.Kafka;

/// <summary>The protocol's error codes.</summary>
public enum KafkaErrorCode : short
{
    /// <summary>An error that has no code of its own.</summary>
    UnknownServerError = -1,

    /// <summary>Success.</summary>
    None = 0,

    /// <summary>The offset is not in the log.</summary>
    OffsetOutOfRange = 1,

    /// <summary>A batch is damaged.</summary>
    CorruptMessage = 2,

    /// <summary>The broker does not have this topic or partition.</summary>
    UnknownTopicOrPartition = 3,

    /// <summary>The size asked for is invalid.</summary>
    InvalidFetchSize = 4,

    /// <summary>The partition has no leader for now.</summary>
    LeaderNotAvailable = 5,

    /// <summary>This broker does not lead the partition; the client asks for metadata anew.</summary>
    NotLeaderOrFollower = 6,

    /// <summary>The request took longer than it may.</summary>
    RequestTimedOut = 7,

    /// <summary>The broker is not available.</summary>
    BrokerNotAvailable = 8,

    /// <summary>The replica is not available.</summary>
    ReplicaNotAvailable = 9,

    /// <summary>A batch is larger than the topic's <c>max.message.bytes</c>.</summary>
    MessageTooLarge = 10,

    /// <summary>The text that goes with a committed offset is too long.</summary>
    OffsetMetadataTooLarge = 12,

    /// <summary>The connection broke before an answer came.</summary>
    NetworkException = 13,

    /// <summary>The coordinator is still reading the group's state.</summary>
    CoordinatorLoadInProgress = 14,

    /// <summary>The group has no coordinator for now.</summary>
    CoordinatorNotAvailable = 15,

    /// <summary>This broker is not the group's coordinator.</summary>
    NotCoordinator = 16,

    /// <summary>The topic's name breaks a rule, or the topic must not be used so.</summary>
    InvalidTopicException = 17,

    /// <summary>The batches are larger than a segment.</summary>
    RecordListTooLarge = 18,

    /// <summary>Too few replicas are in sync.</summary>
    NotEnoughReplicas = 19,

    /// <summary>Too few replicas were in sync after the batch was written.</summary>
    NotEnoughReplicasAfterAppend = 20,

    /// <summary>The request asks for an acknowledgement that does not exist.</summary>
    InvalidRequiredAcks = 21,

    /// <summary>The member belongs to an earlier generation of its group.</summary>
    IllegalGeneration = 22,

    /// <summary>The member's protocols have none in common with the group's.</summary>
    InconsistentGroupProtocol = 23,

    /// <summary>The group's name is empty or breaks a rule.</summary>
    InvalidGroupId = 24,

    /// <summary>The group has no such member; it joins anew.</summary>
    UnknownMemberId = 25,

    /// <summary>The session timeout is outside the broker's limits.</summary>
    InvalidSessionTimeout = 26,

    /// <summary>The group is rebalancing; the member joins again.</summary>
    RebalanceInProgress = 27,

    /// <summary>The committed offset's text is too long.</summary>
    InvalidCommitOffsetSize = 28,

    /// <summary>The client may not use the topic.</summary>
    TopicAuthorizationFailed = 29,

    /// <summary>The client may not use the group.</summary>
    GroupAuthorizationFailed = 30,

    /// <summary>The client may not do this to the cluster.</summary>
    ClusterAuthorizationFailed = 31,

    /// <summary>A record's timestamp is out of range.</summary>
    InvalidTimestamp = 32,

    /// <summary>The SASL mechanism is not supported.</summary>
    UnsupportedSaslMechanism = 33,

    /// <summary>The request is not valid in this state of the SASL exchange.</summary>
    IllegalSaslState = 34,

    /// <summary>The version of the API is not supported.</summary>
    UnsupportedVersion = 35,

    /// <summary>A topic of this name exists.</summary>
    TopicAlreadyExists = 36,

    /// <summary>The number of partitions is out of range.</summary>
    InvalidPartitions = 37,

    /// <summary>The replication factor is out of range.</summary>
    InvalidReplicationFactor = 38,

    /// <summary>The assignment of replicas is invalid.</summary>
    InvalidReplicaAssignment = 39,

    /// <summary>A setting is unknown or out of range.</summary>
    InvalidConfig = 40,

    /// <summary>This broker is not the controller.</summary>
    NotController = 41,

    /// <summary>The request contradicts itself or a field is out of range.</summary>
    InvalidRequest = 42,

    /// <summary>The batches' format does not support this.</summary>
    UnsupportedForMessageFormat = 43,

    /// <summary>A policy forbids it.</summary>
    PolicyViolation = 44,

    /// <summary>The producer's sequence leaves a gap.</summary>
    OutOfOrderSequenceNumber = 45,

    /// <summary>The producer sent this sequence before.</summary>
    DuplicateSequenceNumber = 46,

    /// <summary>The producer's epoch is older than one already seen.</summary>
    InvalidProducerEpoch = 47,

    /// <summary>The transaction's state does not allow this.</summary>
    InvalidTxnState = 48,

    /// <summary>The producer id does not belong to the transactional id.</summary>
    InvalidProducerIdMapping = 49,

    /// <summary>The transaction timeout is larger than the broker allows.</summary>
    InvalidTransactionTimeout = 50,

    /// <summary>Another request is changing the transaction.</summary>
    ConcurrentTransactions = 51,

    /// <summary>A newer coordinator took over.</summary>
    TransactionCoordinatorFenced = 52,

    /// <summary>The client may not use the transactional id.</summary>
    TransactionalIdAuthorizationFailed = 53,

    /// <summary>Access control is switched off.</summary>
    SecurityDisabled = 54,

    /// <summary>The operation was not tried.</summary>
    OperationNotAttempted = 55,

    /// <summary>Storage failed.</summary>
    KafkaStorageError = 56,

    /// <summary>The broker does not have this log directory.</summary>
    LogDirNotFound = 57,

    /// <summary>Authentication failed.</summary>
    SaslAuthenticationFailed = 58,

    /// <summary>The broker knows nothing of this producer.</summary>
    UnknownProducerId = 59,

    /// <summary>Partitions are being moved.</summary>
    ReassignmentInProgress = 60,

    /// <summary>Delegation tokens are switched off.</summary>
    DelegationTokenAuthDisabled = 61,

    /// <summary>The delegation token is unknown.</summary>
    DelegationTokenNotFound = 62,

    /// <summary>The delegation token belongs to another.</summary>
    DelegationTokenOwnerMismatch = 63,

    /// <summary>Delegation tokens are not allowed on this connection.</summary>
    DelegationTokenRequestNotAllowed = 64,

    /// <summary>The client may not use the delegation token.</summary>
    DelegationTokenAuthorizationFailed = 65,

    /// <summary>The delegation token has expired.</summary>
    DelegationTokenExpired = 66,

    /// <summary>The type of the principal is not supported.</summary>
    InvalidPrincipalType = 67,

    /// <summary>The group has members.</summary>
    NonEmptyGroup = 68,

    /// <summary>There is no such group.</summary>
    GroupIdNotFound = 69,

    /// <summary>There is no such fetch session; the client begins a new one.</summary>
    FetchSessionIdNotFound = 70,

    /// <summary>The fetch session's epoch is not the next one.</summary>
    InvalidFetchSessionEpoch = 71,

    /// <summary>The leader has no listener of this name.</summary>
    ListenerNotFound = 72,

    /// <summary>Topics may not be deleted.</summary>
    TopicDeletionDisabled = 73,

    /// <summary>The client's leader epoch is older than the partition's.</summary>
    FencedLeaderEpoch = 74,

    /// <summary>The client's leader epoch is newer than the partition's.</summary>
    UnknownLeaderEpoch = 75,

    /// <summary>The compression is not supported in this version.</summary>
    UnsupportedCompressionType = 76,

    /// <summary>The broker's epoch has changed.</summary>
    StaleBrokerEpoch = 77,

    /// <summary>The end of the log is not known yet.</summary>
    OffsetNotAvailable = 78,

    /// <summary>The member has been given an id, with which it joins again.</summary>
    MemberIdRequired = 79,

    /// <summary>The preferred leader is not available.</summary>
    PreferredLeaderNotAvailable = 80,

    /// <summary>The group has as many members as it may have.</summary>
    GroupMaxSizeReached = 81,

    /// <summary>Another member took over this static instance id.</summary>
    FencedInstanceId = 82,

    /// <summary>No replica may become leader.</summary>
    EligibleLeadersNotAvailable = 83,

    /// <summary>The leader is the preferred one already.</summary>
    ElectionNotNeeded = 84,

    /// <summary>No partition is being moved.</summary>
    NoReassignmentInProgress = 85,

    /// <summary>The group's members are subscribed to the topic.</summary>
    GroupSubscribedToTopic = 86,

    /// <summary>A record breaks a rule of its topic.</summary>
    InvalidRecord = 87,

    /// <summary>An offset is part of an open transaction.</summary>
    UnstableOffsetCommit = 88,

    /// <summary>The client exceeded its quota.</summary>
    ThrottlingQuotaExceeded = 89,

    /// <summary>A newer producer took over the transactional id.</summary>
    ProducerFenced = 90,

    /// <summary>There is no such resource.</summary>
    ResourceNotFound = 91,

    /// <summary>The resource exists already.</summary>
    DuplicateResource = 92,

    /// <summary>The credential is not acceptable.</summary>
    UnacceptableCredential = 93,

    /// <summary>The voters differ.</summary>
    InconsistentVoterSet = 94,

    /// <summary>The version to update to is invalid.</summary>
    InvalidUpdateVersion = 95,

    /// <summary>The feature could not be updated.</summary>
    FeatureUpdateFailed = 96,

    /// <summary>The principal could not be read.</summary>
    PrincipalDeserializationFailure = 97,

    /// <summary>There is no such snapshot.</summary>
    SnapshotNotFound = 98,

    /// <summary>The position is not in the snapshot.</summary>
    PositionOutOfRange = 99,

    /// <summary>The broker does not have a topic of this id.</summary>
    UnknownTopicId = 100,

    /// <summary>The broker is registered already.</summary>
    DuplicateBrokerRegistration = 101,

    /// <summary>The broker is not registered.</summary>
    BrokerIdNotRegistered = 102,

    /// <summary>The topic's id differs from the log's.</summary>
    InconsistentTopicId = 103,

    /// <summary>The cluster's id differs.</summary>
    InconsistentClusterId = 104,

    /// <summary>The transactional id is unknown.</summary>
    TransactionalIdNotFound = 105,

    /// <summary>The fetch session mixes topic names and ids.</summary>
    FetchSessionTopicIdError = 106,
}
