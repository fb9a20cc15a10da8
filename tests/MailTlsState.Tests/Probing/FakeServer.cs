using System.IO.Pipelines;
using System.Text;
using MailTlsState.Tests.Verification;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.Tls;
using Org.BouncyCastle.Tls.Crypto;
using Org.BouncyCastle.Tls.Crypto.Impl.BC;
using Xunit;

namespace MailTlsState.Tests.Probing;

/// <summary>A server in memory: each connection runs the script on its end of a pair of pipes.</summary>
internal sealed class FakeServer(Func<FakeConnection, Task> script, int chunk = int.MaxValue)
{
    private int _connections;
    private long _taken;

    /// <summary>Bytes that clients read of all that the script sent.</summary>
    public long Taken => Interlocked.Read(ref _taken);

    public int Connections => _connections;

    public Task<Stream> ConnectAsync(CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        Interlocked.Increment(ref _connections);
        var up = new Pipe();
        var down = new Pipe();
        var server = new PipeStream(up.Reader, down.Writer, int.MaxValue);
        _ = Task.Run(
            async () =>
            {
                await using var connection = new FakeConnection(server);
                try
                {
                    await script(connection);
                }
                catch (IOException)
                {
                    // The client gave up: what it saw is what the test looks at.
                }
            },
            cancellation);
        return Task.FromResult<Stream>(new PipeStream(down.Reader, up.Writer, chunk, count => Interlocked.Add(ref _taken, count)));
    }

    private sealed class PipeStream(PipeReader input, PipeWriter output, int chunk, Action<int>? taken = null) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var result = await input.ReadAsync(cancellationToken);
            var count = (int)Math.Min(Math.Min(buffer.Length, chunk), result.Buffer.Length);
            var part = result.Buffer.Slice(0, count);
            System.Buffers.BuffersExtensions.CopyTo(part, buffer.Span);
            input.AdvanceTo(part.End);
            taken?.Invoke(count);
            return count;
        }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if ((await output.WriteAsync(buffer, cancellationToken)).IsCompleted)
            {
                throw new IOException("connection reset");
            }
        }

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            input.Complete();
            output.Complete();
            base.Dispose(disposing);
        }
    }
}

/// <summary>The server's end of one connection, in the clear or over TLS.</summary>
internal sealed class FakeConnection(Stream stream) : IAsyncDisposable
{
    private TlsServerProtocol? _tls;

    public async Task SendAsync(string text)
    {
        var bytes = Encoding.Latin1.GetBytes(text);
        if (_tls is null)
        {
            await stream.WriteAsync(bytes);
            return;
        }

        _tls.WriteApplicationData(bytes, 0, bytes.Length);
        await FlushAsync();
    }

    /// <summary>Reads one line of the client; null at the end.</summary>
    public async Task<string?> ReadLineAsync()
    {
        var line = new StringBuilder();
        var one = new byte[1];
        while (await ReadAsync(one) == 1)
        {
            if (one[0] == '\n')
            {
                return line.ToString().TrimEnd('\r');
            }

            line.Append((char)one[0]);
        }

        return null;
    }

    /// <summary>Reads until the client's hello has come, and answers with these bytes.</summary>
    public async Task AnswerHelloAsync(byte[] answer)
    {
        var got = await stream.ReadAsync(new byte[4096]);
        Assert.NotEqual(0, got);
        await stream.WriteAsync(answer);
    }

    /// <summary>Reads the one record of a client's hello.</summary>
    public async Task<byte[]> ReadHelloAsync()
    {
        var header = new byte[5];
        await stream.ReadExactlyAsync(header);
        var body = new byte[(header[3] << 8) | header[4]];
        await stream.ReadExactlyAsync(body);
        return body;
    }

    public async Task SendBytesAsync(byte[] bytes) => await stream.WriteAsync(bytes);

    public async Task StartTlsAsync(TestCertificate certificate, ProtocolVersion[]? versions = null, bool sendsChain = true, IReadOnlyList<TestCertificate>? chain = null)
    {
        _tls = new TlsServerProtocol();
        var server = new Server(chain ?? (sendsChain ? [certificate] : []), certificate, versions ?? ProtocolVersion.TLSv13.DownTo(ProtocolVersion.TLSv12));
        _tls.Accept(server);
        var buffer = new byte[16 * 1024];
        while (!server.IsComplete)
        {
            var got = await stream.ReadAsync(buffer);
            if (got == 0)
            {
                throw new EndOfStreamException();
            }

            try
            {
                _tls.OfferInput(buffer, 0, got);
            }
            finally
            {
                await FlushAsync();
            }
        }
    }

    public ValueTask DisposeAsync() => stream.DisposeAsync();

    private async Task<int> ReadAsync(byte[] one)
    {
        if (_tls is null)
        {
            return await stream.ReadAsync(one);
        }

        var buffer = new byte[16 * 1024];
        while (_tls.GetAvailableInputBytes() == 0)
        {
            var got = _tls.IsClosed ? 0 : await stream.ReadAsync(buffer);
            if (got == 0)
            {
                return 0;
            }

            _tls.OfferInput(buffer, 0, got);
            await FlushAsync();
        }

        return _tls.ReadInput(one, 0, 1);
    }

    private async Task FlushAsync()
    {
        var output = new byte[_tls!.GetAvailableOutputBytes()];
        if (output.Length > 0)
        {
            _tls.ReadOutput(output, 0, output.Length);
            await stream.WriteAsync(output);
        }
    }

    private sealed class Server(IReadOnlyList<TestCertificate> chain, TestCertificate certificate, ProtocolVersion[] versions)
        : DefaultTlsServer(new BcTlsCrypto(new SecureRandom()))
    {
        public bool IsComplete { get; private set; }

        protected override ProtocolVersion[] GetSupportedVersions() => versions;

        protected override int[] GetSupportedCipherSuites() =>
            [CipherSuite.TLS_AES_128_GCM_SHA256, CipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, CipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA];

        protected override TlsCredentialedSigner GetECDsaSignerCredentials() => Credentials();

        public override TlsCredentials GetCredentials() => TlsUtilities.IsTlsV13(m_context) ? Credentials() : base.GetCredentials();

        public override void NotifyHandshakeComplete()
        {
            base.NotifyHandshakeComplete();
            IsComplete = true;
        }

        private TlsCredentialedSigner Credentials()
        {
            var crypto = (BcTlsCrypto)Crypto;
            var entries = chain.Select(c => new BcTlsCertificate(crypto, c.Der)).ToArray<TlsCertificate>();
            var sent = TlsUtilities.IsTlsV13(m_context)
                ? new Certificate([], [.. entries.Select(e => new CertificateEntry(e, null))])
                : new Certificate(entries);
            var algorithm = TlsUtilities.IsTlsV12(m_context) ? new SignatureAndHashAlgorithm(HashAlgorithm.sha256, SignatureAlgorithm.ecdsa) : null;
            return new BcDefaultTlsCredentialedSigner(new TlsCryptoParameters(m_context), crypto, certificate.Key, sent, algorithm);
        }
    }
}
