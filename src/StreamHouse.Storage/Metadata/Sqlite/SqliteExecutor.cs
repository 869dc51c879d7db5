using System.Threading.Channels;
using StreamHouse.Broker.Metadata;

namespace StreamHouse.Storage.Metadata.Sqlite;

/// <summary>
/// One thread writes and a few read. All changes that wait share one commit, so that many small ones cost one sync of the disk.
/// </summary>
internal sealed class SqliteExecutor : ISqlExecutor
{
    private readonly Channel<SqlWork> _writes;
    private readonly Channel<SqlWork> _reads;
    private readonly List<SqlThread> _threads = [];

    private SqliteExecutor(SqliteOptions options, SqlSession writer, IReadOnlyList<SqlSession> readers)
    {
        _writes = Channel.CreateBounded<SqlWork>(new BoundedChannelOptions(options.QueueRequestsMax) { SingleReader = true });
        _reads = Channel.CreateBounded<SqlWork>(options.QueueRequestsMax);
        SqliteWriter batches = new(writer);
        Failed = batches.Failed;
        _threads.Add(new SqlThread("metadata-writer", writer, _writes.Reader, options.CommitBatchMax, (_, batch) => batches.Run(batch)));
        foreach (SqlSession reader in readers)
        {
            SqlTransactions transactions = new(reader);
            _threads.Add(new SqlThread("metadata-reader", reader, _reads.Reader, batchMax: 1, (_, batch) => Read(transactions, batch[0])));
        }
    }

    public Task<Exception> Failed { get; }

    /// <summary>Opens the file's connections and starts their threads.</summary>
    public static SqliteExecutor Open(SqliteOptions options, TimeProvider clock)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Readers, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Readers, 64);
        List<SqlSession> open = [];
        try
        {
            open.Add(SqliteConnections.OpenWriter(options, clock));
            for (int i = 0; i < options.Readers; i++)
            {
                open.Add(SqliteConnections.OpenReader(options, clock));
            }
            return new SqliteExecutor(options, open[0], open[1..]);
        }
        catch
        {
            open.ForEach(session => session.Dispose());
            throw;
        }
    }

    public Task<T> WriteAsync<T>(Func<SqlSession, T> work, CancellationToken ct) => EnqueueAsync(_writes.Writer, work, ct);

    public Task<T> ReadAsync<T>(Func<SqlSession, T> work, CancellationToken ct) => EnqueueAsync(_reads.Writer, work, ct);

    public async ValueTask DisposeAsync()
    {
        _writes.Writer.TryComplete();
        _reads.Writer.TryComplete();
        foreach (SqlThread thread in _threads)
        {
            await thread.Ended;
        }
    }

    private static async Task<T> EnqueueAsync<T>(ChannelWriter<SqlWork> queue, Func<SqlSession, T> work, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        SqlWork<T> item = new(work, ct);
        if (!queue.TryWrite(item))
        {
            try
            {
                await queue.WriteAsync(item, ct);
            }
            catch (ChannelClosedException e)
            {
                throw new MetadataUnavailableException("The metadata store is closed.", e);
            }
        }
        return await item.Task;
    }

    private static void Read(SqlTransactions transactions, SqlWork work)
    {
        try
        {
            transactions.Read(session =>
            {
                work.Run(session);
                return true;
            });
            work.Complete();
        }
#pragma warning disable CA1031 // Whatever it was belongs to the caller, not to this thread.
        catch (Exception e)
#pragma warning restore CA1031
        {
            work.Fail(e);
        }
    }
}
