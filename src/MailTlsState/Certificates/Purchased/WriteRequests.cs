using MailTlsState.Manifests;

namespace MailTlsState.Certificates.Purchased;

/// <summary>Makes keys for certificates yet to come, and the requests for them. What is served is not touched.</summary>
/// <param name="Names">The names of every request.</param>
/// <param name="Requests">What is to be made.</param>
/// <param name="BeforeDigests">See <see cref="MakeCertificates"/>.</param>
internal sealed record WriteRequests(IReadOnlyList<string> Names, IReadOnlyList<WantedRequest> Requests, IReadOnlyDictionary<string, string?> BeforeDigests)
    : MakeCertificates(BeforeDigests, [])
{
    public override CertificateMaterial Make(CertificateInputs inputs)
    {
        var files = new List<KeyValuePair<string, byte[]>>();
        foreach (var wanted in Requests)
        {
            using var key = wanted.Digest is null ? KeyPair.Generate(wanted.Kind) : inputs.ReadKey(wanted.Key, raw => KeyPair.Import(raw, wanted.Digest));
            if (wanted.CreateKey)
            {
                files.Add(new(wanted.Key, key.ExportPem()));
            }

            files.Add(new(wanted.Request, SigningRequest.Write(Names, key)));
        }

        return new CertificateMaterial(files, [], null);
    }
}

/// <summary>One request.</summary>
/// <param name="Kind">Its key kind.</param>
/// <param name="Key">File of the key.</param>
/// <param name="Digest"><c>sha256:</c> and hex of its public half, or null when the key is made as well.</param>
/// <param name="Request">File of the request.</param>
internal sealed record WantedRequest(KeyKind Kind, string Key, string? Digest, string Request)
{
    /// <summary>True when the key is made as well.</summary>
    public bool CreateKey => Digest is null;
}
