using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using MailTlsState.Hosts;
using MailTlsState.Hosts.Linux;
using MailTlsState.Hosts.SeLinux;

namespace MailTlsState.Sweep;

/// <summary>The managed tree: made anew before each point, looked at after it.</summary>
internal static class Tree
{
    /// <summary>A user and group that is not root.</summary>
    internal const int Somebody = 1234;

    /// <summary>What a key has that was moved out of a home directory.</summary>
    internal const string HomeLabel = "unconfined_u:object_r:user_home_t:s0";

    /// <summary>What it should have.</summary>
    internal const string CertificateLabel = "system_u:object_r:cert_t:s0";

    private const uint BasicStats = 0x7ff;

    /// <summary>Makes <c>root/</c> and an empty <c>state/</c> in <paramref name="folder"/>; what was there goes.</summary>
    public static void Make(string folder)
    {
        foreach (var name in new[] { "root", "state" }.Where(n => Directory.Exists($"{folder}/{n}")))
        {
            Directory.Delete($"{folder}/{name}", recursive: true);
        }

        var etc = folder + "/root/etc";
        foreach (var (path, mode) in new[] { ("/root", 0x1ED), ("/state", 0x1C0), ("/root/etc", 0x1ED), ("/root/etc/postfix", 0x1ED), ("/root/etc/dovecot", 0x1ED), ("/root/etc/dovecot/conf.d", 0x1ED), ("/root/etc/tls", 0x1ED) })
        {
            LinuxFileWriter.CreateDirectory(folder + path, 0, 0, mode, path == "/root/etc/tls" ? HomeLabel : null);
        }

        File($"{etc}/postfix/main.cf", "myhostname = mail.mydomain.com\n", 0, 8, 0x1A4, ("user.note", "kept by hand"u8.ToArray()), (ExtendedAttributes.AccessControlList, ReaderAcl()));
        File($"{etc}/postfix/master.cf", "smtp inet n - y - - smtpd\n", 0, 0, 0x1A4, ("security.selinux", "system_u:object_r:postfix_etc_t:s0\0"u8.ToArray()));
        File($"{etc}/dovecot/dovecot.conf", "!include conf.d/*.conf\n", 0, 0, 0x1A4);
        File($"{etc}/tls/server.pem", "the old key and chain\n", 0, 0, 0x180, ("user.note", "from the old host"u8.ToArray()), Label());
        File($"{etc}/tls/root.pem", "a root\n", Somebody, 8, 0x1B4, Label());
        File($"{etc}/tls/retired.key", "a key that nobody uses\n", 0, 0, 0x180);
        System.IO.File.CreateSymbolicLink($"{etc}/tls/link", "server.pem");
    }

    /// <summary>Every path below <c>root/</c> with kind, owner, mode, attributes and content, a line each; files with their time.</summary>
    /// <param name="folder">The folder given to <see cref="Make"/>.</param>
    /// <param name="times">Also the modification time of files, in nanoseconds.</param>
    public static string Look(string folder, bool times)
    {
        var text = new StringBuilder();
        Look(text, folder + "/root", "", times);
        return text.ToString();
    }

    private static void Look(StringBuilder text, string root, string path, bool times)
    {
        var full = root + path;
        _ = Libc.StatX(Libc.AtCurrentDirectory, full, Libc.AtSymlinkNoFollow, BasicStats, out var found) == 0 ? 0 : throw LinuxPath.Failed("stat", full, Errno.Last);
        var kind = LinuxPath.KindOf(found.Mode);
        text.Append(CultureInfo.InvariantCulture, $"{path}/ {kind} {found.Owner}:{found.Group} {Convert.ToString(found.Mode & 0xFFF, 8)}");
        if (kind == FileKind.SymbolicLink)
        {
            text.Append(' ').Append(LinuxPath.ReadLink(Libc.AtCurrentDirectory, full)).Append('\n');
            return;
        }

        using (var file = new Descriptor(Libc.OpenAt(Libc.AtCurrentDirectory, full, Libc.ReadOnly | Libc.NoFollow | Libc.CloseOnExec, 0)))
        {
            foreach (var (name, value) in ExtendedAttributes.Read(file, full))
            {
                text.Append(CultureInfo.InvariantCulture, $" {name}={Convert.ToHexString(value)}");
            }

            if (kind == FileKind.Regular)
            {
                text.Append(CultureInfo.InvariantCulture, $" links={found.Links} {Digests.Sha256(file.ReadToEnd((long)found.Size, 1 << 20, full))}");
                if (times)
                {
                    text.Append(CultureInfo.InvariantCulture, $" {found.Modified.Seconds}.{found.Modified.Nanoseconds:D9}");
                }
            }
        }

        text.Append('\n');
        if (kind == FileKind.Directory)
        {
            foreach (var name in LinuxFileReader.List(full))
            {
                Look(text, root, $"{path}/{name}", times);
            }
        }
    }

    private static void File(string path, string text, int owner, int group, int mode, params (string Name, byte[] Value)[] attributes)
    {
        LinuxFileWriter.CreateFile(path, Encoding.UTF8.GetBytes(text), owner, group, mode, null, null);
        using var file = new Descriptor(Libc.OpenAt(Libc.AtCurrentDirectory, path, Libc.ReadOnly | Libc.NoFollow | Libc.CloseOnExec, 0));
        ExtendedAttributes.Copy(attributes.ToDictionary(a => a.Name, a => a.Value), file, path);
        _ = Libc.FUTimeNs(file.Number, [new Libc.TimeSpec(1577836800, 1), new Libc.TimeSpec(1577836800, 123456789)]) == 0 ? 0 : throw LinuxPath.Failed("set time of", path, Errno.Last);
    }

    private static (string Name, byte[] Value) Label() => (SecurityContext.Attribute, Encoding.ASCII.GetBytes(HomeLabel + '\0'));

    // acl(5) as the kernel keeps it: version 2, then tag, permissions and id of each entry. User 1234 may read.
    private static byte[] ReaderAcl()
    {
        (ushort Tag, ushort Permissions, uint Id)[] entries = [(0x01, 6, uint.MaxValue), (0x02, 4, Somebody), (0x04, 4, uint.MaxValue), (0x10, 4, uint.MaxValue), (0x20, 4, uint.MaxValue)];
        var acl = new byte[4 + (entries.Length * 8)];
        BinaryPrimitives.WriteUInt32LittleEndian(acl, 2);
        for (var i = 0; i < entries.Length; i++)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(acl.AsSpan(4 + (i * 8)), entries[i].Tag);
            BinaryPrimitives.WriteUInt16LittleEndian(acl.AsSpan(6 + (i * 8)), entries[i].Permissions);
            BinaryPrimitives.WriteUInt32LittleEndian(acl.AsSpan(8 + (i * 8)), entries[i].Id);
        }

        return acl;
    }
}
