using System.Buffers.Binary;

namespace StreamHouse.IntegrationTests.Kafka;

/// <summary>
/// Writes connections as a capture file that analysers read (pcap, raw IPv4): what went over them, as TCP segments with right sequence numbers. Needs
/// no right to capture on the machine.
/// </summary>
internal sealed class PacketCapture : IDisposable
{
    private const int IpHeaderBytes = 20;
    private const int TcpHeaderBytes = 20;
    private const int PayloadBytesMax = 60_000;
    private const byte Syn = 0x02;
    private const byte Acknowledge = 0x10;
    private const byte Push = 0x08;

    private readonly Lock _lock = new();
    private readonly FileStream _file;
    private readonly int _serverPort;
    private int _connections;
    private long _micros;

    /// <summary>Begins a file.</summary>
    /// <param name="path">Where.</param>
    /// <param name="serverPort">The server's port in it.</param>
    public PacketCapture(string path, int serverPort)
    {
        _file = File.Create(path);
        _serverPort = serverPort;
        Span<byte> header = stackalloc byte[24];
        header.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(header, 0xa1b2c3d4);
        BinaryPrimitives.WriteUInt16LittleEndian(header[4..], 2);
        BinaryPrimitives.WriteUInt16LittleEndian(header[6..], 4);
        BinaryPrimitives.WriteUInt32LittleEndian(header[16..], 262_144);
        // LINKTYPE_RAW: packets begin with the IP header.
        BinaryPrimitives.WriteUInt32LittleEndian(header[20..], 101);
        _file.Write(header);
    }

    /// <summary>Enters a new connection.</summary>
    public Connection Open()
    {
        lock (_lock)
        {
            Connection connection = new(this, _connections++);
            connection.Handshake();
            return connection;
        }
    }

    public void Dispose() => _file.Dispose();

    private void Write(int client, bool fromClient, uint sequence, uint acknowledged, byte flags, ReadOnlySpan<byte> payload)
    {
        int length = IpHeaderBytes + TcpHeaderBytes + payload.Length;
        Span<byte> packet = stackalloc byte[16 + IpHeaderBytes + TcpHeaderBytes];
        packet.Clear();
        // Time only has to go forward: a microsecond a packet.
        _micros++;
        BinaryPrimitives.WriteUInt32LittleEndian(packet, (uint)(1_000_000_000 + (_micros / 1_000_000)));
        BinaryPrimitives.WriteUInt32LittleEndian(packet[4..], (uint)(_micros % 1_000_000));
        BinaryPrimitives.WriteInt32LittleEndian(packet[8..], length);
        BinaryPrimitives.WriteInt32LittleEndian(packet[12..], length);
        Span<byte> ip = packet[16..];
        ip[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)length);
        ip[8] = 64;
        ip[9] = 6;
        // Every connection has a client address of its own, so that no two share their ports.
        uint clientAddress = 0x0a00_0000u + (uint)client + 1;
        const uint serverAddress = 0x7f00_0001;
        BinaryPrimitives.WriteUInt32BigEndian(ip[12..], fromClient ? clientAddress : serverAddress);
        BinaryPrimitives.WriteUInt32BigEndian(ip[16..], fromClient ? serverAddress : clientAddress);
        Span<byte> tcp = ip[IpHeaderBytes..];
        BinaryPrimitives.WriteUInt16BigEndian(tcp, (ushort)(fromClient ? 40_000 : _serverPort));
        BinaryPrimitives.WriteUInt16BigEndian(tcp[2..], (ushort)(fromClient ? _serverPort : 40_000));
        BinaryPrimitives.WriteUInt32BigEndian(tcp[4..], sequence);
        BinaryPrimitives.WriteUInt32BigEndian(tcp[8..], acknowledged);
        tcp[12] = 0x50;
        tcp[13] = flags;
        BinaryPrimitives.WriteUInt16BigEndian(tcp[14..], ushort.MaxValue);
        _file.Write(packet);
        _file.Write(payload);
    }

    /// <summary>One connection in the file.</summary>
    internal sealed class Connection(PacketCapture capture, int client)
    {
        private uint _toServer;
        private uint _toClient;

        /// <summary>Enters bytes that went one way. Call it before they are passed on, so that a question precedes its answer.</summary>
        public void Add(bool fromClient, ReadOnlySpan<byte> bytes)
        {
            lock (capture._lock)
            {
                while (!bytes.IsEmpty)
                {
                    ReadOnlySpan<byte> part = bytes[..Math.Min(bytes.Length, PayloadBytesMax)];
                    ref uint sequence = ref fromClient ? ref _toServer : ref _toClient;
                    capture.Write(client, fromClient, sequence, fromClient ? _toClient : _toServer, Push | Acknowledge, part);
                    sequence += (uint)part.Length;
                    bytes = bytes[part.Length..];
                }
            }
        }

        internal void Handshake()
        {
            capture.Write(client, fromClient: true, 0, 0, Syn, []);
            capture.Write(client, fromClient: false, 0, 1, Syn | Acknowledge, []);
            (_toServer, _toClient) = (1, 1);
            capture.Write(client, fromClient: true, 1, 1, Acknowledge, []);
        }
    }
}
