using System.Threading.Channels;

namespace StreamHouse.Storage.Metadata.Sqlite;

/// <summary>One thread that owns one connection and takes work from a channel, several pieces at a time when several wait.</summary>
internal sealed class SqlThread
{
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SqlSession _session;
    private readonly ChannelReader<SqlWork> _queue;
    private readonly Action<SqlSession, List<SqlWork>> _run;
    private readonly int _batchMax;

    public SqlThread(string name, SqlSession session, ChannelReader<SqlWork> queue, int batchMax, Action<SqlSession, List<SqlWork>> run)
    {
        _session = session;
        _queue = queue;
        _batchMax = batchMax;
        _run = run;
        new Thread(Loop) { Name = name, IsBackground = true }.Start();
    }

    /// <summary>Ends when the channel is complete, all its work is done and the connection is closed.</summary>
    public Task Ended => _ended.Task;

    private void Loop()
    {
        List<SqlWork> batch = [];
        while (_queue.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            while (batch.Count < _batchMax && _queue.TryRead(out SqlWork? work))
            {
                if (work.TryStart())
                {
                    batch.Add(work);
                }
            }
            if (batch.Count > 0)
            {
                _run(_session, batch);
                batch.Clear();
            }
        }
        _session.Dispose();
        _ended.SetResult();
    }
}
