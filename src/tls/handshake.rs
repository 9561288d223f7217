//! What rustls says, as a cause.

use rustls::{AlertDescription, CertificateError, Error, OtherError, PeerIncompatible};

use super::certificate::Certificate;
use super::{TlsCause, TlsError};

/// The cause of an error of rustls.
pub(super) fn explained(error: &Error, host: &str) -> TlsError {
    // The verifier explained it already.
    if let Error::InvalidCertificate(CertificateError::Other(OtherError(inner))) = error
        && let Some(explained) = inner.downcast_ref::<TlsError>()
    {
        return explained.clone();
    }
    TlsError { cause: cause(error), host: host.to_owned(), fingerprint: None }
}

fn cause(error: &Error) -> TlsCause {
    use AlertDescription as Alert;
    use PeerIncompatible as Peer;
    match error {
        Error::InvalidCertificate(error) => TlsCause::Unacceptable(rule(error)),
        Error::AlertReceived(Alert::CertificateRequired | Alert::BadCertificate) => {
            TlsCause::ClientCertificate
        }
        Error::AlertReceived(Alert::ProtocolVersion)
        | Error::PeerIncompatible(
            Peer::ServerDoesNotSupportTls12Or13 | Peer::ServerTlsVersionIsDisabledByOurConfig,
        ) => TlsCause::OldVersion { newest: None },
        Error::AlertReceived(Alert::HandshakeFailure | Alert::InsufficientSecurity)
        | Error::PeerIncompatible(Peer::NoCipherSuitesInCommon) => {
            TlsCause::NoCipherSuite { taken: None }
        }
        Error::AlertReceived(alert) => TlsCause::Alert(alert_name(*alert)),
        Error::InvalidMessage(_) => TlsCause::NotTls { start: String::new() },
        Error::PeerIncompatible(_) => {
            TlsCause::Other("the server's TLS and this one have too little in common".to_owned())
        }
        Error::PeerMisbehaved(_) => {
            TlsCause::Other("the server does not keep to the TLS protocol".to_owned())
        }
        Error::General(words) => TlsCause::Other(words.clone()),
        _ => TlsCause::Other("the TLS library gives up".to_owned()),
    }
}

/// An alert as the specification calls it (RFC 8446, section 6): `handshake_failure`.
fn alert_name(alert: AlertDescription) -> String {
    let mut name = String::new();
    for c in format!("{alert:?}").chars() {
        if c.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(c.to_ascii_lowercase());
    }
    match alert {
        AlertDescription::Unknown(number) => format!("number {number}"),
        AlertDescription::UnknownCA => "unknown_ca".to_owned(),
        _ => name,
    }
}

/// What a certificate is accused of by what it is, whoever is trusted.
fn of_itself(certificate: &Certificate, now: jiff::Timestamp, host: &str) -> Option<TlsCause> {
    if certificate.version < 3 {
        return Some(TlsCause::OldCertificate { version: certificate.version });
    }
    if certificate.has_weak_signature() {
        let algorithm = certificate.signature.clone();
        return Some(TlsCause::WeakSignature { algorithm, authority: None });
    }
    if let Some(bits) = certificate.short_key() {
        return Some(TlsCause::ShortKey { bits, authority: None });
    }
    if certificate.is_authority {
        return Some(TlsCause::Authority);
    }
    if certificate.until < now {
        return Some(TlsCause::Expired { at: certificate.until });
    }
    if certificate.from > now {
        return Some(TlsCause::NotYetValid { from: certificate.from });
    }
    if certificate.names.is_empty() {
        let common_name = certificate.common_name.clone();
        return Some(TlsCause::NoAlternativeName { common_name });
    }
    if !host_is_named(certificate, host) {
        return Some(TlsCause::WrongName { names: certificate.names.clone() });
    }
    (!certificate.is_for_servers).then_some(TlsCause::Purpose)
}

