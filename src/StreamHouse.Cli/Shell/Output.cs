using System.CommandLine;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Spectre.Console;

namespace StreamHouse.Cli.Shell;

/// <summary>How results are written.</summary>
internal enum OutputFormat
{
    /// <summary>For people.</summary>
    Plain,

    /// <summary>For scripts.</summary>
    Json,

    /// <summary>Values only; records alone have it.</summary>
    Raw,
}

/// <summary>Writes results as tables or as JSON.</summary>
internal static class Output
{
    /// <summary>JSON for terminals and scripts, not for pages: nothing is escaped for HTML.</summary>
    public static JsonWriterOptions JsonOptions { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The option <c>--output plain|json</c>.</summary>
    public static Option<OutputFormat> Option() => Option(["plain", "json"], "How to write the result: plain for people, json for scripts");

    /// <summary>The option <c>--output</c> with the given choices.</summary>
    public static Option<OutputFormat> Option(string[] choices, string description) => new("--output", "-o")
    {
        Description = description,
        HelpName = string.Join('|', choices),
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            if (!choices.Contains(text))
            {
                result.AddError($"--output is {string.Join(" or ", choices)}, not '{text}'.");
                return default;
            }
            return text switch
            {
                "json" => OutputFormat.Json,
                "raw" => OutputFormat.Raw,
                _ => OutputFormat.Plain,
            };
        },
    };

    /// <summary>Writes one JSON document and a line end.</summary>
    public static void Json(Terminal terminal, Action<Utf8JsonWriter> write)
    {
        using MemoryStream buffer = new();
        using (Utf8JsonWriter json = new(buffer, JsonOptions with { Indented = true, NewLine = "\n" }))
        {
            write(json);
        }
        buffer.WriteByte((byte)'\n');
        terminal.Output.Write(buffer.GetBuffer().AsSpan(0, (int)buffer.Length));
        terminal.Output.Flush();
    }

    /// <summary>Writes a table whose columns line up and whose rows never wrap.</summary>
    /// <param name="terminal">Where.</param>
    /// <param name="columns">The headings; one that begins with '>' aligns its column to the right.</param>
    /// <param name="rows">The cells.</param>
    public static void Table(Terminal terminal, string[] columns, IEnumerable<string[]> rows)
    {
        Table table = new() { Border = TableBorder.None, ShowHeaders = true };
        foreach (string column in columns)
        {
            bool isRight = column.StartsWith('>');
            table.AddColumn(new TableColumn(new Text(isRight ? column[1..] : column))
            {
                Alignment = isRight ? Justify.Right : Justify.Left,
                NoWrap = true,
                Padding = new Padding(0, 0, 2, 0),
            });
        }
        foreach (string[] row in rows)
        {
            table.AddRow(row.Select(cell => new Text(cell)));
        }
        StringWriter text = new();
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(text),
        });
        console.Profile.Width = 100_000;
        console.Write(table);

        StringBuilder lines = new();
        foreach (ReadOnlySpan<char> line in text.ToString().AsSpan().EnumerateLines())
        {
            if (!line.IsWhiteSpace())
            {
                lines.Append(line.TrimEnd()).Append('\n');
            }
        }
        Text(terminal, lines.ToString());
    }

    /// <summary>Writes text as it is.</summary>
    public static void Text(Terminal terminal, string text)
    {
        terminal.Output.Write(Encoding.UTF8.GetBytes(text));
        terminal.Output.Flush();
    }
}
