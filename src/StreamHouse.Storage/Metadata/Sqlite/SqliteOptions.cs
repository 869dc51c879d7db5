using System.ComponentModel.DataAnnotations;

namespace StreamHouse.Storage.Metadata.Sqlite;

/// <summary>Settings of a SQLite metadata file.</summary>
public sealed record SqliteOptions
{
    /// <summary>The database file. Made when it does not exist; its folder must.</summary>
    public required string Path { get; init; }

    /// <summary>Connections that read, each with a thread of its own: 1 to 64.</summary>
    [Range(1, 64)]
    public int Readers { get; init; } = 2;

    /// <summary>Transactions that may wait for the writer, and as many for the readers; more make their callers wait.</summary>
    [Range(1, 1_000_000)]
    public int QueueRequestsMax { get; init; } = 4096;

    /// <summary>Waiting changes that share one commit, and so one sync of the disk.</summary>
    [Range(1, 100_000)]
    public int CommitBatchMax { get; init; } = 256;

    /// <summary>How long to wait for another process that has the file locked.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:05:00")]
    public TimeSpan BusyTimeout { get; init; } = TimeSpan.FromSeconds(5);
}
