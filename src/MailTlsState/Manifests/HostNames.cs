using System.Globalization;
using System.Net;
using MailTlsState.Diagnostics;

namespace MailTlsState.Manifests;

/// <summary>Checks the names of a certificate: RFC 1123 section 2.1 for hosts, RFC 9525 section 6.3 for wildcards, RFC 5890 section 2.3.1 for A-labels.</summary>
internal static class HostNames
{
    /// <summary>The text of an IP address in the form of RFC 5952 (or four decimal numbers), or null for what is none.</summary>
    public static string? Address(string name) =>
        IPAddress.TryParse(name, out var address) && !name.Contains('%', StringComparison.Ordinal) && (name.Contains(':', StringComparison.Ordinal) || address.ToString() == name)
            ? address.ToString()
            : null;

    /// <summary>The name in lower case, or null and the reason.</summary>
    /// <param name="scalar">The name.</param>
    /// <param name="wildcardAllowed">True where it may begin with <c>*.</c>.</param>
    /// <param name="problem">The reason.</param>
    /// <param name="addressAllowed">True where an IP address may stand as well; one that <see cref="Address"/> takes is none of this method's.</param>
    public static string? Normalize(YamlScalar scalar, bool wildcardAllowed, out Diagnostic? problem, bool addressAllowed = false)
    {
        var value = scalar.Value;
        var name = value.ToLowerInvariant();
        problem = Judge(scalar, name, wildcardAllowed, addressAllowed);
        return problem is null ? name : null;
    }

    /// <summary>True when a certificate for <paramref name="pattern"/> is valid for <paramref name="host"/>; both in lower case.</summary>
    public static bool Covers(string pattern, string host) =>
        pattern == host
        || (pattern.StartsWith("*.", StringComparison.Ordinal)
            && host.IndexOf('.', StringComparison.Ordinal) is > 0 and var dot
            && host.AsSpan(dot).SequenceEqual(pattern.AsSpan(1)));

    private static Diagnostic? Judge(YamlScalar scalar, string name, bool wildcardAllowed, bool addressAllowed)
    {
        Diagnostic Invalid(string why, string remedy = "write a fully qualified name, such as mail.example.com") =>
            ManifestDiagnostics.InvalidName(scalar.Place, scalar.Path, scalar.Value, why, remedy);

        if (name.Length == 0)
        {
            return Invalid("it is empty");
        }

        if (name.Contains(':', StringComparison.Ordinal) ? IPAddress.TryParse(name, out _) : name.All(c => char.IsAsciiDigit(c) || c == '.'))
        {
            // Programs read such a number as octal, as decimal or not at all, so which address is meant is a guess.
            if (addressAllowed && name.Split('.').Any(n => n.Length > 1 && n[0] == '0'))
            {
                return Invalid("a number in an IP address begins with a zero", "write the address without leading zeros, such as 10.0.0.1");
            }

            return ManifestDiagnostics.NameAddress(scalar.Place, scalar.Path, scalar.Value);
        }

        if (name.Any(c => c > '\u007F'))
        {
            return ManifestDiagnostics.InternationalName(scalar.Place, scalar.Path, scalar.Value, ToAscii(name));
        }

        if (name[^1] == '.')
        {
            return Invalid("it ends with a dot", $"write {ManifestDiagnostics.Quote(name.TrimEnd('.'))}");
        }

        if (name.Contains('*', StringComparison.Ordinal))
        {
            var rest = name.StartsWith("*.", StringComparison.Ordinal) ? name[2..] : "*";
            if (!wildcardAllowed || rest.Contains('*', StringComparison.Ordinal) || !rest.Contains('.', StringComparison.Ordinal))
            {
                return ManifestDiagnostics.Wildcard(scalar.Place, scalar.Path, scalar.Value, wildcardAllowed);
            }

            name = rest;
        }

        if (scalar.Value.Length > 253)
        {
            return Invalid("it is longer than 253 characters");
        }

        var labels = name.Split('.');
        foreach (var label in labels)
        {
            if (label.Length == 0)
            {
                return Invalid("a label is empty");
            }

            if (label.Length > 63)
            {
                return Invalid("a label is longer than 63 characters");
            }

            if (label[0] == '-' || label[^1] == '-')
            {
                return Invalid("a label starts or ends with a hyphen");
            }

            if (label.Length > 3 && label.AsSpan(2, 2).SequenceEqual("--") && !IsALabel(label))
            {
                return Invalid($"{ManifestDiagnostics.Quote(label)} is no A-label", "write the name as its registry does (xn--…)");
            }

            if (label.FirstOrDefault(c => !char.IsAsciiLetterOrDigit(c) && c != '-') is not '\0' and var bad)
            {
                return Invalid($"it contains {ManifestDiagnostics.Quote(bad.ToString())}");
            }
        }

        if (labels.Length < 2)
        {
            return Invalid("it is not fully qualified");
        }

        return labels[^1].All(char.IsAsciiDigit) ? Invalid("its last label is a number") : null;
    }

    // Two hyphens there are for A-labels alone, and these have to be what some U-label gives.
    private static bool IsALabel(string label)
    {
        try
        {
            return label.StartsWith("xn--", StringComparison.Ordinal) && new IdnMapping { UseStd3AsciiRules = false }.GetUnicode(label) != label;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private static string? ToAscii(string name)
    {
        try
        {
            return new IdnMapping { UseStd3AsciiRules = false }.GetAscii(name.TrimEnd('.'));
        }
        catch (ArgumentException)
        {
            // Some text has no A-label at all; then the hint says so in words.
            return null;
        }
    }
}
