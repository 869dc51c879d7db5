using StreamHouse.Broker.Metadata;
using StreamHouse.Storage.Metadata;
using StreamHouse.Storage.Metadata.Sqlite;

namespace StreamHouse.Tests.Metadata;

public sealed class SqliteFileTopicStoreTests : TopicStoreContract
{
    private readonly TemporaryMetadataFile _file = new();

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _file.Dispose();
    }

    protected override async Task<IMetadataStore> OpenAsync() => await SqlMetadataStore.OpenSqliteAsync(_file.Options, Clock, Ct);
}

public sealed class SqliteMemoryTopicStoreTests : TopicStoreContract
{
    protected override async Task<IMetadataStore> OpenAsync() => await SqlMetadataStore.OpenInMemoryAsync(Clock, Ct);
}

/// <summary>A folder with a metadata file, removed afterwards.</summary>
internal sealed class TemporaryMetadataFile : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("streamhouse-metadata-").FullName;

    public string Path => System.IO.Path.Combine(_folder, "metadata.db");

    public SqliteOptions Options => new() { Path = Path };

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
