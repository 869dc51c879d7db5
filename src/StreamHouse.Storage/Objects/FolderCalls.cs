using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace StreamHouse.Storage.Objects;

/// <summary>The system calls that the folder store needs and .NET does not offer, or offers without telling of failure.</summary>
internal static partial class FolderCalls
{
    private const int AtCurrentFolder = -100;
    private const uint RenameNoReplace = 1;
    private const int SyncWaitBefore = 1;
    private const int SyncWrite = 2;
    private const int SyncWaitAfter = 4;
    private const int OpenReadFolder = 0x80000 | 0x10000; // O_CLOEXEC | O_DIRECTORY
    private const int NoSuchCall = 38;
    private const int InvalidArgument = 22;
    private const int NotSupported = 95;

    /// <summary>File exists.</summary>
    public const int FileExists = 17;

    /// <summary>No such file or folder.</summary>
    public const int NoEntry = 2;

    /// <summary>Renames without overwriting. Where the file system cannot, links and unlinks: as atomic for those who look.</summary>
    /// <returns>0, or the error number.</returns>
    public static int RenameNew(string from, string to)
    {
        int error = RenameAt2(AtCurrentFolder, from, AtCurrentFolder, to, RenameNoReplace) == 0 ? 0 : Marshal.GetLastPInvokeError();
        if (error is not (NoSuchCall or InvalidArgument or NotSupported))
        {
            return error;
        }
        if (Link(from, to) != 0)
        {
            return Marshal.GetLastPInvokeError();
        }
        return Unlink(from) == 0 ? 0 : Marshal.GetLastPInvokeError();
    }

    /// <summary>Reserves space for a file, where the file system can. Unlike the size given to File.OpenHandle it tells a full disk by its error number.</summary>
    public static void Reserve(SafeFileHandle file, long bytes)
    {
        int error = bytes == 0 ? 0 : Allocate(file, 0, bytes);
        if (error is not (0 or NoSuchCall or InvalidArgument or NotSupported))
        {
            throw Failed("posix_fallocate", error);
        }
    }

    /// <summary>
    /// Writes a range's dirty pages to the device and waits: not durable by itself, but the final sync finds nothing left to do and no other
    /// file's sync has to wait for more than this.
    /// </summary>
    public static void WriteBack(SafeFileHandle file, long position, long length)
    {
        if (SyncFileRange(file, position, length, SyncWaitBefore | SyncWrite | SyncWaitAfter) != 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (error is not (NoSuchCall or InvalidArgument or NotSupported))
            {
                throw Failed("sync_file_range", error);
            }
            Sync(file);
        }
    }

    /// <summary>Makes a file's bytes and size durable. Unlike RandomAccess.FlushToDisk it hides no error.</summary>
    public static void Sync(SafeFileHandle file)
    {
        if (DataSync(file) != 0)
        {
            throw Failed("fdatasync", Marshal.GetLastPInvokeError());
        }
    }

    /// <summary>Makes a folder's entries durable.</summary>
    public static void SyncFolder(string path)
    {
        using SafeFileHandle folder = Open(path, OpenReadFolder);
        if (folder.IsInvalid)
        {
            throw Failed($"opening folder '{path}'", Marshal.GetLastPInvokeError());
        }
        if (FileSync(folder) != 0)
        {
            throw Failed($"fsync of folder '{path}'", Marshal.GetLastPInvokeError());
        }
    }

    /// <summary>Removes a folder if it is empty.</summary>
    public static bool TryRemoveFolder(string path) => RemoveFolder(path) == 0;

    /// <summary>An exception with the error number where .NET's own puts it.</summary>
    public static IOException Failed(string call, int error) => new($"{call}: {Marshal.GetPInvokeErrorMessage(error)}", error);

    [LibraryImport("libc", EntryPoint = "renameat2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameAt2(int fromFolder, string from, int toFolder, string to, uint flags);

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string from, string to);

    [LibraryImport("libc", EntryPoint = "unlink", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Unlink(string path);

    [LibraryImport("libc", EntryPoint = "rmdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RemoveFolder(string path);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "sync_file_range", SetLastError = true)]
    private static partial int SyncFileRange(SafeFileHandle file, long position, long length, uint flags);

    [LibraryImport("libc", EntryPoint = "posix_fallocate")]
    private static partial int Allocate(SafeFileHandle file, long offset, long length);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int DataSync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FileSync(SafeFileHandle file);
}
