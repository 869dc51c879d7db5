using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;
using StreamHouse.Storage.Metadata.Sqlite;

namespace StreamHouse.Storage.Metadata;

/// <summary>
/// The metadata of a cluster in an SQL database. Each port's transactions are in their own file (<c>TopicSql</c>, <c>LeaseSql</c>, …);
/// the dialect holds what differs between databases, the executor owns connections and threads.
/// </summary>
public sealed class SqlMetadataStore : IMetadataStore, IAsyncDisposable
{
    private readonly ISqlExecutor _sql;

    private SqlMetadataStore(ISqlExecutor sql) => _sql = sql;

    /// <summary>The executor, for tests that look at the tables.</summary>
    internal ISqlExecutor Executor => _sql;

    /// <summary>Opens (or creates) a SQLite file and brings it to this version's tables.</summary>
    /// <exception cref="Broker.BrokerException">
    /// <see cref="Broker.BrokerErrorCode.DataDamaged"/> when the file is not a sound database, <see cref="Broker.BrokerErrorCode.StorageFailed"/>
    /// when it cannot be opened or is of a newer version, <see cref="Broker.BrokerErrorCode.NoSpace"/> when the disk is full.
    /// </exception>
    public static Task<SqlMetadataStore> OpenSqliteAsync(SqliteOptions options, TimeProvider clock, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(clock);
        return OpenAsync(SqliteExecutor.Open(options, clock), ct);
    }

    /// <summary>Opens an empty SQLite database in memory that runs on its callers' threads: for tests and simulation.</summary>
    public static Task<SqlMetadataStore> OpenInMemoryAsync(TimeProvider clock, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(clock);
        return OpenAsync(new InlineSqlExecutor(SqliteConnections.OpenInMemory(clock)), ct);
    }

