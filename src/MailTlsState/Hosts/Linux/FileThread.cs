using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace MailTlsState.Hosts.Linux;

/// <summary>
/// The one thread that changes files. Continuations of awaited work run wherever they may; with all changes on one thread their
/// system calls have an order and a number that are the same in every run, which is how a test stops a run before each of them.
/// </summary>
internal sealed class FileThread
{
    private readonly BlockingCollection<Action> _work = [];
    private readonly Lazy<Thread> _thread;

    internal FileThread() => _thread = new Lazy<Thread>(Start);

    /// <summary>Does it there and returns when it is done; what it throws is thrown here.</summary>
    internal T Do<T>(Func<T> work)
    {
        if (Thread.CurrentThread == _thread.Value)
        {
            return work();
        }

        T? result = default;
        ExceptionDispatchInfo? failure = null;
        var done = new ManualResetEventSlim();
        _work.Add(() =>
        {
            try
            {
                result = work();
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }

            done.Set();
        });
        done.Wait();
        failure?.Throw();
        return result!;
    }

    /// <summary>Does it there and returns when it is done; what it throws is thrown here.</summary>
    internal void Do(Action work) => Do(() =>
    {
        work();
        return true;
    });

    private Thread Start()
    {
        var thread = new Thread(() =>
        {
            foreach (var work in _work.GetConsumingEnumerable())
            {
                work();
            }
        })
        {
            IsBackground = true,
            Name = "files",
        };
        thread.Start();
        return thread;
    }
}
