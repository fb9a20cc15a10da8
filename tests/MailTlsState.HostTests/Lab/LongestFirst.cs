using Xunit.Sdk;
using Xunit.v3;

[assembly: Xunit.TestCollectionOrderer(typeof(MailTlsState.HostTests.Lab.LongestFirst))]

namespace MailTlsState.HostTests.Lab;

/// <summary>Begins with the classes that take longest, so that the run does not end with one of them alone.</summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    private static readonly string[] Long =
    [
        "LabelDeathSeLinuxGuestTests", "LabelRuleSeLinuxGuestTests", "RelabelSeLinuxGuestTests", "SeLinuxGuestTests", "DaemonFaultTests", "RollbackTests", "DisasterTests", "KillSweepTests", "HistoryTests", "TwoKeyKindsTests", "InFlightTests", "BadStateTests", "PrivateCaLifeTests",
    ];

    /// <inheritdoc/>
    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection => [.. testCollections.OrderBy(c => Place(c)).ThenBy(c => c.TestCollectionDisplayName, StringComparer.Ordinal)];

    // "Test collection for MailTlsState.HostTests.Crash.KillSweepTests (id: 12)"
    private static int Place(ITestCollection collection) =>
        Array.FindIndex(Long, name => collection.TestCollectionDisplayName.Contains($".{name} ", StringComparison.Ordinal)) is >= 0 and var place ? place : Long.Length;
}
