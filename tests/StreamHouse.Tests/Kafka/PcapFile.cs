using System.Buffers.Binary;

namespace StreamHouse.Tests.Kafka;

/// <summary>A capture of one TCP connection between a client and port 9092, for tshark.</summary>
internal sealed class PcapFile
{
    private const int ClientPort = 40_000;
    private const int BrokerPort = 9092;
    private const int HeaderBytes = 40;

    // Magic, version 2.4, no offset, no accuracy, snapshot length, raw IP.
    private readonly List<byte> _file = [.. Convert.FromHexString("A1B2C3D40002000400000000000000000004000000000065")];
    private uint _clientSequence = 1;
    private uint _brokerSequence = 1;
    private uint _seconds;

    public byte[] Bytes => [.. _file];

    /// <summary>Adds a packet.</summary>
    /// <param name="fromClient">Its direction.</param>
    /// <param name="payload">At most 60,000 bytes.</param>
    public void Add(bool fromClient, ReadOnlySpan<byte> payload)
    {
        byte[] packet = new byte[16 + HeaderBytes + payload.Length];
        BinaryPrimitives.WriteUInt32BigEndian(packet, ++_seconds);
        BinaryPrimitives.WriteInt32BigEndian(packet.AsSpan(8), packet.Length - 16);
        BinaryPrimitives.WriteInt32BigEndian(packet.AsSpan(12), packet.Length - 16);

        Span<byte> ip = packet.AsSpan(16);
        ip[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)ip.Length);
        ip[8] = 64;
        ip[9] = 6;
        ip[12] = ip[16] = 127;
        ip[15] = fromClient ? (byte)1 : (byte)2;
        ip[19] = fromClient ? (byte)2 : (byte)1;

        Span<byte> tcp = ip[20..];
        BinaryPrimitives.WriteUInt16BigEndian(tcp, (ushort)(fromClient ? ClientPort : BrokerPort));
        BinaryPrimitives.WriteUInt16BigEndian(tcp[2..], (ushort)(fromClient ? BrokerPort : ClientPort));
        BinaryPrimitives.WriteUInt32BigEndian(tcp[4..], fromClient ? _clientSequence : _brokerSequence);
        BinaryPrimitives.WriteUInt32BigEndian(tcp[8..], fromClient ? _brokerSequence : _clientSequence);
        tcp[12] = 0x50;
        tcp[13] = 0x18;
        BinaryPrimitives.WriteUInt16BigEndian(tcp[14..], 0xFFFF);
        payload.CopyTo(tcp[20..]);
        _file.AddRange(packet);
        if (fromClient)
        {
            _clientSequence += (uint)payload.Length;
        }
        else
        {
            _brokerSequence += (uint)payload.Length;
        }
    }
}
