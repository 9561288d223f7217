//! Who decides whether a server is the right one: the platform's authorities with further ones, or a
//! fingerprint.

use std::sync::Arc;

use ring::signature as legacy;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, ring::default_provider};
use rustls::pki_types::{
    AlgorithmIdentifier, CertificateDer, InvalidSignature, ServerName,
    SignatureVerificationAlgorithm, SubjectPublicKeyInfoDer, UnixTime, alg_id,
};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, SignatureScheme,
};
use rustls_platform_verifier::Verifier;
use webpki::RawPublicKeyEntity;

use super::certificate::Certificate;
use super::{
    ClientCertificate, FileError, Fingerprint, TlsCause, TlsError, certificates, handshake,
};

/// Why there is no verifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TrustError {
    /// The further certificates cannot be read.
    Roots(FileError),
    /// The platform's cannot, or TLS cannot be set up.
    Platform(String),
}

/// Trusts the platform's authorities and those given (PEM or DER, empty for none); with a
/// fingerprint, that one certificate alone. `host` is the one that is to be called, for errors.
pub(crate) fn verifier(
    host: &str,
    roots: &[u8],
    pinned: Option<Fingerprint>,
) -> Result<Arc<dyn ServerCertVerifier>, TrustError> {
    let provider = Arc::new(default_provider());
    // What is given is read in any case: a mistake in it should not wait for the day when it counts.
    let host = host.to_owned();
    let roots = match roots {
        [] => Vec::new(),
        roots => certificates(roots).map_err(TrustError::Roots)?,
    };
    if let Some(fingerprint) = pinned {
        let algorithms = provider.signature_verification_algorithms;
        return Ok(Arc::new(Pinned { host, fingerprint, algorithms }));
    }
    let trusted = roots.iter().filter_map(|der| Certificate::read(der)).collect();
    let inner = platform(roots, provider)?;
    Ok(Arc::new(Explaining { host, inner, trusted }))
}

fn platform(
    roots: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
) -> Result<Verifier, TrustError> {
    let own = !roots.is_empty();
    Verifier::new_with_extra_roots(roots, provider).map_err(|error| match own {
        true => TrustError::Roots(FileError::malformed()),
        false => TrustError::Platform(match error {
            Error::General(words) => words,
            _ => "the system's certificates cannot be read".to_owned(),
        }),
    })
}

/// TLS 1.2 and 1.3 with whoever the verifier trusts.
pub(crate) fn client_config(
    verifier: Arc<dyn ServerCertVerifier>,
) -> Result<ClientConfig, TrustError> {
    client_config_with(verifier, None)
}

/// The same with a certificate for servers that want one.
pub(crate) fn client_config_with(
    verifier: Arc<dyn ServerCertVerifier>,
    certificate: Option<&ClientCertificate>,
) -> Result<ClientConfig, TrustError> {
    let config = versions()?.dangerous().with_custom_certificate_verifier(verifier);
    Ok(match certificate {
        Some(certificate) => config.with_client_cert_resolver(certificate.resolver()),
        None => config.with_no_client_auth(),
    })
}

/// TLS for whoever needs none, so that the platform's certificates are not loaded.
pub(crate) fn trust_in_nobody() -> Result<ClientConfig, TrustError> {
    let nobody = rustls::RootCertStore::empty();
    Ok(versions()?.with_root_certificates(nobody).with_no_client_auth())
}

fn versions() -> Result<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>, TrustError> {
    ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|_| TrustError::Platform("the TLS library has no cipher suites".to_owned()))
}

/// An error that carries its explanation through rustls.
fn carried(error: TlsError) -> Error {
    Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(error))))
}

/// The platform's verifier, which says why it refuses a certificate.
#[derive(Debug)]
struct Explaining {
    host: String,
    inner: Verifier,
    /// The further certificates that are trusted.
    trusted: Vec<Certificate>,
}