    internal static async Task<SqlMetadataStore> OpenAsync(ISqlExecutor sql, CancellationToken ct)
    {
        try
        {
            await sql.WriteAsync(Migrations.Apply, ct);
            return new SqlMetadataStore(sql);
        }
        catch
        {
            await sql.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _sql.DisposeAsync();

    /// <inheritdoc/>
    public Task<(Guid ClusterId, bool Created)> GetOrCreateClusterAsync(Guid candidate, CancellationToken ct) =>
        _sql.WriteAsync(s => ClusterSql.GetOrCreate(s, candidate), ct);

    /// <inheritdoc/>
    public Task<Exception> Failed => _sql.Failed;

    /// <inheritdoc/>
    public Task CheckAsync(CancellationToken ct) => _sql.WriteAsync(ClusterSql.Check, ct);

    /// <inheritdoc/>
    public Task<long> ReadMilestoneAsync(CancellationToken ct) => _sql.ReadAsync(ClusterSql.ReadMilestone, ct);

    /// <inheritdoc/>
    public Task<long> RaiseMilestoneAsync(CancellationToken ct) => _sql.WriteAsync(ClusterSql.RaiseMilestone, ct);

    /// <inheritdoc/>
    public Task AdvancePastAsync(long milestone, CancellationToken ct) => _sql.WriteAsync(s => ClusterSql.AdvancePast(s, milestone), ct);

    /// <inheritdoc/>
    public Task<long> AllocateProducerIdsAsync(int count, CancellationToken ct)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        return _sql.WriteAsync(s => ClusterSql.AllocateProducerIds(s, count), ct);
    }

    /// <inheritdoc/>
    public Task CreateTopicAsync(TopicDescription topic, CancellationToken ct) => _sql.WriteAsync(s => TopicSql.Create(s, topic), ct);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<TopicDescription>> ListTopicsAsync(CancellationToken ct) => await _sql.ReadAsync(TopicSql.List, ct);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<TopicId>> ListDeletedTopicsAsync(CancellationToken ct) => await _sql.ReadAsync(TopicSql.ListDeleted, ct);

    /// <inheritdoc/>
    public Task SetTopicConfigAsync(TopicId topic, TopicConfig config, CancellationToken ct) =>
        _sql.WriteAsync(s => TopicSql.SetConfig(s, topic, config), ct);

    /// <inheritdoc/>
    public Task AddPartitionsAsync(TopicId topic, int partitions, CancellationToken ct) =>
        _sql.WriteAsync(s => TopicSql.AddPartitions(s, topic, partitions), ct);

    /// <inheritdoc/>
    public Task DeleteTopicAsync(TopicId topic, CancellationToken ct) => _sql.WriteAsync(s => TopicSql.Delete(s, topic), ct);

    /// <inheritdoc/>
    public Task RegisterSessionAsync(Session session, TimeSpan? timeToLive, CancellationToken ct) =>
        _sql.WriteAsync(s => LeaseSql.Register(s, session, timeToLive), ct);

    /// <inheritdoc/>
    public Task<bool> RenewSessionAsync(Guid incarnation, TimeSpan timeToLive, CancellationToken ct) =>
        _sql.WriteAsync(s => LeaseSql.Renew(s, incarnation, timeToLive), ct);

    /// <inheritdoc/>
    public Task CloseSessionAsync(Guid incarnation, CancellationToken ct) => _sql.WriteAsync(s => LeaseSql.Close(s, incarnation), ct);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<Lease>> TakeAllLeasesAsync(Guid incarnation, Guid nodeLog, CancellationToken ct) =>
        await _sql.WriteAsync(s => LeaseSql.TakeAll(s, incarnation, nodeLog), ct);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<Lease>> TakeTopicLeasesAsync(TopicId topic, Guid incarnation, Guid? nodeLog, CancellationToken ct) =>
        await _sql.WriteAsync(s => LeaseSql.TakeTopic(s, topic, incarnation, nodeLog), ct);

    /// <inheritdoc/>
    public Task<Lease?> TakeLeaseAsync(TopicPartition partition, Guid incarnation, Guid? nodeLog, long? observedEpoch, CancellationToken ct) =>
        _sql.WriteAsync(s => LeaseSql.TakeOne(s, partition, incarnation, nodeLog, observedEpoch), ct);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<TopicPartition>> ListFreeLeasesAsync(CancellationToken ct) => await _sql.ReadAsync(LeaseSql.ListFree, ct);

    /// <inheritdoc/>
    public Task<bool> ReleaseLeaseAsync(TopicPartition partition, Guid incarnation, long epoch, CancellationToken ct) =>
        _sql.WriteAsync(s => LeaseSql.Release(s, partition, incarnation, epoch), ct);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<Lease>> ReadLeasesAsync(IReadOnlyCollection<TopicPartition> partitions, CancellationToken ct) =>
        await _sql.ReadAsync(s => LeaseSql.Read(s, partitions), ct);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<Lease>> ListLeasesAsync(CancellationToken ct) => await _sql.ReadAsync(LeaseSql.List, ct);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<DeletedGroup>> ListDeletedGroupsAsync(CancellationToken ct) => await _sql.ReadAsync(LeaseSql.ListDeletedGroups, ct);

    /// <inheritdoc/>
    public Task ForgetDeletedGroupsAsync(IReadOnlyList<long> groups, CancellationToken ct) =>
        _sql.WriteAsync(s => LeaseSql.ForgetDeletedGroups(s, groups), ct);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<SliceOutcome>> CommitAsync(ObjectCommit commit, CancellationToken ct) =>
        await _sql.WriteAsync(s => CommitSql.Commit(s, commit), ct);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<SegmentRow>> ListSegmentsAsync(TopicPartition partition, long fromOffset, int limit, CancellationToken ct) =>
        await _sql.ReadAsync(s => ManifestSql.List(s, partition, fromOffset, limit), ct);

    /// <inheritdoc/>
    public async Task<IReadOnlyDictionary<TopicPartition, long>> ReadSliceBytesAsync(CancellationToken ct) =>
        await _sql.ReadAsync(ManifestSql.ReadBytes, ct);

    /// <inheritdoc/>
    public Task<SegmentRow?> FindLastSegmentAsync(TopicPartition partition, CancellationToken ct) =>
        _sql.ReadAsync(s => ManifestSql.FindLast(s, partition), ct);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<LeaderEpochRow>> ListLeaderEpochsAsync(TopicPartition partition, CancellationToken ct) =>
        await _sql.ReadAsync(s => ManifestSql.ListEpochs(s, partition), ct);

    /// <inheritdoc/>
    public Task<long?> AdvanceLogStartAsync(TopicPartition partition, Guid holder, long epoch, long logStart, CancellationToken ct) =>
        _sql.WriteAsync(s => ManifestSql.AdvanceLogStart(s, partition, holder, epoch, logStart), ct);

    /// <inheritdoc/>
    public Task<int> PruneAsync(int limit, CancellationToken ct) => _sql.WriteAsync(s => ObjectSql.Prune(s, limit), ct);

    /// <inheritdoc/>
    public async Task<IReadOnlySet<Guid>> FilterKnownAsync(IReadOnlyCollection<Guid> objectIds, CancellationToken ct) =>
        await _sql.ReadAsync(s => ObjectSql.FilterKnown(s, objectIds), ct);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<PartitionKnowledge>> ReadKnowledgeAsync(IReadOnlyCollection<TopicPartition> partitions, CancellationToken ct) =>
        await _sql.ReadAsync(s => ObjectSql.ReadKnowledge(s, partitions), ct);

    /// <inheritdoc/>
    public Task<long> CountPendingDeletesAsync(CancellationToken ct) => _sql.ReadAsync(ObjectSql.CountPending, ct);

    /// <inheritdoc/>
    public Task<long> CountObjectsAsync(CancellationToken ct) => _sql.ReadAsync(ObjectSql.Count, ct);

    /// <inheritdoc/>
    public Task<bool> TombstoneAsync(Guid objectId, string key, long bytes, CancellationToken ct) =>
        _sql.WriteAsync(s => ObjectSql.Tombstone(s, objectId, key, bytes), ct);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<PendingObject>> ListPendingDeletesAsync(TimeSpan age, int limit, CancellationToken ct) =>
        await _sql.ReadAsync(s => ObjectSql.ListPending(s, age, limit), ct);

    /// <inheritdoc/>
    public Task MarkDeletedAsync(IReadOnlyCollection<Guid> objectIds, CancellationToken ct) =>
        _sql.WriteAsync(s => ObjectSql.MarkDeleted(s, objectIds), ct);

    /// <inheritdoc/>
    public Task<int> ForgetTombstonesAsync(TimeSpan age, CancellationToken ct) => _sql.WriteAsync(s => ObjectSql.Forget(s, age), ct);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<bool>> CommitOffsetsAsync(string group, IReadOnlyList<GroupOffset> offsets, CancellationToken ct) =>
        await _sql.WriteAsync(s => GroupSql.Commit(s, group, offsets), ct);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<GroupOffset>> FetchOffsetsAsync(string group, CancellationToken ct) =>
        await _sql.ReadAsync(s => GroupSql.Fetch(s, group), ct);

    /// <inheritdoc/>
    public Task DeleteOffsetsAsync(string group, IReadOnlyCollection<TopicPartition> partitions, CancellationToken ct) =>
        _sql.WriteAsync(s => GroupSql.DeleteOffsets(s, group, partitions), ct);

    /// <inheritdoc/>
    public Task<StoredGroup?> FindGroupAsync(string group, CancellationToken ct) => _sql.ReadAsync(s => GroupSql.Find(s, group), ct);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<StoredGroup>> ListGroupsAsync(CancellationToken ct) => await _sql.ReadAsync(GroupSql.List, ct);

    /// <inheritdoc/>
    public Task SaveGenerationAsync(string group, int generation, string protocolType, CancellationToken ct) =>
        _sql.WriteAsync(s => GroupSql.SaveGeneration(s, group, generation, protocolType), ct);

    /// <inheritdoc/>
    public Task SetEmptiedAsync(string group, DateTimeOffset? emptiedAt, CancellationToken ct) =>
        _sql.WriteAsync(s => GroupSql.SetEmptied(s, group, emptiedAt), ct);

    /// <inheritdoc/>
    public Task<int> ExpireAsync(string group, DateTimeOffset before, CancellationToken ct) =>
        _sql.WriteAsync(s => GroupSql.Expire(s, group, before), ct);

    /// <inheritdoc/>
    public Task<bool> DeleteGroupAsync(string group, CancellationToken ct) => _sql.WriteAsync(s => GroupSql.DeleteGroup(s, group), ct);
}
