using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;

namespace StreamHouse.Cli.Shell;

/// <summary>For options that take whole numbers: what is none is called that, not by the name of a type.</summary>
internal static class NumberText
{
    public static T Parse<T>(ArgumentResult result)
        where T : struct, IBinaryInteger<T> => Read<T>(result, result.Tokens[0].Value);

    public static T? ParseOptional<T>(ArgumentResult result)
        where T : struct, IBinaryInteger<T> => Read<T>(result, result.Tokens[0].Value);

    public static T[] ParseAll<T>(ArgumentResult result)
        where T : struct, IBinaryInteger<T> => [.. result.Tokens.Select(token => Read<T>(result, token.Value))];

    private static T Read<T>(ArgumentResult result, string text)
        where T : struct, IBinaryInteger<T>
    {
        if (T.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out T number))
        {
            return number;
        }
        string option = result.Parent is OptionResult parent ? parent.Option.Name : result.Argument.Name;
        bool isNumber = BigInteger.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _);
        result.AddError(isNumber ? $"{option}: {text} is beyond what it can be." : $"{option} is a whole number, not '{text}'.");
        return default;
    }
}
