using MailTlsState.Hosts.SeLinux;

namespace MailTlsState.Hosts;

/// <summary>SELinux labels: a policy that is a function, and a label for each file.</summary>
public sealed partial class InMemoryHost
{
    /// <summary>What the policy says of a path; the label that it has now is put into it. By default a policy without rules.</summary>
    public Func<LabelQuestion, LabelObservation> LabelRules { get; set; } = q => new LabelObservation(q.Path, q.Directory) { Fallback = $"system_u:object_r:{q.Fallback}:s0" };

    /// <inheritdoc/>
    public Task<LabelObservation> ObserveLabelAsync(LabelQuestion question, CancellationToken cancellation) =>
        Task.FromResult(LabelRules(question) with { Current = LabelOf(question.Path) });

    /// <summary>What the policy says of a port and a domain; by default it does not tell.</summary>
    public Func<int, string, PortObservation> PortRules { get; set; } = (port, domain) => new PortObservation(port, domain, null, null);

    /// <inheritdoc/>
    public Task<PortObservation> ObservePortLabelAsync(int port, string domain, CancellationToken cancellation) => Task.FromResult(PortRules(port, domain));

    /// <summary>The label of a path, or null.</summary>
    public string? LabelOf(string path) => _nodes.GetValueOrDefault(path)?.Label;

    /// <inheritdoc/>
    public void SetLabel(string path, string label)
    {
        Begin("set the label of", path);
        var node = Find("set the label of", path);
        node.Label = label;
        Flush(node, path);
    }
}
