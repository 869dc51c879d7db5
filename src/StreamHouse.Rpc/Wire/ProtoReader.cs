using StreamHouse.Rpc.Grpc;

namespace StreamHouse.Rpc.Wire;

/// <summary>Reads protobuf fields from one contiguous message. Every fault is a <see cref="MalformedMessageException"/>.</summary>
internal ref struct ProtoReader(ReadOnlySpan<byte> message)
{
    private readonly ReadOnlySpan<byte> _message = message;
    private int _at;

    /// <summary>Number of the current field.</summary>
    public int Field { get; private set; }

    /// <summary>The current field's wire type.</summary>
    public WireType Type { get; private set; }

    /// <summary>Goes to the next field; the value of the one before must have been read or skipped.</summary>
    public bool Next()
    {
        if (_at == _message.Length)
        {
            return false;
        }
        ulong tag = Varint();
        if (tag >> 3 is 0 or > 536_870_911)
        {
            throw new MalformedMessageException($"Field number {tag >> 3} at byte {_at} is not allowed.");
        }
        Field = (int)(tag >> 3);
        Type = (WireType)(tag & 7);
        return true;
    }

    /// <summary>The value of a scalar field.</summary>
    public ulong Scalar()
    {
        Expect(WireType.Varint);
        return Varint();
    }

    /// <summary>Where the bytes of a length-delimited field lie in the message.</summary>
    public Range Delimited()
    {
        Expect(WireType.Delimited);
        ulong length = Varint();
        if (length > (ulong)(_message.Length - _at))
        {
            throw new MalformedMessageException($"Field {Field} announces {length} bytes; {_message.Length - _at} are left.");
        }
        int start = _at;
        _at += (int)length;
        return start.._at;
    }

    /// <summary>Passes over a field of any type that a message of a newer version may hold.</summary>
    public void Skip()
    {
        switch (Type)
        {
            case WireType.Varint:
                Varint();
                break;
            case WireType.Delimited:
                Delimited();
                break;
            case WireType.Fixed64:
                Advance(8);
                break;
            case WireType.Fixed32:
                Advance(4);
                break;
            default:
                throw new MalformedMessageException($"Field {Field} has wire type {(int)Type}, which is not supported.");
        }
    }

    private readonly void Expect(WireType type)
    {
        if (Type != type)
        {
            throw new MalformedMessageException($"Field {Field} has wire type {(int)Type}, but must have {(int)type}.");
        }
    }

    private void Advance(int bytes)
    {
        if (_message.Length - _at < bytes)
        {
            throw new MalformedMessageException($"The message ends inside field {Field}.");
        }
        _at += bytes;
    }

    private ulong Varint()
    {
        ulong value = 0;
        for (int shift = 0; shift < 70; shift += 7)
        {
            if (_at == _message.Length)
            {
                throw new MalformedMessageException("The message ends inside a number.");
            }
            byte b = _message[_at++];
            value |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80)
            {
                return value;
            }
        }
        throw new MalformedMessageException($"The number at byte {_at - 10} is longer than ten bytes.");
    }
}

/// <summary>How a field's value is encoded.</summary>
internal enum WireType
{
    Varint = 0,
    Fixed64 = 1,
    Delimited = 2,
    Fixed32 = 5,
}
