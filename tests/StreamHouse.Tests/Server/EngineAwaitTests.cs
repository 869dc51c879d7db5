using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using StreamHouse.Broker;

namespace StreamHouse.Tests.Server;

/// <summary>
/// What the compiled engine uses of the framework's tasks, channels and waits, one by one: whatever is awaited comes from here or from one of its own
/// ports. A new entry must have been seen to resume where it was awaited, or it breaks the simulation.
/// </summary>
public sealed class EngineAwaitTests
{
    private static readonly string[] Watched = ["System.Threading", "System.Threading.Tasks", "System.Threading.Tasks.Sources", "System.Threading.Channels", "System.IO", "System.IO.Pipelines"];

    // They guard memory and wait for nothing that is scheduled.
    private static readonly string[] Ignored = ["Interlocked", "Lock", "Monitor", "Volatile"];

    private static readonly HashSet<string> Allowed =
    [
        "CancellationToken.Equals", "CancellationToken.ThrowIfCancellationRequested", "CancellationToken.UnsafeRegister",
        "CancellationTokenRegistration.DisposeAsync", "CancellationTokenSource.Cancel", "CancellationTokenSource.CreateLinkedTokenSource",
        "CancellationTokenSource.Dispose", "ITimer.Change", "IValueTaskSource.GetResult", "IValueTaskSource.GetStatus",
        "IValueTaskSource.OnCompleted", "ManualResetValueTaskSourceCore.GetResult", "ManualResetValueTaskSourceCore.GetStatus",
        "ManualResetValueTaskSourceCore.OnCompleted", "ManualResetValueTaskSourceCore.Reset",
        "ManualResetValueTaskSourceCore.SetException", "ManualResetValueTaskSourceCore.SetResult", "Task.Delay", "Task.FromResult",
        "Task.GetAwaiter", "Task.WaitAsync", "TaskCompletionSource.SetResult", "TaskCompletionSource.TrySetCanceled",
        "TaskCompletionSource.TrySetException", "TaskCompletionSource.TrySetResult", "Timeout.InfiniteTimeSpan", "ValueTask.GetAwaiter",
    ];

    [Fact]
    public void Engine_uses_of_tasks_and_waits_only_what_stays_on_its_scheduler()
    {
        List<string> used = Used(typeof(LocalBroker).Assembly.Location);

        used.ShouldContain("Task.Delay", "the scan must see what is certainly there");
        used.Except(Allowed).ShouldBeEmpty();
        Allowed.Except(used).ShouldBeEmpty("what is not used any more is not allowed any more");
    }

    [Fact]
    public void The_scan_sees_what_is_banned()
    {
        List<string> used = Used(typeof(EngineAwaitTests).Assembly.Location);

        used.ShouldContain("Parallel.ForEachAsync");
        used.ShouldContain("Task.WhenAll");
    }

    // Members of the watched namespaces that an assembly refers to, as "Type.Member".
    private static List<string> Used(string assembly)
    {
        using PEReader file = new(File.OpenRead(assembly));
        MetadataReader metadata = file.GetMetadataReader();
        SortedSet<string> used = new(StringComparer.Ordinal);
        foreach (MemberReferenceHandle handle in metadata.MemberReferences)
        {
            MemberReference member = metadata.GetMemberReference(handle);
            string name = metadata.GetString(member.Name);
            if (TypeOf(metadata, member.Parent) is { } type && Watched.Contains(metadata.GetString(type.Namespace))
                && name != ".ctor" && !name.StartsWith("get_", StringComparison.Ordinal))
            {
                string typeName = metadata.GetString(type.Name).Split('`')[0];
                if (!Ignored.Contains(typeName))
                {
                    used.Add($"{typeName}.{name}");
                }
            }
        }
        return [.. used];
    }

    private static TypeReference? TypeOf(MetadataReader metadata, EntityHandle parent)
    {
        if (parent.Kind == HandleKind.TypeSpecification)
        {
            // An instance of a generic type: two bytes that say so, then the type.
            BlobReader signature = metadata.GetBlobReader(metadata.GetTypeSpecification((TypeSpecificationHandle)parent).Signature);
            if (signature.ReadSignatureTypeCode() != SignatureTypeCode.GenericTypeInstance)
            {
                return null;
            }
            signature.ReadCompressedInteger();
            parent = signature.ReadTypeHandle();
        }
        return parent.Kind == HandleKind.TypeReference ? metadata.GetTypeReference((TypeReferenceHandle)parent) : null;
    }
}
