using System.Globalization;

namespace StreamHouse.KafkaCodec;

/// <summary>
/// Reads a schema file. A line is <c>Name: type [= default], versions, null versions, tag number  # meaning</c>; what an array or a struct consists
/// of is indented below it. <c>[type]</c> is an array. Versions are <c>3</c>, <c>3-5</c> or <c>3+</c>; none means all.
/// </summary>
public sealed class SchemaParser
{
    private static readonly string[] Primitives = ["bool", "int8", "int16", "uint16", "int32", "int64", "uuid", "string", "bytes", "error"];

    private readonly string _file;
    private readonly List<Line> _lines = [];
    private int _next;

    private SchemaParser(string file, string text)
    {
        _file = file;
        int number = 0;
        foreach (string raw in text.Split('\n'))
        {
            number++;
            string content = raw.TrimEnd();
            if (content.Length > 0)
            {
                int comment = content.IndexOf('#', StringComparison.Ordinal);
                string code = comment < 0 ? content : content[..comment].TrimEnd();
                _lines.Add(new Line(number, code.Length - code.TrimStart().Length, code.Trim(), comment < 0 ? null : content[(comment + 1)..].Trim()));
            }
        }
    }

    /// <summary>Reads a schema.</summary>
    /// <exception cref="SchemaException">The text is not one.</exception>
    public static ApiSchema Parse(string file, string text) => new SchemaParser(file, text).ParseApi();

    private ApiSchema ParseApi()
    {
        string summary = "";
        while (_lines[_next].Code.Length == 0)
        {
            summary = $"{summary} {_lines[_next++].Comment}".Trim();
        }

        Line header = _lines[_next++];
        string[] words = header.Code.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length < 6 || words[0] != "api" || words[2] != "key" || words[4] != "versions")
        {
            throw Error(header, "expected: api Name key N versions N-N [accepted N+] [flexible N+]");
        }

        VersionRange versions = Versions(header, words[5]);
        VersionRange flexible = new(VersionRange.Open, VersionRange.Open);
        int accepted = versions.Min;
        for (int i = 6; i + 1 < words.Length; i += 2)
        {
            switch (words[i])
            {
                case "accepted":
                    accepted = Versions(header, words[i + 1]).Min;
                    break;
                case "flexible":
                    flexible = Versions(header, words[i + 1]);
                    break;
                default:
                    throw Error(header, $"unknown word {words[i]}");
            }
        }

        StructSchema request = ParseMessage("request", words[1] + "Request", versions);
        StructSchema response = ParseMessage("response", words[1] + "Response", versions);
        return _next == _lines.Count
            ? new ApiSchema(words[1], short.Parse(words[3], CultureInfo.InvariantCulture), summary, versions, accepted, flexible, request, response)
            : throw Error(_lines[_next], "nothing may follow the response");
    }

    private StructSchema ParseMessage(string keyword, string name, VersionRange versions)
    {
        Line line = _next < _lines.Count ? _lines[_next++] : throw Error(_lines[^1], $"{keyword} is missing");
        return line.Code == keyword && line.Indent == 0
            ? new StructSchema(name, ParseFields(2, versions))
            : throw Error(line, $"expected: {keyword}");
    }

    private List<FieldSchema> ParseFields(int indent, VersionRange scope)
    {
        List<FieldSchema> fields = [];
        while (_next < _lines.Count && _lines[_next].Indent == indent)
        {
            fields.Add(ParseField(_lines[_next++], indent, scope));
        }

        return _next < _lines.Count && _lines[_next].Indent > indent ? throw Error(_lines[_next], "is indented too far") : fields;
    }

    private FieldSchema ParseField(Line line, int indent, VersionRange scope)
    {
        string[] parts = line.Code.Split(':', 2);
        if (parts.Length != 2)
        {
            throw Error(line, "expected: Name: type");
        }

        string[] modifiers = [.. parts[1].Split(',').Select(m => m.Trim())];
        string[] typeAndDefault = modifiers[0].Split('=', 2);
        string type = typeAndDefault[0].Trim();
        bool isArray = type.StartsWith('[') && type.EndsWith(']');
        VersionRange versions = scope;
        VersionRange? nullable = null;
        int? tag = null;
        foreach (string modifier in modifiers.Skip(1))
        {
            if (modifier.StartsWith("null ", StringComparison.Ordinal))
            {
                nullable = Versions(line, modifier[5..]);
            }
            else if (modifier.StartsWith("tag ", StringComparison.Ordinal))
            {
                tag = int.Parse(modifier[4..], CultureInfo.InvariantCulture);
            }
            else
            {
                versions = Versions(line, modifier).Intersect(scope);
            }
        }

        string element = type.Trim('[', ']');
        bool isStruct = !Primitives.Contains(element);
        StructSchema? schema = isStruct ? new StructSchema(element, ParseFields(indent + 2, versions)) : null;
        if (versions.IsEmpty || schema?.Fields.Count == 0)
        {
            throw Error(line, versions.IsEmpty ? "no version has this field" : $"unknown type {element}");
        }

        return new FieldSchema(
            parts[0].Trim(), element, isArray, schema, versions, nullable, tag, typeAndDefault.Length == 2 ? typeAndDefault[1].Trim() : null, line.Comment);
    }

    private VersionRange Versions(Line line, string text) =>
        VersionRange.TryParse(text, out VersionRange range) ? range : throw Error(line, $"{text} are no versions");

    private SchemaException Error(Line line, string message) => new(_file, line.Number, message);

    private sealed record Line(int Number, int Indent, string Code, string? Comment);
}
