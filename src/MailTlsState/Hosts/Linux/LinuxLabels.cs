using System.Text;
using MailTlsState.Hosts.SeLinux;

namespace MailTlsState.Hosts.Linux;

/// <summary>Looks at labels, and at what the installed policy says of them. Changes nothing.</summary>
internal sealed class LinuxLabels
{
    private const string Configuration = "/etc/selinux/config";
    private readonly Lazy<FileContexts> _rules = new(ReadRules);

    /// <summary>Name of the policy that is installed to be loaded, or null.</summary>
    internal static string? PolicyName => ReadText(Configuration)?.Split('\n')
        .Where(l => l.StartsWith("SELINUXTYPE=", StringComparison.Ordinal)).Select(l => l["SELINUXTYPE=".Length..].Trim()).LastOrDefault(n => n.Length > 0);

    /// <summary>The label of a path, as <see cref="ExtendedAttributes"/> has it, or null.</summary>
    internal static string? Current(string path)
    {
        Span<byte> value = stackalloc byte[4096];
        var length = Libc.LGetXAttr(path, SecurityContext.Attribute, value, value.Length);
        return length <= 0 ? null : Encoding.UTF8.GetString(value[..(int)length]).TrimEnd('\0');
    }

    internal LabelObservation Observe(LabelQuestion question)
    {
        var rules = _rules.Value;
        FileContextMatch? match;
        lock (rules)
        {
            match = rules.Find(Real(question.Path), question.Directory ? FileKind.Directory : FileKind.Regular);
        }

        var level = SeLinuxKernel.HasLevels ? ":s0" : "";
        var policy = match?.Context;
        var fallback = policy is null ? $"system_u:object_r:{question.Fallback}{level}" : SecurityContext.WithType(policy, question.Fallback);
        var current = Current(question.Path);
        var domains = question.Domains.Select(d => (Type: d, Context: $"system_u:system_r:{d}{level}")).Where(d => SeLinuxKernel.IsValid(d.Context) != false).ToList();
        var (group, permission) = question.Directory ? ("dir", "search") : ("file", "read");
        IReadOnlyList<string> Refused(string context) => [.. domains.Where(d => SeLinuxKernel.Allows(d.Context, context, group, permission) == false).Select(d => d.Type)];
        return new LabelObservation(question.Path, question.Directory)
        {
            Current = current,
            Policy = policy,
            Rule = match?.Rule,
            RulePattern = match?.Pattern,
            IsLocalRule = match?.IsLocal ?? false,
            Fallback = fallback,
            FallbackUnknown = SeLinuxKernel.IsValid(fallback) == false,
            Refused = new[] { current, policy, fallback }.OfType<string>().Distinct().ToDictionary(c => c, Refused),
            Problems = [.. rules.Problems],
        };
    }

    // Rules are about real paths, as restorecon(8) takes them.
    private static string Real(string path)
    {
        try
        {
            return LinuxPath.Resolve(path, "resolve");
        }
        catch (HostWriteException)
        {
            return path;
        }
    }

    private static FileContexts ReadRules()
    {
        if (PolicyName is not { } name)
        {
            return new FileContexts([]);
        }

        var path = $"/etc/selinux/{name}/contexts/files/file_contexts";
        var sources = new[] { ("", false), (".homedirs", false), (".local", true) }
            .Select(f => (Path: path + f.Item1, Text: ReadText(path + f.Item1), IsLocal: f.Item2))
            .Where(f => f.Text is not null)
            .Select(f => new FileContextSource(f.Path, f.Text!, f.IsLocal));
        return new FileContexts(sources, ReadText(path + ".subs") ?? "", ReadText(path + ".subs_dist") ?? "");
    }

    private static string? ReadText(string path)
    {
        try
        {
            return File.ReadAllText(path, Encoding.Latin1);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
