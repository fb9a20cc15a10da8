using System.Formats.Asn1;
using System.Security.Cryptography;
using MailTlsState.Certificates.Encryption;
using MailTlsState.Diagnostics;

namespace MailTlsState.Certificates.Import;

/// <summary>Reads every PEM block that holds certificates or keys, whatever stands between them.</summary>
internal static class PemReader
{
    public static void Read(ReadOnlySpan<char> text, VendorContents contents)
    {
        contents.IsPem = true;
        var line = 1;
        var at = 0;
        foreach (var block in PemScanner.Scan(text))
        {
            var start = block.Block.Start.Value;
            line += text[at..start].Count('\n');
            at = start;
            var place = $"in line {line}";
            if (!block.Ended)
            {
                contents.AddProblem($"the block \"{block.Label}\" {place} has no end");
                continue;
            }

            var body = text[block.Body];
            if (PrivateKeyPem.IsPrivateKey(block.Label))
            {
                contents.Is("PEM");
                ReadKey(block.Label, body, contents, place);
            }
            else
            {
                ReadPublic(block.Label, body, contents, place);
            }
        }
    }

    private static void ReadPublic(string label, ReadOnlySpan<char> body, VendorContents contents, string place)
    {
        switch (label)
        {
            case "CERTIFICATE" or "X509 CERTIFICATE" or "TRUSTED CERTIFICATE" or "PKCS7" or "CMS" or "PKCS #7 SIGNED DATA" or "PKCS12":
                break;
            case "CERTIFICATE REQUEST" or "NEW CERTIFICATE REQUEST":
                contents.AddProblem($"the block {place} is a request, which goes to the CA; what comes back is a certificate");
                return;
            default:
                return;
        }

        if (PrivateKeyPem.DecodeBody(body) is not { } der)
        {
            contents.AddProblem($"the base64 of the block \"{label}\" {place} is empty or broken");
            return;
        }

        try
        {
            // After a trusted certificate OpenSSL writes what it is trusted for; some CAs put PKCS#7 under the label of a certificate.
            var read = label == "TRUSTED CERTIFICATE" ? DerReader.ReadFirst(der, contents, place) : DerReader.Read(der, contents, place);
            if (!read)
            {
                contents.AddProblem($"the block \"{label}\" {place} is broken");
            }
        }
        catch (AsnContentException)
        {
            contents.AddProblem($"the block \"{label}\" {place} is broken");
        }
        finally
        {
            // PKCS#12 may hold its key in the clear.
            CryptographicOperations.ZeroMemory(der);
        }
    }

    private static void ReadKey(string label, ReadOnlySpan<char> body, VendorContents contents, string place)
    {
        var encrypted = PrivateKeyPem.IsEncrypted(label, body);
        if (encrypted && contents.Password is null)
        {
            throw new MailTlsException(ImportDiagnostics.NeedsPassword(contents.Name));
        }

        if (encrypted && label != "ENCRYPTED PRIVATE KEY")
        {
            ReadTraditional(label, body, contents, place);
            return;
        }

        if (PrivateKeyPem.DecodeBody(body) is not { } der)
        {
            contents.AddProblem($"the base64 of the private key {place} is empty or broken");
            return;
        }

        try
        {
            if (encrypted)
            {
                contents.AddEncryptedKey(new AsnReader(der, AsnEncodingRules.BER).ReadSequence(), contents.Password, place);
            }
            else
            {
                contents.AddKey(label, der, place);
            }
        }
        catch (AsnContentException)
        {
            contents.AddProblem($"the private key {place} is broken");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(der);
        }
    }

    private static void ReadTraditional(string label, ReadOnlySpan<char> body, VendorContents contents, string place)
    {
        try
        {
            contents.Add(TraditionalPem.Open(label, body, contents.Password!));
        }
        catch (PasswordEncryptionException broken) when (broken.Fault != EncryptionFault.WrongPassword)
        {
            contents.AddProblem($"the private key {place} cannot be read: {broken.Message}");
        }
    }
}
