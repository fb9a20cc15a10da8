using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Text;
using MailTlsState.Certificates.Encryption;
using MailTlsState.Diagnostics;

namespace MailTlsState.Certificates.Import;

/// <summary>Tells the formats apart by content, never by name: vendors call everything .crt.</summary>
internal static class VendorFormats
{
    private static readonly (byte[] Magic, int Offset, string What)[] Archives =
    [
        ("PK\x03\x04"u8.ToArray(), 0, "a zip archive"),
        ("PK\x05\x06"u8.ToArray(), 0, "an empty zip archive"),
        ([0x1F, 0x8B], 0, "compressed by gzip"),
        ("BZh"u8.ToArray(), 0, "compressed by bzip2"),
        ([0xFD, 0x37, 0x7A, 0x58, 0x5A], 0, "compressed by xz"),
        ([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], 0, "a 7z archive"),
        ("Rar!"u8.ToArray(), 0, "a rar archive"),
        ("ustar"u8.ToArray(), 257, "a tar archive"),
    ];

    private static readonly (byte[] Magic, string Advice)[] Others =
    [
        ([0xFE, 0xED, 0xFE, 0xED], "it is a Java key store; export it by keytool -importkeystore -deststoretype PKCS12"),
        ([0xCE, 0xCE, 0xCE, 0xCE], "it is a Java key store; export it by keytool -importkeystore -deststoretype PKCS12"),
        ("%PDF"u8.ToArray(), "it is a PDF document, not the certificate"),
        ([0xD0, 0xCF, 0x11, 0xE0], "it is an Office document or an Outlook message; save the attachment alone"),
    ];

    /// <summary>Reads a file into <paramref name="contents"/> and closes it.</summary>
    /// <exception cref="MailTlsException">There is nothing of use in it, or it does not open.</exception>
    public static VendorFile Read(ReadOnlySpan<byte> content, VendorContents contents)
    {
        try
        {
            return ReadAny(content, contents);
        }
        catch (PasswordEncryptionException closed)
        {
            throw new MailTlsException(closed.Fault switch
            {
                EncryptionFault.WrongPassword => contents.Password is null ? ImportDiagnostics.NeedsPassword(contents.Name) : ImportDiagnostics.WrongPassword(contents.Name),
                EncryptionFault.TooMuchWork => ImportDiagnostics.TooMuchWork(contents.Name, closed.Message),
                _ => ImportDiagnostics.FileUnreadable(contents.Name, closed.Message),
            });
        }
        catch (Exception broken) when (broken is AsnContentException or CryptographicException)
        {
            throw new MailTlsException(ImportDiagnostics.FileUnreadable(contents.Name, "its content is broken"));
        }
    }

    private static VendorFile ReadAny(ReadOnlySpan<byte> content, VendorContents contents)
    {
        if (content.Length > contents.Limits.FileSize)
        {
            throw new MailTlsException(ImportDiagnostics.FileTooLarge(contents.Name, $"has {content.Length} bytes, more than {contents.Limits.FileSize}"));
        }

        foreach (var (magic, offset, what) in Archives)
        {
            if (content.Length > offset && content[offset..].StartsWith(magic))
            {
                throw new MailTlsException(ImportDiagnostics.FileIsArchive(contents.Name, what));
            }
        }

        foreach (var (magic, advice) in Others)
        {
            if (content.StartsWith(magic))
            {
                return contents.Take(advice);
            }
        }

        var text = Decode(content);
        try
        {
            if (text.AsSpan().Contains("-----BEGIN ", StringComparison.Ordinal))
            {
                PemReader.Read(text, contents);
                return contents.Take("its PEM blocks hold neither a certificate nor a key");
            }

            if (content.Length > 0 && content[0] == 0x30 && DerReader.Read(content, contents))
            {
                return contents.Take("it holds neither a certificate nor a key");
            }

            return ReadBare(text, contents);
        }
        finally
        {
            Array.Clear(text);
        }
    }

    // Base64 without the lines around it, as some CAs print it into a mail.
    private static VendorFile ReadBare(ReadOnlySpan<char> text, VendorContents contents)
    {
        var der = PrivateKeyPem.DecodeBody(text);
        try
        {
            return contents.Take(der is not null && der[0] == 0x30 && DerReader.Read(der, contents)
                ? "it holds neither a certificate nor a key"
                : Guess(text));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(der);
        }
    }

    private static string Guess(ReadOnlySpan<char> text) =>
        text.IsWhiteSpace() ? "it is empty"
        : text.Contains("BEGIN CERTIFICATE", StringComparison.Ordinal) ? "the five dashes around BEGIN CERTIFICATE were changed, as word processors do; save the original attachment"
        : text.Contains("<html", StringComparison.OrdinalIgnoreCase) ? "it is a web page; perhaps the download needed a log-in"
        : "it is neither PEM nor DER, PKCS#7 or PKCS#12";

    /// <summary>The file as characters: UTF-16 where it begins with that mark (Windows writes it), else each byte one character.</summary>
    private static char[] Decode(ReadOnlySpan<byte> content)
    {
        var encoding = content switch
        {
            [0xFF, 0xFE, ..] => Encoding.Unicode,
            [0xFE, 0xFF, ..] => Encoding.BigEndianUnicode,
            _ => Encoding.Latin1,
        };
        var start = encoding == Encoding.Latin1 ? (content is [0xEF, 0xBB, 0xBF, ..] ? 3 : 0) : 2;
        var text = new char[encoding.GetCharCount(content[start..])];
        encoding.GetChars(content[start..], text);
        return text;
    }
}
