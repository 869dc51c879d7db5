using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace StreamHouse.Server.Hosting;

/// <summary>
/// The data folder, held exclusively by a lock on its <c>.lock</c> file for as long as the process lives. The kernel drops the lock with
/// the process, however it ends; the file stays and tells the holder's process id.
/// </summary>
internal sealed partial class DataFolder : IDisposable
{
    // Linux's numbers, the same on every architecture .NET runs on.
    private const int ReadWriteCreateCloseOnExec = 0x2 | 0x40 | 0x80000;
    private const int OwnerReadsAndWritesOthersRead = 0b110_100_100;
    private const int LockExclusiveNonBlocking = 2 | 4;
    private const int WouldBlock = 11;

    private readonly SafeFileHandle _lock;

    private DataFolder(string path, SafeFileHandle handle)
    {
        Path = path;
        _lock = handle;
    }

    /// <summary>The folder, absolute.</summary>
    public string Path { get; }

    /// <summary>Makes the folder if it is missing and takes its lock.</summary>
    /// <exception cref="StartupException">The folder cannot be made or written to, or another process holds its lock.</exception>
    public static DataFolder Open(string path)
    {
        string full = System.IO.Path.GetFullPath(path);
        SafeFileHandle? handle = null;
        try
        {
            Directory.CreateDirectory(full);
            handle = OpenLockFile(System.IO.Path.Combine(full, ".lock"));
            if (FLock(handle, LockExclusiveNonBlocking) != 0)
            {
                int error = Marshal.GetLastPInvokeError();
                throw error == WouldBlock
                    ? new StartupException(
                        ExitCode.DataFolderInUse,
                        $"The data folder '{full}' is in use by another streamhouse process{DescribeHolder(handle)}. Stop it, or choose another folder with --data-dir.")
                    : new StartupException(
                        ExitCode.DataFolderUnusable,
                        $"The data folder '{full}' cannot be locked ({Marshal.GetPInvokeErrorMessage(error)}): its file system must support flock.");
            }
            RandomAccess.SetLength(handle, 0);
            RandomAccess.Write(handle, Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture) + "\n"), 0);
            DataFolder folder = new(full, handle);
            handle = null;
            return folder;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartupException(
                ExitCode.DataFolderUnusable, $"The data folder '{full}' cannot be used: {e.Message} It must be a folder this user may write to (--data-dir).", e);
        }
        finally
        {
            handle?.Dispose();
        }
    }

    /// <summary>Full path of a name in the folder.</summary>
    public string PathOf(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Gives the folder up.</summary>
    public void Dispose() => _lock.Dispose();

    // Not through FileStream: .NET takes a lock of its own on what it opens, which clashes with ours and can be switched off from outside.
    private static SafeFileHandle OpenLockFile(string path)
    {
        SafeFileHandle handle = Open(path, ReadWriteCreateCloseOnExec, OwnerReadsAndWritesOthersRead);
        if (!handle.IsInvalid)
        {
            return handle;
        }
        int error = Marshal.GetLastPInvokeError();
        handle.Dispose();
        throw new IOException($"{Marshal.GetPInvokeErrorMessage(error)}: '{path}'.");
    }

    private static string DescribeHolder(SafeFileHandle handle)
    {
        Span<byte> text = stackalloc byte[16];
        int length = RandomAccess.Read(handle, text, 0);
        return int.TryParse(Encoding.ASCII.GetString(text[..length]), NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out int pid)
            ? string.Create(CultureInfo.InvariantCulture, $" (pid {pid})") : "";
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int FLock(SafeFileHandle handle, int operation);
}
