using System.ComponentModel.DataAnnotations;

namespace StreamHouse.Storage.Objects;

/// <summary>Settings of <see cref="FolderObjectStore"/>.</summary>
public sealed record FolderStoreOptions
{
    /// <summary>The folder; made when it does not exist.</summary>
    public required string Path { get; init; }

    /// <summary>Threads that read; 1 to 64.</summary>
    [Range(1, 64)]
    public int ReadThreads { get; init; } = 2;

    /// <summary>Threads that write, and so objects that are written at the same time; 1 to 16.</summary>
    [Range(1, 16)]
    public int WriteThreads { get; init; } = 2;

    /// <summary>
    /// A file is written and synced in steps of this many bytes, so that another file's sync never waits for more than one step; 64 KiB to 64 MiB.
    /// </summary>
    [Range(64 * 1024, 64 * 1024 * 1024)]
    public int WriteChunkBytes { get; init; } = 1024 * 1024;

    /// <summary>Calls that may wait for a thread, per kind; 1 to 1,000,000. One more is refused with a retriable error.</summary>
    [Range(1, 1_000_000)]
    public int QueuedCallsMax { get; init; } = 10_000;

    /// <summary>What is out of range, one sentence each; empty when all is well.</summary>
    public IReadOnlyList<string> Validate()
    {
        var problems = new List<string>();
        if (string.IsNullOrWhiteSpace(Path))
        {
            problems.Add($"{nameof(Path)} is empty; name the folder that holds the objects.");
        }
        if (ReadThreads is < 1 or > 64)
        {
            problems.Add($"{nameof(ReadThreads)} is {ReadThreads}; it must be from 1 to 64.");
        }
        if (WriteThreads is < 1 or > 16)
        {
            problems.Add($"{nameof(WriteThreads)} is {WriteThreads}; it must be from 1 to 16.");
        }
        if (WriteChunkBytes is < 64 * 1024 or > 64 * 1024 * 1024)
        {
            problems.Add($"{nameof(WriteChunkBytes)} is {WriteChunkBytes}; it must be from 65536 to 67108864.");
        }
        if (QueuedCallsMax is < 1 or > 1_000_000)
        {
            problems.Add($"{nameof(QueuedCallsMax)} is {QueuedCallsMax}; it must be from 1 to 1000000.");
        }
        return problems;
    }
}
