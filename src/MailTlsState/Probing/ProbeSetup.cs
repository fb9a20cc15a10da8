namespace MailTlsState.Probing;

/// <summary>Process-wide settings that probing needs.</summary>
public static class ProbeSetup
{
    /// <summary>
    /// To be called first in Main, before anything touches BouncyCastle, which reads the setting once. By default it tests
    /// every RSA modulus that it parses by Miller-Rabin: 23 ms for each RSA-2048 certificate. The test guards against
    /// moduli made to deceive; a probe never sends secrets under a server's key, and trust is decided by signatures.
    /// </summary>
    public static void Initialize() => Environment.SetEnvironmentVariable("Org.BouncyCastle.Rsa.MaxMRTests", "0");
}
