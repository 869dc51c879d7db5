using System.Text;
using StreamHouse.Cli.Shell;
using StreamHouse.Records;

namespace StreamHouse.Cli.Producing;

/// <summary>How a line or an argument becomes key and value.</summary>
/// <param name="key">The key of every record, or null.</param>
/// <param name="separator">Where a line splits into key and value, or null.</param>
/// <param name="nullText">A key or value that means null, or null.</param>
internal sealed class RecordSplitter(string? key, string? separator, string? nullText)
{
    private readonly byte[]? _key = key is null ? null : Encoding.UTF8.GetBytes(key);
    private readonly byte[]? _separator = separator is null ? null : Encoding.UTF8.GetBytes(separator);
    private readonly byte[]? _null = nullText is null ? null : Encoding.UTF8.GetBytes(nullText);

    /// <summary>Splits one line.</summary>
    /// <param name="line">The line.</param>
    /// <param name="lineNumber">Its number, for the error.</param>
    /// <param name="recordKey">The key.</param>
    /// <param name="value">The value.</param>
    /// <exception cref="CommandException">There is no separator in it.</exception>
    public void Split(ReadOnlySpan<byte> line, long lineNumber, out OptionalBytes recordKey, out OptionalBytes value)
    {
        recordKey = _key;
        ReadOnlySpan<byte> rest = line;
        if (_separator is { } separator)
        {
            int at = line.IndexOf(separator);
            if (at < 0)
            {
                throw new CommandException(
                    ExitCode.Usage,
                    $"Line {lineNumber} has no separator '{Encoding.UTF8.GetString(separator)}', so it has no key.",
                    "The lines before it were sent. Correct it, or choose another --key-separator.");
            }
            recordKey = OrNull(line[..at]);
            rest = line[(at + separator.Length)..];
        }
        value = OrNull(rest);
    }

    private OptionalBytes OrNull(ReadOnlySpan<byte> bytes) => _null is { } text && bytes.SequenceEqual(text) ? OptionalBytes.Null : new OptionalBytes(bytes);
}
