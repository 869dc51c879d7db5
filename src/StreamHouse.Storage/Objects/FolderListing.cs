using StreamHouse.Broker.Segments;

namespace StreamHouse.Storage.Objects;

/// <summary>Lists the files under a folder in the order of their keys.</summary>
internal sealed class FolderListing
{
    private readonly string _prefix;
    private readonly string? _after;
    private readonly int _limit;
    private readonly CancellationToken _ct;
    private readonly List<StoredObject> _found = [];

    private FolderListing(string prefix, string? after, int limit, CancellationToken ct)
    {
        _prefix = prefix;
        _after = after;
        _limit = limit;
        _ct = ct;
    }

    public static IReadOnlyList<StoredObject> List(string root, string prefix, string? after, int limit, CancellationToken ct)
    {
        var listing = new FolderListing(prefix, after, limit, ct);
        listing.Walk(new DirectoryInfo(root), "");
        return listing._found;
    }

    // Folders are compared with their slash: that makes a walk in name order a walk in key order.
    private void Walk(DirectoryInfo folder, string folderKey)
    {
        _ct.ThrowIfCancellationRequested();
        foreach ((string key, FileSystemInfo entry) in Entries(folder, folderKey))
        {
            if (_found.Count == _limit)
            {
                return;
            }
            if (entry is DirectoryInfo inner)
            {
                Walk(inner, key);
            }
            else if (entry is FileInfo { Exists: true } file)
            {
                _found.Add(new StoredObject(key, file.Length, new DateTimeOffset(file.LastWriteTimeUtc)));
            }
        }
    }

    private List<(string Key, FileSystemInfo Entry)> Entries(DirectoryInfo folder, string folderKey)
    {
        var entries = new List<(string Key, FileSystemInfo Entry)>();
        try
        {
            foreach (FileSystemInfo entry in folder.EnumerateFileSystemInfos())
            {
                bool isFolder = entry is DirectoryInfo;
                string key = folderKey + entry.Name + (isFolder ? "/" : "");
                if (entry.Name[0] != '.' && (isFolder ? MayHold(key) : Matches(key)))
                {
                    entries.Add((key, entry));
                }
            }
        }
        catch (DirectoryNotFoundException)
        {
            // Removed while we walk: what it held is gone.
        }
        entries.Sort(static (a, b) => string.CompareOrdinal(a.Key, b.Key));
        return entries;
    }

    private bool Matches(string key) =>
        key.StartsWith(_prefix, StringComparison.Ordinal) && (_after is null || string.CompareOrdinal(key, _after) > 0);

    private bool MayHold(string folderKey)
    {
        bool underPrefix = folderKey.StartsWith(_prefix, StringComparison.Ordinal) || _prefix.StartsWith(folderKey, StringComparison.Ordinal);
        return underPrefix
            && (_after is null || string.CompareOrdinal(folderKey, _after) > 0 || _after.StartsWith(folderKey, StringComparison.Ordinal));
    }
}
