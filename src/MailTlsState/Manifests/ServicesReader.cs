using System.Globalization;
using System.Net;
using System.Net.Sockets;
using MailTlsState.Diagnostics;
using MailTlsState.Policies;

namespace MailTlsState.Manifests;

/// <summary>The part of the manifest under <c>services</c>.</summary>
internal sealed class ServicesReader(YamlMapping? services, ManifestReport report)
{
    private readonly List<(ServiceKind Service, EndpointManifest Endpoint, YamlMapping Node)> endpoints = [];

    public void Judge()
    {
        if (services is null)
        {
            return;
        }

        foreach (var definition in EndpointCatalogue.All)
        {
            if (services.Mapping(Vocabularies.Services.WordOf(definition.Service))?.Mapping("endpoints")?.Mapping(definition.Word) is { } node
                && Read(definition, node) is { } endpoint)
            {
                endpoints.Add((definition.Service, endpoint, node));
            }
        }

        JudgePorts();
    }

    public ServiceManifest? Build(ServiceKind kind)
    {
        if (services?.Mapping(Vocabularies.Services.WordOf(kind)) is not { } service)
        {
            return null;
        }

        return new ServiceManifest(
            kind,
            Vocabularies.ServiceStates.TryParse(service.Scalar("state")?.Value, out var state) ? state : DesiredServiceState.Running,
            service.Scalar("allowUntested")?.Value == "true",
            [.. endpoints.Where(e => e.Service == kind).Select(e => e.Endpoint)])
        {
            Outbound = service.Mapping("outbound") is not { } outbound ? null : new OutboundManifest(
                Vocabularies.OutboundSecurities.TryParse(outbound.Scalar("security")?.Value, out var security) ? security : OutboundSecurity.AsFound,
                TlsVersionNames.Parse(outbound.Scalar("minimumProtocol")?.Value)),
        };
    }

    /// <summary>The endpoint, or null when a part of it was refused.</summary>
    private EndpointManifest? Read(EndpointDefinition definition, YamlMapping node)
    {
        var addresses = Addresses(node);
        if (!Vocabularies.Securities.TryParse(node.Scalar("security")?.Value, out var security)
            || !definition.Securities.Contains(security)
            || addresses is null
            || Port(definition, node) is not { } port)
        {
            return null;
        }

        return new EndpointManifest(definition.Kind, security, port, addresses, node.Scalar("proxyProtocol")?.Value == "true");
    }

    private int? Port(EndpointDefinition definition, YamlMapping node)
    {
        if (node["port"] is not { } given)
        {
            return definition.Kind.DefaultPort();
        }

        return !report.IsRefused(given.Path) && given is YamlScalar scalar
            && int.TryParse(scalar.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var port) ? port : null;
    }

    private List<string>? Addresses(YamlMapping node)
    {
        var result = new List<string>();
        if (node["addresses"] is not { } given)
        {
            return result;
        }

        if (given is not YamlSequence sequence)
        {
            return null;
        }

        foreach (var item in sequence.Items)
        {
            if (item is not YamlScalar { IsNull: false, Refused: false } scalar)
            {
                return null;
            }

            if (ParseAddress(scalar.Value) is not { } address)
            {
                report.Add(scalar.Path, ManifestDiagnostics.Address(scalar.Place, scalar.Path, scalar.Value));
            }
            else if (result.Contains(address.ToString()))
            {
                report.Add(sequence.Path, ManifestDiagnostics.DuplicateItem(scalar.Place, sequence.Path));
            }
            else
            {
                result.Add(address.ToString());
            }
        }

        return result.Count == sequence.Items.Count ? result : null;
    }

    // The framework also takes "1", "0x7f.1", brackets, zones and leading zeros, which a daemon may read differently.
    private static IPAddress? ParseAddress(string text)
    {
        if (!IPAddress.TryParse(text, out var address) || text.AsSpan().ContainsAny("[]%/"))
        {
            return null;
        }

        return address.AddressFamily == AddressFamily.InterNetworkV6 || address.ToString() == text ? address : null;
    }

    private void JudgePorts()
    {
        for (var i = 0; i < endpoints.Count; i++)
        {
            for (var j = 0; j < i; j++)
            {
                var (a, b) = (endpoints[j], endpoints[i]);
                if (a.Endpoint.Port != b.Endpoint.Port || !Overlap(a.Endpoint, b.Endpoint))
                {
                    continue;
                }

                // The one whose port was written is the one to change; a default has no place of its own.
                var (second, first) = b.Node["port"] is null && a.Node["port"] is not null ? (a, b) : (b, a);
                report.Add(second.Node.Path + "/port", ManifestDiagnostics.SamePort(
                    second.Node["port"]?.Place ?? second.Node.Label,
                    Word(second.Endpoint),
                    second.Endpoint.Port,
                    Word(first.Endpoint),
                    first.Node["port"]?.Place ?? first.Node.Label));
            }
        }
    }

    private static bool Overlap(EndpointManifest a, EndpointManifest b)
    {
        if (a.Security == EndpointSecurity.Disabled || b.Security == EndpointSecurity.Disabled)
        {
            return false;
        }

        return a.Addresses.Count == 0 || b.Addresses.Count == 0
            || a.Addresses.Any(x => b.Addresses.Any(y => x == y || Includes(x, y) || Includes(y, x)));
    }

    // 0.0.0.0 is every IPv4 address; :: is every IPv6 address and, unless the daemon asks otherwise, every IPv4 address too.
    private static bool Includes(string wildcard, string address) =>
        wildcard == "::" || (wildcard == "0.0.0.0" && !address.Contains(':', StringComparison.Ordinal));

    private static string Word(EndpointManifest endpoint) => EndpointCatalogue.Of(endpoint.Kind).Word;
}
