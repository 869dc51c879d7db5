using System.Reflection;

namespace StreamHouse.Tests.Kafka;

/// <summary>Compares messages property by property.</summary>
internal static class ObjectDifference
{
    /// <summary>Where and how two values differ, or null when they do not.</summary>
    public static string? Find(object? expected, object? actual, string path)
    {
        if (expected is null || actual is null)
        {
            return ReferenceEquals(expected, actual) ? null : $"{path}: {expected ?? "null"} and {actual ?? "null"}";
        }

        if (expected is Array left)
        {
            var right = (Array)actual;
            return left.Length != right.Length
                ? $"{path}: {left.Length} and {right.Length} elements"
                : Enumerable.Range(0, left.Length).Select(i => Find(left.GetValue(i), right.GetValue(i), $"{path}[{i}]")).FirstOrDefault(d => d is not null);
        }

        if (expected.GetType().Namespace != "StreamHouse.Kafka.Messages")
        {
            return expected.Equals(actual) ? null : $"{path}: {expected} and {actual}";
        }

        return expected.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Select(p => Find(p.GetValue(expected), p.GetValue(actual), $"{path}.{p.Name}"))
            .FirstOrDefault(d => d is not null);
    }
}
