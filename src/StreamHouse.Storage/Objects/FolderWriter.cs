using System.Collections.Concurrent;
using Microsoft.Win32.SafeHandles;
using StreamHouse.Broker.Segments;
using StreamHouse.Storage.Files;

namespace StreamHouse.Storage.Objects;

/// <summary>The changing half of the folder store; blocking.</summary>
internal sealed class FolderWriter(string root, int stepBytes)
{
    /// <summary>Beside the objects, so that a rename never crosses file systems; a key cannot begin with a dot.</summary>
    private const string TemporaryFolder = ".tmp";
    private const int KnownFoldersMax = 65_536;
    private const int FolderRacesMax = 16;
    private const int CheckBytes = 64 * 1024;

    private readonly string _temporary = Path.Join(root, TemporaryFolder);

    // One for each object that is being written.
    private readonly ConcurrentBag<Memory<byte>> _steps = [];

    // Folders whose own entry, and those of all above them, are durable. A folder made by a process that died before its sync is not here.
    private readonly ConcurrentDictionary<string, bool> _known = new(StringComparer.Ordinal);

    /// <summary>Makes the folders and removes temporary files that nobody is writing.</summary>
    public void Prepare()
    {
        Directory.CreateDirectory(_temporary);
        FolderCalls.SyncFolder(root);
        if (Path.GetDirectoryName(root) is { } parent)
        {
            FolderCalls.SyncFolder(parent);
        }
        foreach (string path in Directory.EnumerateFiles(_temporary))
        {
            RemoveIfStale(path);
        }
    }

    public void Put(string key, IReadOnlyList<ReadOnlyMemory<byte>> content, CancellationToken ct)
    {
        string target = Path.Join(root, key);
        if (File.Exists(target))
        {
            throw new ObjectExistsException(key);
        }
        string temporary = Path.Join(_temporary, Guid.NewGuid().ToString("N"));
        try
        {
            Write(temporary, content, ct);
            MoveIntoPlace(key, temporary, target);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
        FolderCalls.SyncFolder(Path.GetDirectoryName(target)!);
    }

    public void Delete(string key)
    {
        string path = Path.Join(root, key);
        try
        {
            File.Delete(path);
        }
        catch (DirectoryNotFoundException)
        {
            return;
        }

        // Folders of deleted topics would pile up. A put that loses its folder here makes it again.
        for (string folder = Path.GetDirectoryName(path)!; folder.Length > root.Length; folder = Path.GetDirectoryName(folder)!)
        {
            _known.TryRemove(folder, out _);
            if (!FolderCalls.TryRemoveFolder(folder))
            {
                break;
            }
        }
    }

    /// <summary>Writes and syncs a file, and removes it again: a full disk makes files without complaint as long as they are empty.</summary>
    public void Check()
    {
        string path = Path.Join(_temporary, Guid.NewGuid().ToString("N"));
        using SafeFileHandle file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.None);
        try
        {
            RandomAccess.Write(file, new byte[CheckBytes], 0);
            FolderCalls.Sync(file);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private void Write(string path, IReadOnlyList<ReadOnlyMemory<byte>> content, CancellationToken ct)
    {
        long total = 0;
        foreach (ReadOnlyMemory<byte> piece in content)
        {
            total += piece.Length;
        }
        Memory<byte> step = _steps.TryTake(out Memory<byte> idle) ? idle : AlignedMemory.Allocate(stepBytes);
        try
        {
            using ObjectFile file = new(path, total, step);
            foreach (ReadOnlyMemory<byte> piece in content)
            {
                file.Append(piece.Span, ct);
            }
            file.Finish();
        }
        finally
        {
            _steps.Add(step);
        }
    }

    private void MoveIntoPlace(string key, string temporary, string target)
    {
        string folder = Path.GetDirectoryName(target)!;
        for (int attempt = 1; ; attempt++)
        {
            MakeFolder(folder);
            int error = FolderCalls.RenameNew(temporary, target);
            switch (error)
            {
                case 0:
                    return;
                case FolderCalls.FileExists:
                    throw new ObjectExistsException(key);
                case FolderCalls.NoEntry when attempt < FolderRacesMax:
                    // A delete removed the empty folder meanwhile.
                    _known.Clear();
                    break;
                default:
                    throw FolderCalls.Failed("rename", error);
            }
        }
    }

    private void MakeFolder(string folder)
    {
        if (folder.Length <= root.Length || _known.ContainsKey(folder))
        {
            return;
        }
        string parent = Path.GetDirectoryName(folder)!;
        MakeFolder(parent);
        CreateFolder(folder);
        FolderCalls.SyncFolder(parent);
        if (_known.Count >= KnownFoldersMax)
        {
            _known.Clear();
        }
        _known[folder] = true;
    }

    private static void CreateFolder(string folder)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                Directory.CreateDirectory(folder);
                return;
            }
            catch (IOException) when (attempt < 10 && !File.Exists(folder))
            {
                // It was there when it was to be made, and gone when .NET looked: someone removed it because it was empty.
            }
        }
    }

    private static void RemoveIfStale(string path)
    {
        try
        {
            using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Write, FileShare.None);
            File.Delete(path);
        }
        catch (IOException)
        {
            // Locked: another process is writing it, or has just moved it away.
        }
    }
}
