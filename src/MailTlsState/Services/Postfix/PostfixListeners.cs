using System.Globalization;
using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Services.Postfix.Editing;

namespace MailTlsState.Services.Postfix;

/// <summary>Plans the listeners in master.cf: which are on, and each one's own parameters.</summary>
internal sealed class PostfixListeners(
    ServicePlanRequest request,
    PostfixDialect dialect,
    IReadOnlyList<PostfixSetting> mainSettings,
    PostfixAnswers answers,
    MasterEdits edits,
    List<Diagnostic> diagnostics)
{
    internal const string Level = "smtpd_tls_security_level";
    internal const string Wrapper = "smtpd_tls_wrappermode";
    private const string AuthOnly = "smtpd_tls_auth_only";
    private const string UpstreamProxy = "_upstream_proxy_protocol";
    private const string Haproxy = "haproxy";

    private readonly List<Change> _changes = [];
    private readonly List<PostfixSetting> _main = [];
    private readonly List<PostfixSetting> _screen = [];
    private bool _rebinds;
    private readonly PostfixOwnCertificates _certificates = new(request, mainSettings, answers, edits);
    private readonly IReadOnlyList<(string Name, string Value)> _policy = PostfixPolicy.Listener(request.Policy, dialect);

    /// <summary>What has to be done.</summary>
    /// <param name="MainSettings">Parameters that belong into main.cf.</param>
    /// <param name="ScreenSettings">Parameters of postscreen and its TLS proxy that main.cf must not set.</param>
    /// <param name="Changes">Listeners that are switched on or off; their work is the edit of master.cf.</param>
    /// <param name="Rebinds">True where a port goes from all addresses to some, or from some to all.</param>
    public sealed record Result(IReadOnlyList<PostfixSetting> MainSettings, IReadOnlyList<PostfixSetting> ScreenSettings, IReadOnlyList<Change> Changes, bool Rebinds);

    public Result Plan(MasterCf master)
    {
        var named = new HashSet<MasterService>();
        foreach (var endpoint in request.Desired.Endpoints)
        {
            PlanEndpoint(master, endpoint, named);
        }

        foreach (var service in master.Services.Where(s => s.Type is "inet" or "pass" && s.Command == "smtpd" && !named.Contains(s)))
        {
            _certificates.Keep(service);
            if (service.Type == "inet")
            {
                LeaveUnnamed(service);
            }
        }

        return new Result(_main, [.. _screen.Distinct()], _changes, _rebinds);
    }

    private void PlanEndpoint(MasterCf master, EndpointManifest endpoint, HashSet<MasterService> named)
    {
        var at = request.Manifest.Source.Locate($"/services/postfix/endpoints/{endpoint.Kind.Name()}");
        var label = $"postfix {endpoint.Kind.Name()}";
        var services = master.Services.Where(s => s.Type == "inet" && s.Port == endpoint.Port).ToList();
        named.UnionWith(services);
        if (endpoint.Security == EndpointSecurity.Disabled)
        {
            foreach (var service in services)
            {
                edits.Edit(service, (m, s) => m.DisableService(s));
                _changes.Add(new Change("listener", $"{label} {service.Name}", ChangeAction.Delete, "the manifest disables it", [new AttributeChange("port", Number(endpoint.Port), null)], null, ["reload postfix"]));
            }

            return;
        }

        if (ServiceOwners.Foreign(request.Observed, ServiceKind.Postfix, endpoint.Port) is { } foreign)
        {
            diagnostics.Add(ServiceDiagnostics.PortTaken(at, label, endpoint.Port, foreign));
            return;
        }

        if (PostfixInstances.Holder(request.Observed, master, endpoint) is { } other)
        {
            diagnostics.Add(ServiceDiagnostics.PortOfInstance(at, label, endpoint.Port, other, "Postfix", "master.cf"));
            return;
        }

        if (services.Count == 0)
        {
            Add(master, endpoint, label, at);
            return;
        }

        foreach (var service in services)
        {
            // postscreen hands its connections to the smtpd of type pass, whose parameters then count.
            IEnumerable<MasterService> smtpds = service.Command switch
            {
                "smtpd" => [service],
                "postscreen" => master.Services.Where(s => s.Type == "pass" && s.Command == "smtpd"),
                _ => [],
            };
            if (service.Command is not ("smtpd" or "postscreen"))
            {
                diagnostics.Add(PostfixDiagnostics.NotSmtpd(at, service.Command, label));
            }
            else
            {
                AlignProxy(service, endpoint, label, at);
            }

            foreach (var smtpd in smtpds.ToList())
            {
                named.Add(smtpd);
                Align(master, smtpd, endpoint);
            }

            if (service.Command == "postscreen")
            {
                AlignScreen(master, service, endpoint, at);
            }
        }

        if (endpoint.Addresses.Count > 0)
        {
            Bind(services, endpoint, label);
        }
    }

    /// <summary>Whether a proxy header comes first. Behind postscreen, smtpd gets what that has read of it.</summary>
    private void AlignProxy(MasterService service, EndpointManifest endpoint, string label, SourceLocation at)
    {
        var name = service.Command + UpstreamProxy;
        if (endpoint.ProxyProtocol)
        {
            edits.Want(service, name, Haproxy);
        }
        else if ((answers.Override(service, name) ?? answers.Parameter(name)) is { Length: > 0 } value)
        {
            diagnostics.Add(PostfixDiagnostics.ProxyHeader(at, label, $"{name} = {value}"));
        }
    }

    /// <summary>
    /// postscreen announces STARTTLS by its own level and hands it to tlsproxy (postscreen(8)): both take main.cf's smtpd_tls_* by
    /// default, so they need only what is not in main.cf, and nothing of their own.
    /// </summary>
    private void AlignScreen(MasterCf master, MasterService screen, EndpointManifest endpoint, SourceLocation at)
    {
        var proxies = master.Services.Where(s => s.Command == "tlsproxy").ToList();
        var level = endpoint.Security == EndpointSecurity.Opportunistic ? "may" : "encrypt";
        var inMain = _main.Any(s => s.Name == Level && s.Value == level);
        foreach (var service in proxies.Prepend(screen))
        {
            if (inMain)
            {
                edits.Override(service, Level, null, level);
            }
            else
            {
                edits.Want(service, Level, level);
            }

            foreach (var setting in mainSettings)
            {
                edits.Override(service, setting.Name, null, setting.Value ?? "");
            }

            _screen.AddRange(PostfixScreen.Align(service, level, mainSettings, answers, edits));
        }

        if (_policy.Count > 0 && answers.Written("smtp_tls_connection_reuse") == "yes")
        {
            diagnostics.Add(PostfixDiagnostics.SharedTlsProxy(at));
            return;
        }

        foreach (var proxy in proxies)
        {
            ApplyPolicy(proxy);
        }
    }

    /// <summary>Makes an endpoint's entries those of its addresses: entries move to an address that lacks one, are copied where more lack one, and go where none is left.</summary>
    private void Bind(List<MasterService> services, EndpointManifest endpoint, string label)
    {
        var lacking = endpoint.Addresses.Where(a => !services.Any(s => BoundAddress.IsSame(s.Address, a))).ToList();
        var free = services.Where(s => !endpoint.Addresses.Any(a => BoundAddress.IsSame(s.Address, a))).ToList();
        _rebinds |= lacking.Count > 0 && services.Select(s => s.Address).Concat(lacking).Any(a => a is null or "0.0.0.0" or "::");
        var template = services[0];
        var port = template.Address is null ? template.Name.TrimStart(':') : template.Name[(template.Name.LastIndexOf(':') + 1)..];
        foreach (var address in lacking)
        {
            var name = ListenerName(address, port);
            edits.Show(new AttributeChange(label, free.Count > 0 ? string.Create(CultureInfo.InvariantCulture, $"{free[0].Name} ({PostfixService.MasterCf}:{free[0].Line})") : null, name));
            if (free.Count > 0)
            {
                var moved = free[0];
                free.RemoveAt(0);
                edits.Move(moved, name);
            }
            else
            {
                edits.Copy(template, name);
            }
        }

        foreach (var service in free)
        {
            edits.Edit(service, (m, s) => m.DisableService(s));
            _changes.Add(new Change("listener", $"{label} {service.Name}", ChangeAction.Delete, "the manifest gives the endpoint other addresses", [new AttributeChange("port", Number(endpoint.Port), null)], null, ["reload postfix"]));
        }
    }

    private static string ListenerName(string address, string port) => address.Contains(':', StringComparison.Ordinal) ? $"[{address}]:{port}" : $"{address}:{port}";

    /// <summary>Gives an existing listener the endpoint's security and takes away what overrides the policy.</summary>
    private void Align(MasterCf master, MasterService service, EndpointManifest endpoint)
    {
        var level = endpoint.Security == EndpointSecurity.Opportunistic ? "may" : "encrypt";
        if (endpoint.Kind == EndpointKind.Smtp && PostfixMainLevel.CanBe(level, master, service, request.Desired, answers))
        {
            _main.Add(new PostfixSetting(Level, level));
            edits.Override(service, Level, null, level);
        }
        else if (endpoint.Security != EndpointSecurity.Implicit)
        {
            // With wrapper mode smtpd ignores the level (postconf(5)).
            edits.Want(service, Level, level);
        }

        edits.Want(service, Wrapper, endpoint.Security == EndpointSecurity.Implicit ? "yes" : "no");
        if (endpoint.Security == EndpointSecurity.Required)
        {
            edits.Want(service, AuthOnly, "yes");
        }

        ApplyPolicy(service);
        foreach (var setting in mainSettings)
        {
            edits.Override(service, setting.Name, null, setting.Value ?? "");
        }
    }

    private void ApplyPolicy(MasterService service)
    {
        foreach (var name in PostfixPolicy.Owned.Union(_policy.Select(p => p.Name)))
        {
            edits.Override(service, name, PolicyValue(service, name), null);
        }
    }

    /// <summary>What the policy makes of a listener's parameter; null takes it away.</summary>
    private string? PolicyValue(MasterService? service, string name)
    {
        var value = _policy.FirstOrDefault(p => p.Name == name).Value;
        return value is null || name != PostfixPolicy.Options ? value : PostfixPolicy.AddOptions(service?.Override(name) ?? answers.Written(name), value);
    }

    /// <summary>The level that smtpd_use_tls and smtpd_enforce_tls meant while there was none, or null: without them, listeners that nobody named would lose TLS.</summary>
    internal static string? Translated(PostfixAnswers answers) => answers.Parameter(Level).Length > 0 ? null : answers.OldSwitches;

    private void LeaveUnnamed(MasterService service)
    {
        var level = answers.Override(service, Level);
        var meant = answers.OldSwitchesOf(service);
        if (level?.Length == 0 && meant is not null)
        {
            edits.Override(service, Level, meant, null);
            level = meant;
        }
        else if (level is null && answers.Parameter(Level).Length == 0 && meant is not null)
        {
            if (answers.MovedLevel(service) is { } moved)
            {
                edits.Override(service, Level, moved, null);
            }

            level = meant;
        }

        var offersTls = (level ?? answers.Parameter(Level)) is not ("" or "none") || answers.Override(service, Wrapper) == "yes";
        if (offersTls && !PostfixSockets.IsLoopback(service))
        {
            // The policy belongs to the whole service, so a listener that nobody named gets it, too, but keeps what it has of its own.
            foreach (var (name, _) in _policy.Where(p => service.Override(p.Name) is null))
            {
                edits.Override(service, name, PolicyValue(service, name), null);
            }
        }

        foreach (var o in service.Overrides)
        {
            if (mainSettings.FirstOrDefault(s => s.Name == o.Name) is { } setting && answers.Override(service, o.Name) != (setting.Value ?? "") && !_certificates.IsIdle(service, o.Name))
            {
                diagnostics.Add(ServiceDiagnostics.OverrideLeft(new SourceLocation(PostfixService.MasterCf, o.Line, 1), $"{o.Name} = {o.Value}", $"the listener {service.Name}, which the manifest does not name,"));
            }
        }
    }

    private void Add(MasterCf master, EndpointManifest endpoint, string label, SourceLocation at)
    {
        var login = endpoint.Kind != EndpointKind.Smtp;
        var options = new List<(string Name, string Value)>();
        if (login)
        {
            options.Add(("syslog_name", $"postfix/{endpoint.Kind.Name()}"));
        }

        options.Add(endpoint.Security switch
        {
            EndpointSecurity.Implicit => (Wrapper, "yes"),
            EndpointSecurity.Required => (Level, "encrypt"),
            _ => (Level, "may"),
        });
        if (endpoint.ProxyProtocol)
        {
            options.Add(("smtpd" + UpstreamProxy, Haproxy));
        }

        if (login)
        {
            options.Add((AuthOnly, "yes"));
            if (SaslWorks())
            {
                options.Add(("smtpd_sasl_auth_enable", "yes"));
            }
            else
            {
                diagnostics.Add(PostfixDiagnostics.NobodyCanLogIn(at, label));
            }

            options.Add(("smtpd_relay_restrictions", "permit_sasl_authenticated,reject"));
            options.Add(("smtpd_client_restrictions", "permit_sasl_authenticated,reject"));
            options.Add(("smtpd_recipient_restrictions", ""));
            options.Add(("milter_macro_daemon_name", "ORIGINATING"));
        }

        options.AddRange(_policy.Select(p => (p.Name, PolicyValue(null, p.Name)!)));

        var port = endpoint.Port == endpoint.Kind.DefaultPort() ? endpoint.Kind.Name() : Number(endpoint.Port);
        var chroot = master.Services.FirstOrDefault(s => s.Command == "smtpd")?.Fields.Chroot ?? "-";
        IEnumerable<string> names = endpoint.Addresses.Count == 0 ? [port] : endpoint.Addresses.Select(a => ListenerName(a, port));
        foreach (var name in names)
        {
            edits.Edit(m => m.AddService(new MasterFields(name, "inet", "n", "-", chroot, "-", "-", "smtpd"), options, after: Anchor(m)));
            _changes.Add(new Change(
                "listener",
                $"{label} {name}",
                ChangeAction.Create,
                "the manifest names it and Postfix does not serve it",
                [new AttributeChange("port", null, Number(endpoint.Port)), .. options.Select(o => new AttributeChange(o.Name, null, o.Value.Length == 0 ? "(empty)" : o.Value))],
                null,
                ["reload postfix"]));
        }
    }

    // Listeners stand together: a new one goes behind the last that is there.
    private static MasterService? Anchor(MasterCf master) => master.Services.LastOrDefault(s => s.Type == "inet");

    /// <summary>True when smtpd will find a mechanism: with none it dies right after STARTTLS.</summary>
    private bool SaslWorks()
    {
        if (answers.Parameter("smtpd_sasl_auth_enable") == "yes")
        {
            return true;
        }

        var path = answers.Parameter("smtpd_sasl_path");
        return answers.Parameter("smtpd_sasl_type") == "dovecot" && path.Length > 0
            && request.Observed.File(SaslSocket(answers)).Kind == FileKind.Other;
    }

    /// <summary>The socket of Dovecot's SASL server, as smtpd resolves it (relative to the queue directory).</summary>
    internal static string SaslSocket(PostfixAnswers answers)
    {
        var path = answers.Parameter("smtpd_sasl_path");
        return path.StartsWith('/') ? path : $"{answers.Parameter("queue_directory")}/{path}";
    }

    private static string Number(int n) => n.ToString(CultureInfo.InvariantCulture);
}
