namespace StreamHouse.Storage.Files;

/// <summary>
/// A way into a file past the page cache, for as long as the file system takes it: some never do, and one with blocks larger than
/// <see cref="AlignedMemory.AlignmentBytes"/> refuses what does not fill them. For one caller at a time.
/// </summary>
internal sealed class DirectFile : IDisposable
{
    private int _descriptor;

    /// <param name="path">An existing file.</param>
    public DirectFile(string path) =>
        _descriptor = NativeFile.Direct == 0 ? -1 : NativeFile.TryOpen(path, NativeFile.ReadWrite | NativeFile.Direct, out _);

    /// <summary>Writes everything. Memory, position and length must be aligned.</summary>
    /// <param name="data">What.</param>
    /// <param name="bytes">How much.</param>
    /// <param name="position">Where in the file.</param>
    /// <param name="error">0, or the error number; then nothing is to be said about what was written.</param>
    /// <returns>False when the file system refuses such a write: it has to go through the cache, and so has all that follows.</returns>
    public unsafe bool TryWrite(byte* data, int bytes, long position, out int error)
    {
        error = 0;
        if (_descriptor < 0)
        {
            return false;
        }
        error = NativeFile.Write(_descriptor, data, bytes, position);
        if (error != NativeFile.InvalidArgument)
        {
            return true;
        }
        error = 0;
        Dispose();
        return false;
    }

    /// <summary>Closes it.</summary>
    public void Dispose()
    {
        if (_descriptor >= 0)
        {
            NativeFile.Close(_descriptor);
            _descriptor = -1;
        }
    }
}
