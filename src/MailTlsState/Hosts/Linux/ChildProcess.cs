using System.Runtime.InteropServices;
using MailTlsState.Diagnostics;

namespace MailTlsState.Hosts.Linux;

/// <summary>
/// One child, started by posix_spawn(3): unlike System.Diagnostics.Process it has a process group of its own, so that a shell's
/// children end with it, and it starts in half a millisecond.
/// </summary>
internal sealed partial class ChildProcess : IDisposable
{
    private const string C = "libc";
    private const nint PidFdOpenNumber = 434;
    private const nint CloseRangeNumber = 436;
    private const nint CloseRangeCloseOnExec = 4;
    private const short SpawnSetProcessGroup = 0x02;
    private const short SpawnSetSignalDefaults = 0x04;
    private const short SpawnSetSignalMask = 0x08;

    // Larger than glibc's (336, 80, 128 bytes), which never shrink or grow: they are part of its ABI.
    private const int AttributesSize = 512;
    private const int ActionsSize = 128;
    private const int SignalSetSize = 128;
    private const int SignalActionSize = 152;

    private static readonly bool Prepared = Prepare();

    // A rehearsal's reader and its owner both ask; whoever comes second would find no child any more.
    private readonly Lock _reaping = new();
    private readonly int _process;
    private int? _status;

    private ChildProcess(int process, Descriptor? input, Descriptor output, Descriptor error)
    {
        _process = process;
        Input = input;
        Output = output;
        Error = error;
        ExitDescriptor = (int)Libc.SystemCall(PidFdOpenNumber, process, 0, 0);
    }

    internal int Id => _process;

    /// <summary>Write end of standard input, or null when that is /dev/null.</summary>
    internal Descriptor? Input { get; }

    internal Descriptor Output { get; }

    internal Descriptor Error { get; }

    /// <summary>Readable when the child has ended; -1 before Linux 5.3.</summary>
    internal int ExitDescriptor { get; private set; }

    internal static unsafe ChildProcess Start(string program, IReadOnlyList<string> arguments, IReadOnlyList<string> environment, bool withInput)
    {
        _ = Prepared;
        var (inputRead, inputWrite) = withInput ? Pipe(program) : (null, null);
        var (outputRead, outputWrite) = Pipe(program);
        var (errorRead, errorWrite) = Pipe(program);
        Span<byte> attributes = stackalloc byte[AttributesSize];
        Span<byte> actions = stackalloc byte[ActionsSize];
        Span<byte> signals = stackalloc byte[SignalSetSize];
        signals.Clear();
        _ = AttributesInit(attributes);
        _ = ActionsInit(actions);
        using var argumentVector = new StringVector([program, .. arguments]);
        using var environmentVector = new StringVector(environment);
        try
        {
            _ = AttributesSetMask(attributes, signals);
            signals.Fill(0xFF);
            _ = AttributesSetDefaults(attributes, signals);
            _ = AttributesSetGroup(attributes, 0);
            _ = AttributesSetFlags(attributes, SpawnSetProcessGroup | SpawnSetSignalDefaults | SpawnSetSignalMask);
            _ = inputRead is null ? ActionsOpen(actions, 0, "/dev/null", Libc.ReadOnly, 0) : ActionsDuplicate(actions, inputRead.Number, 0);
            _ = ActionsDuplicate(actions, outputWrite.Number, 1);
            _ = ActionsDuplicate(actions, errorWrite.Number, 2);
            var failure = Spawn(out var process, program, actions, attributes, argumentVector.Pointer, environmentVector.Pointer);
            if (failure != 0)
            {
                inputWrite?.Dispose();
                outputRead.Dispose();
                errorRead.Dispose();
                throw new MailTlsException(HostDiagnostics.ProgramNotStarted(program, Errno.Describe(failure)));
            }

            return new ChildProcess(process, inputWrite, outputRead, errorRead);
        }
        finally
        {
            _ = AttributesDestroy(attributes);
            _ = ActionsDestroy(actions);
            inputRead?.Dispose();
            outputWrite.Dispose();
            errorWrite.Dispose();
        }
    }

    /// <summary>Exit status (128 and the signal for one that was killed), or null while it runs.</summary>
    internal int? TryWait()
    {
        lock (_reaping)
        {
            return _status ??= Reap(Libc.WaitNoHang);
        }
    }

    /// <summary>Waits until it has ended.</summary>
    internal int Wait()
    {
        lock (_reaping)
        {
            return _status ??= Reap(0)!.Value;
        }
    }

    /// <summary>Kills the child and everything in its process group. Safe: until it was waited for, the kernel keeps the number.</summary>
    internal void KillGroup()
    {
        lock (_reaping)
        {
            if (_status is null)
            {
                _ = Libc.Kill(-_process, Libc.SigKill);
            }
        }
    }

