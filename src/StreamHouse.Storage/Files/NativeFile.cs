using System.ComponentModel;
using System.Runtime.InteropServices;
using StreamHouse.Broker.NodeLogs;

namespace StreamHouse.Storage.Files;

/// <summary>
/// The system calls on files that have to be durable, with every error reported: <see cref="RandomAccess.FlushToDisk"/> swallows some that mean the
/// data is not on disk.
/// </summary>
internal static partial class NativeFile
{
    public const int ReadOnly = 0;
    public const int ReadWrite = 2;
    public const int Create = 0x40;
    public const int CloseOnExec = 0x80000;
    public const int Truncate = 0x200;

    public const int Interrupted = 4;
    public const int InvalidArgument = 22;

    private const int InputOutput = 5;
    private const int FileTooLarge = 27;
    private const int NoSpace = 28;
    private const int NotSupported = 95;
    private const int QuotaExceeded = 122;

    /// <summary>O_DIRECT, or 0 where its number is not known.</summary>
    public static int Direct { get; } = RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 or Architecture.X86 => 0x4000,
        Architecture.Arm64 or Architecture.Arm => 0x10000,
        _ => 0,
    };

    /// <summary>Opens a file; negative when that failed.</summary>
    public static int TryOpen(string path, int flags, out int error)
    {
        int descriptor;
        do
        {
            descriptor = open(path, flags | CloseOnExec, 0x1A4 /* rw-r--r-- */);
            error = descriptor < 0 ? Marshal.GetLastPInvokeError() : 0;
        }
        while (error == Interrupted);
        return descriptor;
    }

    public static int Open(string path, int flags)
    {
        int descriptor = TryOpen(path, flags, out int error);
        return descriptor >= 0 ? descriptor : throw Failure($"Cannot open {path}", error);
    }

    /// <summary>Writes everything, however many calls it takes. Returns 0 or the error, with nothing to be said about what was written.</summary>
    public static unsafe int Write(int descriptor, byte* data, nint bytes, long position)
    {
        while (bytes > 0)
        {
            nint written = pwrite(descriptor, data, bytes, position);
            if (written < 0)
            {
                int error = Marshal.GetLastPInvokeError();
                if (error != Interrupted)
                {
                    return error;
                }
                continue;
            }
            if (written == 0)
            {
                return InputOutput;
            }
            data += written;
            bytes -= written;
            position += written;
        }
        return 0;
    }

    /// <summary>Makes a file's data durable.</summary>
    /// <exception cref="IOException">It may not be. Trying again would report success without making it so.</exception>
    public static void SyncData(int descriptor, string path) => Sync(fdatasync(descriptor), path);

    /// <summary>Makes a file's data and size durable.</summary>
    public static void SyncAll(int descriptor, string path) => Sync(fsync(descriptor), path);

    /// <summary>Makes a folder's entries durable.</summary>
    public static void SyncFolder(string path)
    {
        int descriptor = Open(path, ReadOnly);
        try
        {
            Sync(fsync(descriptor), path);
        }
        finally
        {
            close(descriptor);
        }
    }

    /// <summary>Reserves the bytes of a file on disk.</summary>
    public static void Reserve(int descriptor, long bytes, string path)
    {
        int error;
        do
        {
            error = posix_fallocate(descriptor, 0, bytes);
        }
        while (error == Interrupted);
        if (error != 0)
        {
            throw Failure($"Cannot reserve {bytes} bytes for {path}", error);
        }
    }

    public static void Close(int descriptor) => close(descriptor);

    /// <summary>The exception for an error number.</summary>
    public static IOException Failure(string what, int error)
    {
        string message = $"{what}: {new Win32Exception(error).Message} (errno {error})";
        return error switch
        {
            NoSpace or QuotaExceeded => new LogDeviceFullException(message),
            NotSupported => new IOException(message + ". The file system cannot reserve space; put the data directory on ext4, xfs, btrfs or tmpfs."),
            FileTooLarge => new IOException(message + ". The file size limit of the process (ulimit -f) is too low."),
            _ => new IOException(message),
        };
    }

    private static void Sync(int result, string path)
    {
        if (result != 0)
        {
            throw Failure($"Cannot sync {path}; what was written last may not be on disk", Marshal.GetLastPInvokeError());
        }
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int open(string path, int flags, int mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int close(int descriptor);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint pwrite(int descriptor, byte* data, nint bytes, long position);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fdatasync(int descriptor);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fsync(int descriptor);

    [LibraryImport("libc")]
    private static partial int posix_fallocate(int descriptor, long offset, long length);
}
