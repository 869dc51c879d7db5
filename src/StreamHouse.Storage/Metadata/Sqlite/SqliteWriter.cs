using System.Data.Common;
using Microsoft.Data.Sqlite;
using StreamHouse.Broker.Metadata;

namespace StreamHouse.Storage.Metadata.Sqlite;

/// <summary>Runs changes that wait together in one transaction, each in a savepoint, so that a refused one does not take the others with it.</summary>
internal sealed class SqliteWriter(SqlSession session)
{
    // SQLITE_IOERR_FSYNC and SQLITE_IOERR_DIR_FSYNC
    private const int SyncFailed = 1034;
    private const int FolderSyncFailed = 1290;

    private readonly SqlTransactions _transactions = new(session);
    private readonly List<SqlWork> _done = [];
    private readonly List<(SqlWork Work, Exception Error)> _refused = [];
    private readonly TaskCompletionSource<Exception> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Exception? _poison;

    /// <summary>Ends with the cause when a sync of the file has failed: nothing is written any more.</summary>
    public Task<Exception> Failed => _failed.Task;

    public void Run(List<SqlWork> batch)
    {
        if (batch.Count == 1 || _poison is not null || !TryRunTogether(batch))
        {
            foreach (SqlWork work in batch)
            {
                RunAlone(work);
            }
        }
    }

    /// <returns>False when the database failed before the commit: nothing took effect, and each is to be tried by itself.</returns>
    private bool TryRunTogether(List<SqlWork> batch)
    {
        _done.Clear();
        _refused.Clear();
        try
        {
            session.Execute(session.Dialect.BeginWrite);
            foreach (SqlWork work in batch)
            {
                RunInSavepoint(work);
            }
        }
        catch (DbException e)
        {
            _transactions.Rollback();
            NotePoison(e);
            return false;
        }
        try
        {
            _transactions.Commit();
            _done.ForEach(work => work.Complete());
            _refused.ForEach(refused => refused.Work.Fail(refused.Error));
        }
#pragma warning disable CA1031 // A failed commit is every caller's, and this thread goes on.
        catch (Exception e)
#pragma warning restore CA1031
        {
            NotePoison(e);
            batch.ForEach(work => work.Fail(e));
        }
        return true;
    }

    private void RunInSavepoint(SqlWork work)
    {
        session.Execute("SAVEPOINT one");
        try
        {
            work.Run(session);
            _done.Add(work);
        }
        catch (Exception e) when (e is not DbException)
        {
            session.Execute("ROLLBACK TO one");
            _refused.Add((work, e));
        }
        session.Execute("RELEASE one");
    }

    private void RunAlone(SqlWork work)
    {
        if (_poison is not null)
        {
            work.Fail(Poisoned());
            return;
        }
        try
        {
            _transactions.Write(s =>
            {
                work.Run(s);
                return true;
            });
            work.Complete();
        }
#pragma warning disable CA1031 // Whatever it was belongs to the caller, not to this thread.
        catch (Exception e)
#pragma warning restore CA1031
        {
            NotePoison(e);
            work.Fail(e);
        }
    }

    // After a failed sync the kernel may have dropped the pages and call the next sync a success, so nothing later can be trusted.
    private void NotePoison(Exception error)
    {
        if ((error as SqliteException ?? error.InnerException) is SqliteException { SqliteExtendedErrorCode: SyncFailed or FolderSyncFailed })
        {
            _poison = error;
            _failed.TrySetResult(error);
        }
    }

    private MetadataUnavailableException Poisoned() =>
        new($"The metadata file {session.Dialect.Source} takes no more changes because a sync of it failed; start the process again.", _poison);
}
