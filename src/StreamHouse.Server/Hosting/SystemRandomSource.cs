using System.Security.Cryptography;
using StreamHouse.Broker;

namespace StreamHouse.Server.Hosting;

/// <summary>Random bytes of the operating system.</summary>
internal sealed class SystemRandomSource : IRandomSource
{
    /// <inheritdoc/>
    public void Fill(Span<byte> destination) => RandomNumberGenerator.Fill(destination);
}