impl Explaining {
    fn refused(&self, error: Error, chain: &[&CertificateDer<'_>], host: &str) -> Error {
        let Error::InvalidCertificate(error) = error else { return error };
        let mut chain = chain.iter();
        let first = chain.next();
        let fingerprint = first.map(|der| Fingerprint::of(der));
        let read = |der: &&CertificateDer<'_>| Certificate::read(der);
        let cause = match first.and_then(read) {
            Some(certificate) => {
                let chain: Vec<Certificate> = chain.filter_map(read).collect();
                handshake::of_certificate(&error, &certificate, &chain, &self.trusted, host)
            }
            None => TlsCause::Unacceptable("it is not well-formed"),
        };
        carried(TlsError { cause, host: host.to_owned(), fingerprint })
    }

    /// A signature of the handshake that does not fit the certificate, most likely since its key is of
    /// a kind that is not accepted.
    fn unsigned(&self, error: Error, der: &CertificateDer<'_>) -> Error {
        let short = Certificate::read(der).and_then(|certificate| certificate.short_key());
        match short {
            Some(bits) => carried(TlsError {
                cause: TlsCause::ShortKey { bits, authority: None },
                host: self.host.clone(),
                fingerprint: Some(Fingerprint::of(der)),
            }),
            None => error,
        }
    }
}

impl ServerCertVerifier for Explaining {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.inner.verify_server_cert(end_entity, intermediates, server_name, ocsp, now).map_err(
            |error| {
                let chain: Vec<_> = std::iter::once(end_entity).chain(intermediates).collect();
                self.refused(error, &chain, &server_name.to_str())
            },
        )
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let verified = self.inner.verify_tls12_signature(message, certificate, dss);
        verified.map_err(|error| self.unsigned(error, certificate))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let verified = self.inner.verify_tls13_signature(message, certificate, dss);
        verified.map_err(|error| self.unsigned(error, certificate))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// Trusts one certificate, whatever its names, dates, version or signature. That the server has its
/// key is checked all the same.
#[derive(Debug)]
struct Pinned {
    host: String,
    fingerprint: Fingerprint,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Pinned {
    fn verified(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
        tls13: bool,
    ) -> Result<HandshakeSignatureValid, Error> {
        let read = Certificate::read(certificate);
        let unsuitable =
            |cause| carried(TlsError { cause, host: self.host.clone(), fingerprint: None });
        let Some(read) = read else {
            return Err(unsuitable(TlsCause::Unacceptable("it is not well-formed")));
        };
        let spki = SubjectPublicKeyInfoDer::from(read.public_key.as_slice());
        let fits = RawPublicKeyEntity::try_from(&spki).is_ok_and(|key| {
            let usual = self.algorithms.mapping.iter().filter(|(scheme, _)| *scheme == dss.scheme);
            let usual = usual.flat_map(|(_, algorithms)| algorithms.iter().copied());
            let short = SHORT_KEYS.iter().filter(|(scheme, _)| *scheme == dss.scheme);
            let short = short.map(|(_, key)| key as &dyn SignatureVerificationAlgorithm);
            let signed = |one| key.verify_signature(one, message, dss.signature()).is_ok();
            !(tls13 && PKCS1.contains(&dss.scheme)) && usual.chain(short).any(signed)
        });
        match (fits, read.short_key()) {
            (true, _) => Ok(HandshakeSignatureValid::assertion()),
            (false, Some(bits)) => Err(unsuitable(TlsCause::ShortKey { bits, authority: None })),
            (false, None) => Err(unsuitable(TlsCause::Unacceptable(
                "its key does not fit the server's signature",
            ))),
        }
    }
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let presented = Fingerprint::of(end_entity);
        if presented == self.fingerprint {
            return Ok(ServerCertVerified::assertion());
        }
        let cause = TlsCause::Fingerprint { trusted: self.fingerprint, presented };
        let host = server_name.to_str().into_owned();
        Err(carried(TlsError { cause, host, fingerprint: None }))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verified(message, certificate, dss, false)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verified(message, certificate, dss, true)
    }

    /// PKCS #1 first: a server with a short key could sign in no other way that can be checked.
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let mut schemes = self.algorithms.supported_schemes();
        schemes.sort_by_key(|scheme| !PKCS1.contains(scheme));
        schemes
    }
}

/// Signatures that are for TLS 1.2 alone (RFC 8446, section 4.2.3).
const PKCS1: [SignatureScheme; 3] = [
    SignatureScheme::RSA_PKCS1_SHA256,
    SignatureScheme::RSA_PKCS1_SHA384,
    SignatureScheme::RSA_PKCS1_SHA512,
];

/// RSA with PKCS #1 whatever the length of the key, from 1024 bits.
#[derive(Debug)]
struct ShortKey {
    verification: &'static legacy::RsaParameters,
    signature: AlgorithmIdentifier,
}

static SHORT_KEYS: [(SignatureScheme, ShortKey); 2] = [
    (
        SignatureScheme::RSA_PKCS1_SHA256,
        ShortKey {
            verification: &legacy::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
            signature: alg_id::RSA_PKCS1_SHA256,
        },
    ),
    (
        SignatureScheme::RSA_PKCS1_SHA512,
        ShortKey {
            verification: &legacy::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
            signature: alg_id::RSA_PKCS1_SHA512,
        },
    ),
];

impl SignatureVerificationAlgorithm for ShortKey {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        legacy::UnparsedPublicKey::new(self.verification, public_key)
            .verify(message, signature)
            .map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::RSA_ENCRYPTION
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.signature
    }
}
