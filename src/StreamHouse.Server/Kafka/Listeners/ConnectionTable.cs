using System.Collections.Concurrent;
using System.Net;
using StreamHouse.Server.Kafka.Connections;

namespace StreamHouse.Server.Kafka.Listeners;

/// <summary>The open connections of all listeners, within their limits.</summary>
internal sealed class ConnectionTable(KafkaOptions options)
{
    private readonly ConcurrentDictionary<KafkaConnection, bool> _connections = new();
    private readonly Dictionary<IPAddress, int> _perAddress = [];
    private int _count;

    /// <summary>Open connections, those in their handshake included.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Connections that are past their handshake.</summary>
    public IEnumerable<KafkaConnection> Connections => _connections.Keys;

    /// <summary>Counts a new connection, unless there are too many.</summary>
    /// <returns>Null, or why it must be closed.</returns>
    public string? TryOpen(IPAddress address)
    {
        lock (_perAddress)
        {
            if (_count >= options.ConnectionsMax)
            {
                return $"{options.ConnectionsMax} are open (Kafka:ConnectionsMax)";
            }
            int here = _perAddress.GetValueOrDefault(address);
            if (here >= options.ConnectionsPerAddressMax)
            {
                return $"{here} are open from {address} (Kafka:ConnectionsPerAddressMax)";
            }
            _perAddress[address] = here + 1;
            _count++;
            return null;
        }
    }

    /// <summary>Uncounts what <see cref="TryOpen"/> counted.</summary>
    public void Close(IPAddress address)
    {
        lock (_perAddress)
        {
            _count--;
            int left = _perAddress[address] - 1;
            if (left == 0)
            {
                _perAddress.Remove(address);
            }
            else
            {
                _perAddress[address] = left;
            }
        }
    }

    /// <summary>Adds a connection that is past its handshake.</summary>
    public void Add(KafkaConnection connection) => _connections.TryAdd(connection, true);

    /// <summary>Removes it.</summary>
    public void Remove(KafkaConnection connection) => _connections.TryRemove(connection, out _);
}
