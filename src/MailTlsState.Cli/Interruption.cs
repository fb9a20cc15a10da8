using System.Runtime.InteropServices;

namespace MailTlsState.Cli;

/// <summary>
/// What asks a run to end: a signal, or output that nobody reads any more. It is asked, never killed: what it has begun is
/// finished or rolled back first, however often the signal comes.
/// </summary>
internal sealed class Interruption : IDisposable
{
    private static readonly PosixSignal[] Obeyed = [PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP];

    private readonly CancellationTokenSource _source = new();
    private readonly List<PosixSignalRegistration> _signals = [];

    /// <summary>Cancelled by the first of them.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>True when the run was asked to end.</summary>
    public bool Requested => _source.IsCancellationRequested;

    /// <summary>Told of each signal by its name.</summary>
    public Action<string> Told { get; set; } = _ => { };

    /// <summary>From here on signals ask.</summary>
    public void Listen()
    {
        foreach (var signal in Obeyed)
        {
            _signals.Add(PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = true;
                Ask();
                Told(signal.ToString());
            }));
        }
    }

    /// <summary>Asks the run to end.</summary>
    public void Ask()
    {
        // What waits for this must not run inside a write to the terminal or a signal's handler.
        _ = _source.CancelAsync();
    }

    public void Dispose()
    {
        foreach (var signal in _signals)
        {
            signal.Dispose();
        }

        _source.Dispose();
    }
}
