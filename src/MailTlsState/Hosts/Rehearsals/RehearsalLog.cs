using System.Net.Sockets;
using System.Text;

namespace MailTlsState.Hosts.Rehearsals;

/// <summary>
/// The rehearsal's /dev/log: a datagram socket in its file system that this process holds, so that the daemons' own words are at hand
/// without a syslog daemon.
/// </summary>
internal sealed class RehearsalLog : IDisposable
{
    private const int MaximumText = 1024 * 1024;
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
    private readonly StringBuilder _text = new();

    internal RehearsalLog(int process)
    {
        var path = $"/proc/{process}/root/dev/log";
        _socket.Bind(new UnixDomainSocketEndPoint(path));
        if (!OperatingSystem.IsWindows())
        {
            // Daemons log as users of their own.
            const int everybody = 0b110_110_110;
            File.SetUnixFileMode(path, (UnixFileMode)everybody);
        }

        _ = Task.Run(ReceiveAsync);
    }

    /// <summary>The messages so far, one a line, without priority and time.</summary>
    internal string Text
    {
        get
        {
            lock (_text)
            {
                return _text.ToString();
            }
        }
    }

    public void Dispose() => _socket.Dispose();

    private async Task ReceiveAsync()
    {
        var buffer = new byte[8192];
        try
        {
            while (true)
            {
                var length = await _socket.ReceiveAsync(buffer).ConfigureAwait(false);
                var message = WithoutHead(Encoding.Latin1.GetString(buffer, 0, length).TrimEnd('\n', '\0'));
                lock (_text)
                {
                    if (_text.Length < MaximumText)
                    {
                        _text.Append(message).Append('\n');
                    }
                }
            }
        }
        catch (Exception closed) when (closed is ObjectDisposedException or SocketException)
        {
            // The rehearsal is over.
            return;
        }
    }

    // "<22>Nov 24 21:00:00 postfix/master[7]: …" as syslog(3) sends it.
    internal static string WithoutHead(string message)
    {
        var priority = message.StartsWith('<') ? message.IndexOf('>') : -1;
        var rest = priority is > 0 and < 5 ? message[(priority + 1)..] : message;
        const int timeLength = 16;
        return rest.Length > timeLength && rest[3] == ' ' && rest[9] == ':' && rest[12] == ':' && rest[15] == ' ' ? rest[timeLength..] : rest;
    }
}
