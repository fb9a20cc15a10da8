namespace MailTlsState.Manifests;

/// <summary>What mail servers are called.</summary>
public static class ServiceKinds
{
    /// <summary>The name in a manifest and in everything that is printed.</summary>
    public static string Name(this ServiceKind kind) => kind.ToString().ToLowerInvariant();
}
