using MailTlsState.Planning;
using MailTlsState.Services.Postfix.Editing;

namespace MailTlsState.Services.Postfix;

/// <summary>Collects what is to be done to master.cf, and what the plan shows of it.</summary>
internal sealed class MasterEdits(PostfixAnswers answers)
{
    private readonly List<Func<MasterCf, MasterCf>> _edits = [];

    // Last: the others find an entry by its name.
    private readonly List<Func<MasterCf, MasterCf>> _moves = [];
    private readonly List<AttributeChange> _attributes = [];

    /// <summary>What differs in master.cf.</summary>
    public IReadOnlyList<AttributeChange> Attributes => _attributes;

    /// <summary>All edits of master.cf's text.</summary>
    public string Apply(string text) => _edits.Concat(_moves).Aggregate(MasterCf.Parse(text), (m, edit) => edit(m)).ToString();

    /// <summary>Makes the effective value of a service's parameter <paramref name="value"/>, with no more than is needed.</summary>
    public void Want(MasterService service, string name, string value)
    {
        var effective = answers.Override(service, name) ?? (answers.Varies(name, service) ? null : answers.Parameter(name));
        if (effective != value)
        {
            Override(service, name, value, null);
        }
    }

    /// <summary>Sets a service's own parameter, or takes it away where it differs from <paramref name="unlessEqual"/>.</summary>
    public void Override(MasterService service, string name, string? value, string? unlessEqual)
    {
        var now = service.Override(name);
        var effective = answers.Override(service, name);
        if (effective == value || (value is null && effective == unlessEqual))
        {
            return;
        }

        Show(new AttributeChange($"{service.Name} -o {name}", now is null ? null : Where(now, service, name), Shown(value)));
        Edit(service, (m, s) => value is null ? m.RemoveOverride(s, name) : m.SetOverride(s, name, value));
    }

    /// <summary>Writes what a service's own parameter comes to in the place of what it refers to.</summary>
    public void WriteOut(MasterService service, string name)
    {
        if (service.Override(name) is { } now && answers.Override(service, name) is { } effective && effective != now)
        {
            Show(new AttributeChange($"{service.Name} -o {name}", Where(now, service, name), Shown(effective)));
            Edit(service, (m, s) => m.SetOverride(s, name, effective));
        }
    }

    /// <summary>Edits an entry. Each edit makes a new file, so the entry is looked up again in what the edit gets.</summary>
    public void Edit(MasterService service, Func<MasterCf, MasterService, MasterCf> edit) => _edits.Add(Found(service, edit));

    /// <summary>Edits the file.</summary>
    public void Edit(Func<MasterCf, MasterCf> edit) => _edits.Add(edit);

    /// <summary>Gives an entry another name.</summary>
    public void Move(MasterService service, string name) => _moves.Add(Found(service, (m, s) => m.Rename(s, name)));

    /// <summary>Adds an entry like another one, which still has its name then.</summary>
    public void Copy(MasterService template, string name) =>
        _moves.Insert(0, Found(template, (m, s) => m.AddService(s.Fields with { Name = name }, s.Overrides.Select(o => (o.Name, o.Value)), s)));

    /// <summary>Has the plan show a difference.</summary>
    public void Show(AttributeChange attribute) => _attributes.Add(attribute);

    private static Func<MasterCf, MasterCf> Found(MasterService service, Func<MasterCf, MasterService, MasterCf> edit) =>
        m => m.Find(service.Name, service.Type) is { } found ? edit(m, found) : m;

    private static string? Shown(string? value) => value?.Length == 0 ? "(empty)" : value;

    private static string Where(string value, MasterService service, string name) =>
        service.Overrides.LastOrDefault(o => o.Name == name) is { } found ? $"{value} ({PostfixService.MasterCf}:{found.Line})" : value;
}
