using System.Globalization;
using MailTlsState.Hosts.SeLinux;

namespace MailTlsState.Hosts.Linux;

/// <summary>Types of TCP ports, and who may bind them. The kernel does not tell a port's type, so semanage(8) is asked, which reads the policy's store.</summary>
internal static class LinuxPortLabels
{
    // The same in every policy (corenetwork of the reference policy).
    private static readonly Dictionary<int, string> Mail = new()
    {
        [25] = "smtp_port_t", [465] = "smtp_port_t", [587] = "smtp_port_t",
        [110] = "pop_port_t", [143] = "pop_port_t", [993] = "pop_port_t", [995] = "pop_port_t",
    };

    internal static async Task<PortObservation> ObserveAsync(int port, string domain, CancellationToken cancellation)
    {
        var type = Mail.GetValueOrDefault(port);
        if (type is null && TrustedPrograms.Exists(SecurityContext.SeManage))
        {
            var listed = await LinuxProcesses.RunAsync(new ProcessCall(SecurityContext.SeManage, ["port", "-l", "-n"]), cancellation).ConfigureAwait(false);
            type = TypeOf(port, listed.Output);
        }

        var level = SeLinuxKernel.HasLevels ? ":s0" : "";
        return new PortObservation(
            port, domain, type, type is null ? null : SeLinuxKernel.Allows($"system_u:system_r:{domain}{level}", $"system_u:object_r:{type}{level}", "tcp_socket", "name_bind"));
    }

    /// <summary>The port's type in the list (<c>TYPE  tcp  25, 465, 1024-65535</c>): of several the one with the smallest range, as the kernel decides.</summary>
    internal static string? TypeOf(int port, string list)
    {
        (string? Type, int Size) best = (null, int.MaxValue);
        foreach (var line in list.Split('\n'))
        {
            var fields = line.Split([' ', ','], StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length < 3 || fields[1] != "tcp")
            {
                continue;
            }

            foreach (var range in fields[2..].Select(f => f.Split('-')))
            {
                if (int.TryParse(range[0], NumberStyles.None, CultureInfo.InvariantCulture, out var first)
                    && int.TryParse(range[^1], NumberStyles.None, CultureInfo.InvariantCulture, out var last)
                    && port >= first && port <= last && last - first < best.Size)
                {
                    best = (fields[0], last - first);
                }
            }
        }

        return best.Type;
    }
}