/// What a certificate is accused of, by what it is and by what the verifier says. What no trust can
/// mend comes first: whoever trusts such a certificate would only learn the next reason.
pub(super) fn of_certificate(
    error: &CertificateError,
    certificate: &Certificate,
    chain: &[Certificate],
    trusted: &[Certificate],
    host: &str,
) -> TlsCause {
    use CertificateError as E;
    let now = jiff::Timestamp::now();
    if let Some(cause) = of_itself(certificate, now, host) {
        return cause;
    }
    let authorities = || chain.iter().chain(trusted);
    let weak = authorities()
        .find(|authority| authority.has_weak_signature() && !authority.is_self_signed());
    let short = authorities()
        .find_map(|authority| Some((authority.short_key()?, authority.subject.clone())));
    let late = authorities().find(|authority| authority.until < now);
    match error {
        E::NotValidForName | E::NotValidForNameContext { .. } => {
            TlsCause::WrongName { names: certificate.names.clone() }
        }
        E::Expired | E::ExpiredContext { .. } => match late {
            Some(authority) => TlsCause::Expired { at: authority.until },
            None => TlsCause::Expired { at: certificate.until },
        },
        E::NotValidYet | E::NotValidYetContext { .. } => {
            TlsCause::NotYetValid { from: certificate.from }
        }
        E::BadSignature | E::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => match short
        {
            Some((bits, name)) => TlsCause::ShortKey { bits, authority: Some(name) },
            // Not one of those that were given: the system's store may hold one of localhost.
            None if certificate.is_self_signed()
                && trusted.iter().all(|other| other.subject != certificate.issuer) =>
            {
                TlsCause::SelfSigned { another_trusted: true }
            }
            None => TlsCause::AnotherTrusted {
                name: certificate.issuer.clone(),
                self_signed: certificate.is_self_signed(),
            },
        },
        E::UnsupportedSignatureAlgorithmContext { .. } => match weak {
            Some(authority) => TlsCause::WeakSignature {
                algorithm: authority.signature.clone(),
                authority: Some(authority.subject.clone()),
            },
            None => TlsCause::Unacceptable("it is signed by an algorithm that is not supported"),
        },
        E::UnknownIssuer if certificate.is_self_signed() => {
            TlsCause::SelfSigned { another_trusted: false }
        }
        E::UnknownIssuer => TlsCause::UnknownIssuer { issuer: certificate.issuer.clone() },
        E::Revoked => TlsCause::Revoked,
        other => TlsCause::Unacceptable(rule(other)),
    }
}

/// Is the host one of the certificate's names? (RFC 9525, section 6.3: a star is the first label.)
fn host_is_named(certificate: &Certificate, host: &str) -> bool {
    let host = host.trim_matches(['[', ']']).trim_end_matches('.');
    certificate.names.iter().any(|name| {
        let parent = host.split_once('.').map(|(_, parent)| parent);
        match name.strip_prefix("*.") {
            Some(rest) => parent.is_some_and(|parent| parent.eq_ignore_ascii_case(rest)),
            None => name.eq_ignore_ascii_case(host),
        }
    })
}

/// The rule that a certificate breaks.
fn rule(error: &CertificateError) -> &'static str {
    use webpki::Error as E;
    match error {
        CertificateError::BadEncoding => "it is not well-formed",
        CertificateError::UnhandledCriticalExtension => {
            "it has a critical extension that is not understood"
        }
        CertificateError::BadSignature => "its key does not fit the server's signature",
        CertificateError::Other(OtherError(inner)) => match inner.downcast_ref::<E>() {
            Some(E::CaUsedAsEndEntity) => "it is an authority's, not a server's",
            Some(E::EndEntityUsedAsCa) => {
                "it is signed by a certificate that is not an authority's (CA:FALSE)"
            }
            Some(E::NameConstraintViolation) => "its authority may not vouch for this name",
            Some(E::PathLenConstraintViolated) => {
                "there are more authorities than one of them allows"
            }
            Some(E::UnsupportedCertVersion) => "it is not of X.509 version 3",
            Some(E::UnsupportedCriticalExtension) => {
                "it has a critical extension that is not understood"
            }
            Some(
                E::MaximumPathDepthExceeded
                | E::MaximumSignatureChecksExceeded
                | E::MaximumPathBuildCallsExceeded
                | E::MaximumNameConstraintComparisonsExceeded,
            ) => "its chain is too long",
            _ => "it is not well-formed, or not for a server",
        },
        _ => "it is not well-formed, or not for a server",
    }
}
