using StreamHouse.Broker.Segments;

namespace StreamHouse.Tests.Objects;

/// <summary>The tests' own store keeps the same promises, or tests built on it would show nothing.</summary>
public sealed class MemoryObjectStoreTests : ObjectStoreContract
{
    protected override IObjectStore Store { get; } = new MemoryObjectStore();
}
