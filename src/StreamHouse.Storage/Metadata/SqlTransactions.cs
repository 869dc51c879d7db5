using System.Data.Common;

namespace StreamHouse.Storage.Metadata;

/// <summary>Begins, commits and rolls back on one session, and turns a driver's errors into the engine's.</summary>
internal sealed class SqlTransactions(SqlSession session)
{
    /// <summary>Runs work in a write transaction of its own.</summary>
    public T Write<T>(Func<SqlSession, T> work) => Run(session.Dialect.BeginWrite, work);

    /// <summary>Runs work over one snapshot.</summary>
    public T Read<T>(Func<SqlSession, T> work) => Run(session.Dialect.BeginRead, work);

    /// <summary>Runs work that only reads, while nobody else uses the database: that is one snapshot without a transaction.</summary>
    public T ReadAlone<T>(Func<SqlSession, T> work)
    {
        try
        {
            return work(session);
        }
        catch (DbException e)
        {
            throw session.Dialect.Translate(e, committing: false);
        }
    }

    /// <summary>Commits what was begun.</summary>
    public void Commit()
    {
        try
        {
            session.Execute("COMMIT");
        }
        catch (DbException e)
        {
            Rollback();
            throw session.Dialect.Translate(e, committing: true);
        }
    }

    /// <summary>Rolls back; does nothing when the database already has.</summary>
    public void Rollback()
    {
        try
        {
            session.Execute("ROLLBACK");
        }
        catch (DbException)
        {
            // Some errors end the transaction by themselves; then there is nothing to roll back.
        }
    }

    private T Run<T>(string begin, Func<SqlSession, T> work)
    {
        T result;
        try
        {
            session.Execute(begin);
        }
        catch (DbException e)
        {
            throw session.Dialect.Translate(e, committing: false);
        }
        try
        {
            result = work(session);
        }
        catch (DbException e)
        {
            Rollback();
            throw session.Dialect.Translate(e, committing: false);
        }
        catch
        {
            Rollback();
            throw;
        }
        Commit();
        return result;
    }
}
