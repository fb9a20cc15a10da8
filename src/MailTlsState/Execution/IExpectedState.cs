using MailTlsState.Hosts;
using MailTlsState.Probing;
using MailTlsState.Verification;

namespace MailTlsState.Execution;

/// <summary>What an apply has to see on the wire, and which faults undo it.</summary>
internal interface IExpectedState
{
    /// <summary>The expectations for the listeners that there are.</summary>
    IReadOnlyList<EndpointExpectation> For(IReadOnlyList<Listener> listeners);

    /// <summary>The expectations in a rehearsal, where network back ends and other daemons' sockets are absent.</summary>
    IReadOnlyList<EndpointExpectation> Rehearsed();

    /// <summary>Compares one probe with its expectation.</summary>
    IReadOnlyList<Finding> Judge(EndpointExpectation expectation, ProbeResult result, DateTimeOffset now);

    /// <summary>The findings that undo the apply.</summary>
    IReadOnlyList<Finding> Faults(VerificationReport report);
}
