using System.Text;
using StreamHouse.Client.Producers;
using StreamHouse.Records;

namespace StreamHouse.Cli.Producing;

/// <summary>Hands records to a producer as fast as it takes them, in order.</summary>
internal sealed class RecordSender(Producer producer, RecordSplitter splitter, string topic, RecordHeader[] headers, int? partition)
{
    /// <summary>Sends arguments.</summary>
    /// <returns>Whether a signal came before the end; what was taken is delivered all the same.</returns>
    public async Task<bool> SendAsync(string[] records, CancellationToken ct)
    {
        return await UntilFlushedAsync(async () =>
        {
            for (int i = 0; i < records.Length; i++)
            {
                await EnqueueAsync(Encoding.UTF8.GetBytes(records[i]), i + 1, ct);
            }
        });
    }

    /// <summary>Sends the lines of a stream.</summary>
    /// <returns>Whether a signal came before the end; what was taken is delivered all the same.</returns>
    public async Task<bool> SendAsync(Stream input, CancellationToken ct)
    {
        LineReader lines = new(input);
        return await UntilFlushedAsync(async () =>
        {
            while (await lines.ReadAsync(ct))
            {
                ValueTask taken = EnqueueAsync(lines.Current, lines.LineNumber, ct);
                if (!taken.IsCompletedSuccessfully)
                {
                    await taken;
                }
            }
        });
    }

    private ValueTask EnqueueAsync(ReadOnlyMemory<byte> line, long lineNumber, CancellationToken ct)
    {
        splitter.Split(line.Span, lineNumber, out OptionalBytes key, out OptionalBytes value);
        return producer.EnqueueAsync(topic, key, value, headers, partition: partition, ct: ct);
    }

    private async Task<bool> UntilFlushedAsync(Func<Task> send)
    {
        bool isInterrupted = false;
        try
        {
            await send();
        }
        catch (OperationCanceledException)
        {
            isInterrupted = true;
        }
        catch (Exception)
        {
            // What was taken before is delivered; the first failure is the one to tell.
            await producer.FlushAsync(CancellationToken.None);
            throw;
        }
        await producer.FlushAsync(CancellationToken.None);
        return isInterrupted;
    }
}
