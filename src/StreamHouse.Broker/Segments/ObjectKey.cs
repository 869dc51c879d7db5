namespace StreamHouse.Broker.Segments;

/// <summary>Rules for keys, the same in every store, so that a key is always also a safe path.</summary>
public static class ObjectKey
{
    /// <summary>Longest key, in characters.</summary>
    public const int LengthMax = 1024;

    /// <summary>Longest part between slashes, in characters.</summary>
    public const int PartLengthMax = 200;

    /// <summary>
    /// Checks a key: parts of <c>a-z A-Z 0-9 . _ -</c>, separated by single slashes, none empty and none beginning with a dot.
    /// </summary>
    /// <exception cref="ArgumentException">It breaks a rule.</exception>
    public static void ThrowIfInvalid(string key)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        bool valid = key.Length <= LengthMax;
        int part = 0;
        for (int i = 0; i < key.Length && valid; i++)
        {
            char c = key[i];
            if (c == '/')
            {
                valid = part > 0;
                part = 0;
                continue;
            }
            valid = (char.IsAsciiLetterOrDigit(c) || c is '_' or '-' || (c == '.' && part > 0)) && part < PartLengthMax;
            part++;
        }
        if (!valid || part == 0)
        {
            throw new ArgumentException($"'{key}' is not an object key.", nameof(key));
        }
    }
}
