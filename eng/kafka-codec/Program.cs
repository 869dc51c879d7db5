namespace StreamHouse.KafkaCodec;

/// <summary>Writes the files anew, or tells whether they are what it would write.</summary>
internal static class Program
{
    private static int Main(string[] args)
    {
        bool check = args is [.., "--check"];
        if (args.Length != (check ? 2 : 1))
        {
            Console.Error.WriteLine("usage: kafka-codec <folder of StreamHouse.Kafka> [--check]");
            return 2;
        }

        try
        {
            return Run(args[0], check);
        }
        catch (SchemaException e)
        {
            Console.Error.WriteLine(e.Message);
            return 1;
        }
    }

    private static int Run(string project, bool check)
    {
        IReadOnlyDictionary<string, string> files = Generator.Generate(Generator.ReadSchemas(Path.Combine(project, "Schemas")));
        int differences = 0;
        IEnumerable<string> present = Directory.GetFiles(project, "*.g.cs").Concat(Directory.GetFiles(Path.Combine(project, "Messages"), "*.g.cs"));
        foreach (string stale in present.Where(f => !files.ContainsKey(Path.GetRelativePath(project, f))))
        {
            differences++;
            Report(check, stale);
            if (!check)
            {
                File.Delete(stale);
            }
        }

        foreach ((string name, string text) in files)
        {
            string path = Path.Combine(project, name);
            if (!File.Exists(path) || File.ReadAllText(path) != text)
            {
                differences++;
                Report(check, path);
                if (!check)
                {
                    File.WriteAllText(path, text);
                }
            }
        }

        return check && differences > 0 ? 1 : 0;
    }

    private static void Report(bool check, string path) =>
        Console.WriteLine(check ? $"{path} is not what the schemas say; run eng/kafka-codec.sh" : path);
}
