using System.Buffers;
using System.Text;

namespace StreamHouse.Cli.Consuming;

/// <summary>Writes bytes of unknown origin so that they stay on one line and cannot command a terminal.</summary>
internal static class EscapedText
{
    private static readonly SearchValues<byte> Harmless = SearchValues.Create(Enumerable.Range(0x20, 0x5F).Where(b => b != '\\').Select(b => (byte)b).ToArray());

    /// <summary>Control characters become \t, \n, \r or \u{…}, a backslash \\, and bytes that are no UTF-8 \x…</summary>
    public static void Write(IBufferWriter<byte> output, ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            int harmless = bytes.IndexOfAnyExcept(Harmless);
            if (harmless < 0)
            {
                output.Write(bytes);
                return;
            }
            output.Write(bytes[..harmless]);
            bytes = bytes[harmless..];
            bool isText = Rune.DecodeFromUtf8(bytes, out Rune rune, out int length) == OperationStatus.Done;
            if (isText && !Rune.IsControl(rune) && rune.Value != '\\')
            {
                output.Write(bytes[..length]);
            }
            else
            {
                output.Write(Encoding.UTF8.GetBytes(isText ? Escape(rune) : InBytes(Convert.ToHexString(bytes[..length]))));
            }
            bytes = bytes[length..];
        }
    }

    private static string Escape(Rune control) => control.Value switch
    {
        '\t' => "\\t",
        '\n' => "\\n",
        '\r' => "\\r",
        '\\' => "\\\\",
        _ => $"\\u{{{control.Value:X}}}",
    };

    private static string InBytes(string hex)
    {
        StringBuilder text = new();
        for (int i = 0; i < hex.Length; i += 2)
        {
            text.Append("\\x").Append(hex, i, 2);
        }
        return text.ToString();
    }
}
