namespace StreamHouse.Simulation.World.Disk;

/// <summary>What the simulated disk must not do to what is on it.</summary>
public sealed class SimDiskTests
{
    [Fact]
    public void A_flipped_bit_is_put_right()
    {
        SimFile file = new(8192);
        BitFlip flip = new(file, 5000, 4);

        flip.Make();
        file.Data[5000].ShouldBe((byte)4);
        file.Write(0, new byte[5000]);
        flip.PutRight();

        file.Data.ShouldAllBe(b => b == 0);
    }

    [Fact]
    public void What_was_written_over_a_flipped_bit_is_left_alone()
    {
        SimFile file = new(8192);
        BitFlip flip = new(file, 5000, 4);

        flip.Make();
        file.Write(4096, new byte[4096]);
        flip.PutRight();

        file.Data.ShouldAllBe(b => b == 0);
    }
}
