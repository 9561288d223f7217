// A stand-in for the Mono.Security that xsp4 was compiled against: the one Debian ships has lost these types (mono/mono issue 18500), and
// xsp4 does not start or answer without their names. Nothing here is ever called while xsp4 speaks plain HTTP.
using System.IO;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

[assembly: System.Reflection.AssemblyVersion("4.0.0.0")]

namespace Mono.Security.Protocol.Tls
{
    public enum SecurityProtocolType { Default }

    public delegate AsymmetricAlgorithm PrivateKeySelectionCallback(X509Certificate certificate, string targetHost);

    public delegate bool CertificateValidationCallback(X509Certificate certificate, int[] certificateErrors);

    // A MemoryStream only because that is a Stream with nothing left to implement.
    public class SslStreamBase : MemoryStream
    {
        public int CipherStrength { get; }
        public int KeyExchangeStrength { get; }
    }

    public class SslServerStream : SslStreamBase
    {
        public SslServerStream(Stream stream, X509Certificate serverCertificate, bool clientCertificateRequired, bool ownsStream) { }
        public PrivateKeySelectionCallback PrivateKeyCertSelectionDelegate { get; set; }
        public CertificateValidationCallback ClientCertValidationDelegate { get; set; }
    }
}
