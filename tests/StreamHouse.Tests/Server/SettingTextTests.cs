using StreamHouse.Server.Configuration;

namespace StreamHouse.Tests.Server;

public sealed class SettingTextTests
{
    [Theory]
    [InlineData("250ms", 250)]
    [InlineData("30s", 30_000)]
    [InlineData("5m", 300_000)]
    [InlineData("2h", 7_200_000)]
    [InlineData("7d", 604_800_000)]
    [InlineData("00:00:01.5", 1500)]
    [InlineData("1.00:00:00", 86_400_000)]
    public void Duration_is_read_and_written_back_to_the_same_value(string text, long milliseconds)
    {
        object parsed = SettingText.Parse(typeof(TimeSpan), text);

        parsed.ShouldBe(TimeSpan.FromMilliseconds(milliseconds));
        SettingText.Parse(typeof(TimeSpan), SettingText.Format(parsed)).ShouldBe(parsed);
    }

    [Theory]
    [InlineData(typeof(TimeSpan), "30")]
    [InlineData(typeof(TimeSpan), "s")]
    [InlineData(typeof(TimeSpan), "-5s")]
    [InlineData(typeof(TimeSpan), "999999999999999999d")]
    [InlineData(typeof(int), "2147483648")]
    [InlineData(typeof(int), "1e3")]
    [InlineData(typeof(int), " 1")]
    [InlineData(typeof(long), "0x10")]
    [InlineData(typeof(double), "NaN")]
    [InlineData(typeof(bool), "yes")]
    [InlineData(typeof(DayOfWeek), "Noday")]
    [InlineData(typeof(DayOfWeek), "3")]
    [InlineData(typeof(DayOfWeek), "-3")]
    [InlineData(typeof(DayOfWeek), "Monday, Tuesday")]
    public void What_is_no_value_is_refused(Type type, string text) => Should.Throw<FormatException>(() => SettingText.Parse(type, text));

    [Theory]
    [InlineData("1", true)]
    [InlineData("true", true)]
    [InlineData("0", false)]
    [InlineData("False", false)]
    public void Truth_is_read_as_scripts_write_it(string text, bool expected) => SettingText.Parse(typeof(bool), text).ShouldBe(expected);

    [Fact]
    public void Enum_is_read_whatever_its_case() => SettingText.Parse(typeof(DayOfWeek), "monday").ShouldBe(DayOfWeek.Monday);
}
