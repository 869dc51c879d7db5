using System.Reflection;
using System.Runtime.InteropServices;
using SQLitePCL;

namespace StreamHouse.Storage.Metadata.Sqlite;

/// <summary>
/// Chooses the SQLite library once per process: the system's when it is new enough, for it gets the distribution's fixes; else the one we carry.
/// </summary>
/// <remarks>
/// To be called before anything of the process uses SQLite: calls are bound to a library one by one, each when it is first made, and those
/// bound before the choice would stay with the one we carry. A database handed from one library to the other ends the process.
/// </remarks>
internal static class SqliteNative
{
    // The first version with RETURNING.
    private const int VersionMin = 3_035_000;

    // SQLITE_CONFIG_MEMSTATUS, https://www.sqlite.org/c3ref/c_config_covering_index_scan.html
    private const int MemoryStatistics = 9;

    private static readonly Lazy<bool> Initialized = new(Initialize);

    public static void EnsureInitialized() => _ = Initialized.Value;

    private static bool Initialize()
    {
        if (LoadSystemLibrary() is { } system)
        {
            NativeLibrary.SetDllImportResolver(
                typeof(SQLite3Provider_e_sqlite3).Assembly,
                (name, _, _) => name == "e_sqlite3" ? system : IntPtr.Zero);
        }
        Batteries_V2.Init();

        // Nobody asks SQLite how much memory it uses, and counting takes a lock of the whole process at every allocation.
        raw.sqlite3_config(MemoryStatistics, 0);
        return true;
    }

    private static unsafe IntPtr? LoadSystemLibrary()
    {
        if (!NativeLibrary.TryLoad("libsqlite3.so.0", Assembly.GetExecutingAssembly(), DllImportSearchPath.SafeDirectories, out IntPtr library))
        {
            return null;
        }
        if (NativeLibrary.TryGetExport(library, "sqlite3_libversion_number", out IntPtr version) && ((delegate* unmanaged<int>)version)() >= VersionMin)
        {
            return library;
        }
        NativeLibrary.Free(library);
        return null;
    }
}
