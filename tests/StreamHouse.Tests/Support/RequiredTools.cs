namespace StreamHouse.Tests.Support;

/// <summary>
/// Programs that tests need and a developer's machine may lack: there the test is skipped with a word on what to install. Under
/// <c>CI=true</c> a missing one fails the test, so that nothing hides.
/// </summary>
internal static class RequiredTools
{
    /// <summary>Goes on when all of them are there.</summary>
    /// <param name="tools">Names to be found on the PATH, or full paths.</param>
    public static void Require(params string[] tools)
    {
        string[] missing = [.. tools.Where(tool => !IsInstalled(tool))];
        if (missing.Length > 0)
        {
            Missing($"Not installed: {string.Join(", ", missing)}. eng/test-tools.sh installs what tests need.");
        }
    }

    /// <summary>Skips the test, or fails it where nothing may be missing.</summary>
    public static void Missing(string what)
    {
        if (Environment.GetEnvironmentVariable("CI") == "true")
        {
            Assert.Fail(what);
        }
        Assert.Skip(what);
    }

    private static bool IsInstalled(string tool) => Path.IsPathRooted(tool)
        ? File.Exists(tool)
        : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, tool)));
}
