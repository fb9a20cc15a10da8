namespace MailTlsState.Planning.AppArmor;

/// <summary>A profile that is loaded and enforced, as its text says what it confines.</summary>
/// <param name="Name">Its name in the kernel.</param>
/// <param name="File">Where its text lies.</param>
/// <param name="Rules">The file rules, those of its includes as well.</param>
internal sealed record AppArmorProfile(string Name, string File, IReadOnlyList<PathRule> Rules)
{
    /// <summary>Whether the program that it confines may read <paramref name="path"/>.</summary>
    internal bool MayRead(string path)
    {
        var fitting = Rules.Where(r => r.Permissions.Contains('r', StringComparison.Ordinal) && r.Fits(path)).ToList();
        return fitting.Count > 0 && !fitting.Exists(r => r.Denies);
    }
}
