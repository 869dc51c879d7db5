using System.Globalization;
using System.Text;

namespace StreamHouse.Rpc.Grpc;

/// <summary>The percent-encoding of <c>grpc-message</c>: only <c>%</c> and what is not printable ASCII is encoded, as UTF-8.</summary>
public static class GrpcMessageText
{
    /// <summary>Encodes a message for the trailer.</summary>
    public static string Encode(string message)
    {
        if (message.AsSpan().IndexOfAnyExceptInRange(' ', '~') < 0 && !message.Contains('%'))
        {
            return message;
        }
        StringBuilder text = new(message.Length + 16);
        foreach (byte b in Encoding.UTF8.GetBytes(message))
        {
            if (b is >= 0x20 and <= 0x7E and not (byte)'%')
            {
                text.Append((char)b);
            }
            else
            {
                text.Append(CultureInfo.InvariantCulture, $"%{b:X2}");
            }
        }
        return text.ToString();
    }

    /// <summary>Decodes a trailer. What is not valid percent-encoding is kept as it is: a message is never a reason to fail.</summary>
    public static string Decode(string text)
    {
        if (!text.Contains('%'))
        {
            return text;
        }
        List<byte> bytes = new(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '%' && i + 2 < text.Length
                && byte.TryParse(text.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte value))
            {
                bytes.Add(value);
                i += 2;
            }
            else
            {
                bytes.AddRange(Encoding.UTF8.GetBytes(text[i].ToString()));
            }
        }
        return Encoding.UTF8.GetString([.. bytes]);
    }
}
