using System.Buffers;
using System.Globalization;
using System.Text;
using StreamHouse.Cli.Consuming;
using StreamHouse.Cli.Producing;
using StreamHouse.Cli.Shell;

namespace StreamHouse.Tests.Cli;

/// <summary>Times, lines and escapes.</summary>
public sealed class TextTests
{
    private static readonly DateTimeOffset Now = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("500ms", 500)]
    [InlineData("10s", 10_000)]
    [InlineData("1.5m", 90_000)]
    [InlineData("1h30m", 5_400_000)]
    [InlineData("2d", 172_800_000)]
    public void Durations_are_read(string text, long ms)
    {
        TimeText.TryParseDuration(text, out TimeSpan duration).ShouldBeTrue();
        duration.TotalMilliseconds.ShouldBe(ms);
    }

    [Theory]
    [InlineData("")]
    [InlineData("10")]
    [InlineData("m")]
    [InlineData("10x")]
    [InlineData("-5s")]
    [InlineData("30m1h")]
    [InlineData("1m1m")]
    [InlineData("99999999999d")]
    public void Other_texts_are_no_durations(string text) => TimeText.TryParseDuration(text, out _).ShouldBeFalse();

    [Theory]
    [InlineData("10m", "2026-06-01T11:50:00Z")]
    [InlineData("2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z")]
    [InlineData("2026-01-31T12:00:00", "2026-01-31T12:00:00Z")]
    [InlineData("2026-01-31T12:00:00+02:00", "2026-01-31T10:00:00Z")]
    [InlineData("1700000000000", "2023-11-14T22:13:20Z")]
    public void Moments_are_read(string text, string expected)
    {
        TimeText.TryParseMoment(text, Now, out DateTimeOffset moment).ShouldBeTrue();
        moment.ShouldBe(DateTimeOffset.Parse(expected, CultureInfo.InvariantCulture));
    }

    [Fact]
    public async Task Lines_are_cut_whatever_the_reads_bring()
    {
        byte[] bytes = Encoding.UTF8.GetBytes("one\r\n\ntwo\n" + new string('x', 200_000) + "\nlast\r");
        foreach (int readBytes in (int[])[1, 7, 65_536])
        {
            LineReader reader = new(new SlowStream(bytes, readBytes));
            List<string> lines = [];
            while (await reader.ReadAsync(CancellationToken.None))
            {
                lines.Add(Encoding.UTF8.GetString(reader.Current.Span));
            }

            lines.ShouldBe(["one", "", "two", new string('x', 200_000), "last\r"]);
            reader.LineNumber.ShouldBe(5);
        }
    }

    [Fact]
    public async Task Line_over_the_limit_is_refused()
    {
        LineReader reader = new(new MemoryStream(new byte[200_000]), lineBytesMax: 100_000);

        InvalidDataException error = await Should.ThrowAsync<InvalidDataException>(async () => await reader.ReadAsync(CancellationToken.None));

        error.Message.ShouldContain("Line 1");
    }

    [Theory]
    [InlineData("plain text", "plain text")]
    [InlineData("é 日本 🎉", "é 日本 🎉")]
    [InlineData("a\tb\nc\rd\\e", @"a\tb\nc\rd\\e")]
    [InlineData("\u001b[31mred\u0085", @"\u{1B}[31mred\u{85}")]
    public void Text_cannot_command_a_terminal(string text, string expected) => Escape(Encoding.UTF8.GetBytes(text)).ShouldBe(expected);

    [Fact]
    public void Bytes_that_are_no_text_are_shown_as_such() => Escape([(byte)'a', 0xFF, 0xC3]).ShouldBe(@"a\xFF\xC3");

    private static string Escape(byte[] bytes)
    {
        ArrayBufferWriter<byte> output = new();
        EscapedText.Write(output, bytes);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private sealed class SlowStream(byte[] bytes, int readBytes) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(readBytes, buffer.Length)], cancellationToken);
    }
}
