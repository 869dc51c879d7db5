namespace StreamHouse.Storage.Metadata;

/// <summary>Runs every transaction at once on the caller's thread, over one connection: for databases in memory and for simulation.</summary>
internal sealed class InlineSqlExecutor(SqlSession session) : ISqlExecutor
{
    private readonly SqlTransactions _transactions = new(session);
    private readonly Lock _gate = new();

    /// <summary>Never ends: there is no file whose sync could fail.</summary>
    public Task<Exception> Failed { get; } = new TaskCompletionSource<Exception>().Task;

    public Task<T> WriteAsync<T>(Func<SqlSession, T> work, CancellationToken ct) => Run(static (t, w) => t.Write(w), work, ct);

    public Task<T> ReadAsync<T>(Func<SqlSession, T> work, CancellationToken ct) => Run(static (t, w) => t.ReadAlone(w), work, ct);

    public ValueTask DisposeAsync()
    {
        session.Dispose();
        return ValueTask.CompletedTask;
    }

    private Task<T> Run<T>(Func<SqlTransactions, Func<SqlSession, T>, T> run, Func<SqlSession, T> work, CancellationToken ct)
    {
        if (ct.IsCancellationRequested)
        {
            return Task.FromCanceled<T>(ct);
        }
        try
        {
            lock (_gate)
            {
                return Task.FromResult(run(_transactions, work));
            }
        }
#pragma warning disable CA1031 // The caller gets every failure through the task, as from the other executor.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return Task.FromException<T>(e);
        }
    }
}
