namespace MailTlsState.Certificates.Encryption;

/// <summary>Why something encrypted does not open.</summary>
internal enum EncryptionFault
{
    /// <summary>The password is another one, or the content is damaged: the two cannot always be told apart.</summary>
    WrongPassword,

    /// <summary>It is not made as the standards say.</summary>
    Broken,

    /// <summary>An algorithm that is not handled.</summary>
    Unsupported,

    /// <summary>Its work factor is meant to stall whoever opens it.</summary>
    TooMuchWork,
}

/// <summary>Something encrypted does not open. The message never holds a part of content or password.</summary>
internal sealed class PasswordEncryptionException(EncryptionFault fault, string reason) : Exception(reason)
{
    /// <summary>Why.</summary>
    public EncryptionFault Fault { get; } = fault;
}
