//! What mends each cause: a command where there is one.

use super::{TlsCause, TlsError};

const OLD_TLS: &str =
    "enable TLS 1.2 on the server (Windows: SCHANNEL registry keys and IIS Crypto settings)";
const OLD_CIPHER: &str = "enable an ECDHE suite with AES-GCM on the server (Windows Server 2012 R2 and before have none for RSA certificates)";
const NATIVE: &str = "until then, use the platform's TLS: --native-tls (native_tls = true), in a build with --features native-tls; OpenSSL itself speaks TLS 1.0 and 1.1 only where its configuration lowers the security level (CipherString = DEFAULT@SECLEVEL=0)";

impl TlsError {
    /// What to do about it: a command where there is one.
    pub fn remedy(&self) -> String {
        let host = &self.host;
        match &self.cause {
            TlsCause::WeakSignature { .. }
            | TlsCause::ShortKey { .. }
            | TlsCause::OldCertificate { .. }
            | TlsCause::NoAlternativeName { .. }
            | TlsCause::Authority
            | TlsCause::Purpose
            | TlsCause::Unacceptable(_) => self.or_pinned(self.new_certificate()),
            TlsCause::Expired { .. } => self.or_pinned(format!(
                "renew it (or set this machine's clock, if that is wrong): {}",
                self.new_certificate()
            )),
            TlsCause::NotYetValid { .. } => self.or_pinned(
                "set this machine's clock, or the one of the machine that made the certificate"
                    .to_owned(),
            ),
            TlsCause::WrongName { names } => {
                let name = names.iter().find(|name| !name.starts_with('*'));
                let call = name.map_or_else(String::new, |name| {
                    format!("call the service by a name in the certificate (https://{name}/…), or ")
                });
                self.or_pinned(format!("{call}{}", self.new_certificate()))
            }
            TlsCause::SelfSigned { .. } => self.or_pinned(
                "trust it explicitly: --root-certificates FILE (root_certificates) with the certificate in it"
                    .to_owned(),
            ),
            TlsCause::AnotherTrusted { .. } => self.or_pinned(
                "trust the present one: --root-certificates FILE (root_certificates) with it, or its authority's, in the file"
                    .to_owned(),
            ),
            TlsCause::UnknownIssuer { .. } => self.or_pinned(
                "trust its authority: --root-certificates FILE (root_certificates) with the authority's certificate; or let the server send its intermediate certificates"
                    .to_owned(),
            ),
            TlsCause::Revoked => "get a new one from its authority".to_owned(),
            TlsCause::Fingerprint { presented, .. } => format!(
                "if the certificate was renewed, trust the new one: --trust-fingerprint {presented} (trust_fingerprint); if it was not, somebody else answers"
            ),
            TlsCause::NotTls { .. } => {
                "give the port of https, or the address with http://".to_owned()
            }
            TlsCause::OnlyTls => "give the address with https://, or the port of http".to_owned(),
            TlsCause::OldVersion { .. } => format!("{OLD_TLS}; {NATIVE}"),
            TlsCause::NoCipherSuite { .. } => format!("{OLD_CIPHER}; {NATIVE}"),
            TlsCause::ClientCertificate => {
                "give the one that it wants (client_certificate, client_key), or exempt the service's path from it: the help desk has none"
                    .to_owned()
            }
            TlsCause::Closed | TlsCause::Alert(_) | TlsCause::Other(_) => format!(
                "look at the TLS settings of the server (a certificate bound to the port and to the name {host}? TLS 1.2?)"
            ),
        }
    }

    /// How to make a certificate that is accepted.
    fn new_certificate(&self) -> String {
        let host = self.host.trim_matches(['[', ']']);
        let kind = if host.parse::<std::net::IpAddr>().is_ok() { "IP" } else { "DNS" };
        format!(
            "get a new one from its authority, or make one: openssl req -x509 -newkey rsa:2048 -sha256 -nodes -days 825 -subj \"/CN={host}\" -addext \"subjectAltName={kind}:{host}\" -addext \"basicConstraints=critical,CA:FALSE\" -keyout key.pem -out certificate.pem (callers trust it with --root-certificates certificate.pem)"
        )
    }

    fn or_pinned(&self, remedy: String) -> String {
        match &self.fingerprint {
            Some(fingerprint) => format!(
                "{remedy}; or accept exactly this certificate: --trust-fingerprint {fingerprint} (trust_fingerprint), if the server's administrator confirms that it is the server's"
            ),
            None => remedy,
        }
    }
}
