namespace MailTlsState.Hosts.SeLinux;

/// <summary>Whether the loaded policy lets a domain listen on a TCP port.</summary>
/// <param name="Port">The port.</param>
/// <param name="Domain">Type of the process that would bind it.</param>
/// <param name="Type">The port's type, or null where it is not known: only semanage(8) tells those of other ports than mail's own.</param>
/// <param name="Allowed">The policy's answer, or null where it was not to be had.</param>
public sealed record PortObservation(int Port, string Domain, string? Type, bool? Allowed);