    public void Dispose()
    {
        if (_status is null)
        {
            KillGroup();
            Wait();
        }

        Input?.Dispose();
        Output.Dispose();
        Error.Dispose();
        if (ExitDescriptor >= 0)
        {
            _ = Libc.Close(ExitDescriptor);
            ExitDescriptor = -1;
        }
    }

    private int? Reap(int options)
    {
        while (true)
        {
            var waited = Libc.WaitPid(_process, out var status, options);
            if (waited == 0)
            {
                return null;
            }

            if (waited == _process)
            {
                var signal = status & 0x7f;
                return signal == 0 ? (status >> 8) & 0xff : 128 + signal;
            }

            if (Errno.Last != Errno.Interrupted)
            {
                throw new MailTlsException(HostDiagnostics.ProgramNotStarted($"process {_process}", Errno.Describe(Errno.Last)));
            }
        }
    }

    private static (Descriptor Read, Descriptor Write) Pipe(string program)
    {
        Span<int> ends = stackalloc int[2];
        return Libc.Pipe2(ends, Libc.CloseOnExec) == 0
            ? (new Descriptor(ends[0]), new Descriptor(ends[1]))
            : throw new MailTlsException(HostDiagnostics.ProgramNotStarted(program, Errno.Describe(Errno.Last)));
    }

    private static bool Prepare()
    {
        // Whoever started us may have ignored SIGCHLD: then exit statuses would be lost.
        Span<byte> action = stackalloc byte[SignalActionSize];
        const byte ignored = 1;
        if (Libc.SigAction(Libc.SigChild, default, action) == 0 && action[0] == ignored && action[1..8].IndexOfAnyExcept((byte)0) < 0)
        {
            action.Clear();
            _ = Libc.SigAction(Libc.SigChild, action, default);
        }

        // Nor must our starter's open files reach a daemon that we start. The runtime's own are closed on exec already.
        // Before Linux 5.11 this fails, and they stay as they were given to us.
        _ = Libc.SystemCall(CloseRangeNumber, 3, int.MaxValue, CloseRangeCloseOnExec);
        _ = Libc.UMask(0b000_111_111);
        return true;
    }

    [LibraryImport(C, EntryPoint = "posix_spawn", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Spawn(out int process, string path, ReadOnlySpan<byte> actions, ReadOnlySpan<byte> attributes, nint arguments, nint environment);

    [LibraryImport(C, EntryPoint = "posix_spawnattr_init")]
    private static partial int AttributesInit(Span<byte> attributes);

    [LibraryImport(C, EntryPoint = "posix_spawnattr_destroy")]
    private static partial int AttributesDestroy(Span<byte> attributes);

    [LibraryImport(C, EntryPoint = "posix_spawnattr_setflags")]
    private static partial int AttributesSetFlags(Span<byte> attributes, short flags);

    [LibraryImport(C, EntryPoint = "posix_spawnattr_setpgroup")]
    private static partial int AttributesSetGroup(Span<byte> attributes, int group);

    [LibraryImport(C, EntryPoint = "posix_spawnattr_setsigmask")]
    private static partial int AttributesSetMask(Span<byte> attributes, ReadOnlySpan<byte> signals);

    [LibraryImport(C, EntryPoint = "posix_spawnattr_setsigdefault")]
    private static partial int AttributesSetDefaults(Span<byte> attributes, ReadOnlySpan<byte> signals);

    [LibraryImport(C, EntryPoint = "posix_spawn_file_actions_init")]
    private static partial int ActionsInit(Span<byte> actions);

    [LibraryImport(C, EntryPoint = "posix_spawn_file_actions_destroy")]
    private static partial int ActionsDestroy(Span<byte> actions);

    [LibraryImport(C, EntryPoint = "posix_spawn_file_actions_addopen", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ActionsOpen(Span<byte> actions, int descriptor, string path, int flags, uint mode);

    [LibraryImport(C, EntryPoint = "posix_spawn_file_actions_adddup2")]
    private static partial int ActionsDuplicate(Span<byte> actions, int from, int to);

    /// <summary>A null-terminated vector of UTF-8 strings in unmanaged memory.</summary>
    private sealed class StringVector : IDisposable
    {
        private readonly nint[] _strings;

        internal unsafe StringVector(IReadOnlyList<string> values)
        {
            _strings = [.. values.Select(Marshal.StringToCoTaskMemUTF8)];
            Pointer = Marshal.AllocCoTaskMem((values.Count + 1) * nint.Size);
            var vector = new Span<nint>((void*)Pointer, values.Count + 1);
            _strings.CopyTo(vector);
            vector[^1] = 0;
        }

        internal nint Pointer { get; }

        public void Dispose()
        {
            foreach (var text in _strings)
            {
                Marshal.FreeCoTaskMem(text);
            }

            Marshal.FreeCoTaskMem(Pointer);
        }
    }
}
