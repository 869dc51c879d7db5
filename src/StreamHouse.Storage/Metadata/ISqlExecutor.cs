namespace StreamHouse.Storage.Metadata;

/// <summary>Runs transactions against one database. How many threads and connections that takes is the executor's own business.</summary>
internal interface ISqlExecutor : IAsyncDisposable
{
    /// <summary>Runs <paramref name="work"/> in one write transaction; the task ends once the commit is durable. The work may run twice, but takes effect once.</summary>
    /// <exception cref="Broker.Metadata.MetadataUnavailableException">The outcome is unknown, or nothing was done.</exception>
    Task<T> WriteAsync<T>(Func<SqlSession, T> work, CancellationToken ct);

    /// <summary>Runs <paramref name="work"/> over one snapshot that includes every write whose task has ended.</summary>
    Task<T> ReadAsync<T>(Func<SqlSession, T> work, CancellationToken ct);

    /// <summary>Ends with the cause when the database takes no more changes from this process.</summary>
    Task<Exception> Failed { get; }
}
