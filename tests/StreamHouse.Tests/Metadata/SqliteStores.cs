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

public sealed class SqliteFileLeaseTests : LeaseStoreContract
{
    private readonly TemporaryMetadataFile _file = new();

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _file.Dispose();
    }

    protected override async Task<IMetadataStore> OpenAsync() => await SqlMetadataStore.OpenSqliteAsync(_file.Options, Clock, Ct);
}

public sealed class SqliteMemoryLeaseTests : LeaseStoreContract
{
    protected override async Task<IMetadataStore> OpenAsync() => await SqlMetadataStore.OpenInMemoryAsync(Clock, Ct);
}

public sealed class SqliteFileManifestTests : ManifestStoreContract
{
    private readonly TemporaryMetadataFile _file = new();

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _file.Dispose();
    }

    protected override async Task<IMetadataStore> OpenAsync() => await SqlMetadataStore.OpenSqliteAsync(_file.Options, Clock, Ct);
}

public sealed class SqliteMemoryManifestTests : ManifestStoreContract
{
    protected override async Task<IMetadataStore> OpenAsync() => await SqlMetadataStore.OpenInMemoryAsync(Clock, Ct);
}

public sealed class SqliteFileGroupOffsetTests : GroupStoreContract
{
    private readonly TemporaryMetadataFile _file = new();

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _file.Dispose();
    }

    protected override async Task<IMetadataStore> OpenAsync() => await SqlMetadataStore.OpenSqliteAsync(_file.Options, Clock, Ct);
}

public sealed class SqliteMemoryGroupOffsetTests : GroupStoreContract
{
    protected override async Task<IMetadataStore> OpenAsync() => await SqlMetadataStore.OpenInMemoryAsync(Clock, Ct);
}

public sealed class SqliteFileObjectLedgerTests : ObjectLedgerContract
{
    private readonly TemporaryMetadataFile _file = new();

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _file.Dispose();
    }

    protected override async Task<IMetadataStore> OpenAsync() => await SqlMetadataStore.OpenSqliteAsync(_file.Options, Clock, Ct);
}

public sealed class SqliteMemoryObjectLedgerTests : ObjectLedgerContract
{
    protected override async Task<IMetadataStore> OpenAsync() => await SqlMetadataStore.OpenInMemoryAsync(Clock, Ct);
}
