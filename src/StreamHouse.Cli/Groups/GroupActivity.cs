using StreamHouse.Cli.Shell;
using StreamHouse.Client.Administration;

namespace StreamHouse.Cli.Groups;

/// <summary>What must not happen to a group that is being used.</summary>
internal static class GroupActivity
{
    /// <exception cref="CommandException">The group has members.</exception>
    public static void ThrowIfActive(ConsumerGroupDetails group, string consequence)
    {
        if (IsActive(group))
        {
            throw new CommandException(
                ExitCode.Failure,
                $"Group {group.Group} is active ({group.Members.Count} {(group.Members.Count == 1 ? "member" : "members")}) and {consequence}.",
                Hint(group.Group));
        }
    }

    public static bool IsActive(ConsumerGroupDetails group) => group.State != ConsumerGroupState.Empty || group.Members.Count > 0;

    /// <summary>What to do about it.</summary>
    public static string Hint(string group) =>
        $"Stop its consumers first ('streamctl group describe {group}' lists them); one that was killed leaves when its session ends. Then try again.";
}
