using System.Diagnostics;
using System.Globalization;
using StreamHouse.Broker.Metadata;
using StreamHouse.Broker.Topics;
using StreamHouse.Storage.Metadata;
using StreamHouse.Storage.Metadata.Sqlite;

namespace StreamHouse.Tests.Metadata;

/// <summary>A process that commits is killed: what it was told to be committed is there.</summary>
public class SqliteKillTests
{
    private const string FolderVariable = "STREAMHOUSE_TEST_COMMIT_UNTIL_KILLED";
    private const int Groups = 8;

    private static readonly TopicId Topic = new(new Guid("70000000-0000-4000-8000-00000000000b"));

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_committed_survives_the_kill_of_its_process()
    {
        string folder = Directory.CreateTempSubdirectory("streamhouse-kill-").FullName;
        try
        {
            await KillAfterAsync(folder, commits: 300);

            await using SqlMetadataStore store = await OpenAsync(folder);
            for (int group = 0; group < Groups; group++)
            {
                long reported = Reported(folder, group);
                long found = (await store.FetchOffsetsAsync($"g{group}", Ct))[0].Offset;
                found.ShouldBeInRange(reported, reported + 1, "all that was reported, and at most the one that was under way");
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>The process that is killed runs this alone.</summary>
    [Fact]
    public async Task Commits_until_killed()
    {
        string? folder = Environment.GetEnvironmentVariable(FolderVariable);
        Assert.SkipWhen(folder is null, "runs only in a process of its own, started by the test beside it");
        await using SqlMetadataStore store = await OpenAsync(folder!);
        await store.CreateTopicAsync(new TopicDescription(Topic, "t", 1, Durability.Local, TopicConfig.Default, DateTimeOffset.UnixEpoch), Ct);
        await Task.WhenAll(Enumerable.Range(0, Groups).Select(group => CommitAsync(store, folder!, group)));
    }

    private static async Task CommitAsync(SqlMetadataStore store, string folder, int group)
    {
        await using FileStream report = new(ReportPath(folder, group), FileMode.Create, FileAccess.Write, FileShare.Read, 0);
        for (long i = 1; ; i++)
        {
            await store.CommitOffsetsAsync($"g{group}", [new GroupOffset(new(Topic, 0), i, -1, null, DateTimeOffset.UnixEpoch)], Ct);
            report.WriteByte(1);
        }
    }

    private static async Task KillAfterAsync(string folder, long commits)
    {
        ProcessStartInfo start = new(Path.Combine(AppContext.BaseDirectory, "StreamHouse.Tests"))
        {
            ArgumentList = { "-method", $"*{nameof(SqliteKillTests)}.{nameof(Commits_until_killed)}" },
            RedirectStandardOutput = true,
        };
        start.Environment[FolderVariable] = folder;
        using Process child = Process.Start(start)!;
        try
        {
            while (Enumerable.Range(0, Groups).Any(group => Reported(folder, group) < commits))
            {
                child.HasExited.ShouldBeFalse();
                await Task.Delay(20, Ct);
            }
        }
        finally
        {
            child.Kill();
            await child.WaitForExitAsync(CancellationToken.None);
        }
    }

    private static long Reported(string folder, int group) => new FileInfo(ReportPath(folder, group)) is { Exists: true } file ? file.Length : 0;

    private static string ReportPath(string folder, int group) => Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"reported-{group}"));

    private static Task<SqlMetadataStore> OpenAsync(string folder) =>
        SqlMetadataStore.OpenSqliteAsync(new SqliteOptions { Path = Path.Combine(folder, "metadata.db") }, TimeProvider.System, Ct);
}
