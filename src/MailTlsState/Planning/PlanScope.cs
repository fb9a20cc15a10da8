namespace MailTlsState.Planning;

/// <summary>How much of the manifest a plan brings about.</summary>
public enum PlanScope
{
    /// <summary>All of it.</summary>
    Everything,

    /// <summary>
    /// Key, request, leaf and chain, their files and the reload. The rest is reported and left: what runs unattended must not undo an
    /// administrator's emergency edit.
    /// </summary>
    Certificate,
}
