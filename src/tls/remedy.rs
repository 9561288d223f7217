//! What mends each cause: a command where there is one.

use super::{Fingerprint, TlsCause, TlsError};

const OLD_TLS: &str =
    "enable TLS 1.2 on the server (Windows: SCHANNEL registry keys and IIS Crypto settings)";
const OLD_CIPHER: &str = "enable an ECDHE suite with AES-GCM on the server (Windows Server 2012 R2 and before have none for RSA certificates)";
/// By which words somebody says whom to trust.
#[derive(Clone, Copy)]
enum By {
    /// Options of the command line, or the keys of a file.
    Either,
    /// The keys of a file: there are no options.
    Keys,
}

impl By {
    fn roots(self, file: &str) -> String {
        match self {
            Self::Either => format!("--root-certificates {file} (root_certificates)"),
            Self::Keys => format!("root_certificates = \"{file}\""),
        }
    }

    fn pin(self, fingerprint: &Fingerprint) -> String {
        match self {
            Self::Either => format!("--trust-fingerprint {fingerprint} (trust_fingerprint)"),
            Self::Keys => format!("trust_fingerprint = \"{fingerprint}\""),
        }
    }

    fn native(self) -> String {
        let native = match self {
            Self::Either => "--native-tls (native_tls = true)",
            Self::Keys => "native_tls = true",
        };
        format!(
            "until then, use the platform's TLS: {native}, in a build with --features native-tls; OpenSSL itself speaks TLS 1.0 and 1.1 only where its configuration lowers the security level (CipherString = DEFAULT@SECLEVEL=0)"
        )
    }
}

impl TlsError {
    /// What to do about it: a command where there is one.
    pub fn remedy(&self) -> String {
        self.remedy_by(By::Either)
    }

    /// The same where a file says whom to trust, and no option can.
    pub(crate) fn remedy_in_file(&self) -> String {
        self.remedy_by(By::Keys)
    }

    fn remedy_by(&self, by: By) -> String {
        let host = &self.host;
        let new = || self.new_certificate(by);
        let or_pinned = |remedy| self.or_pinned(remedy, by);
        match &self.cause {
            TlsCause::WeakSignature { .. }
            | TlsCause::ShortKey { .. }
            | TlsCause::OldCertificate { .. }
            | TlsCause::NoAlternativeName { .. }
            | TlsCause::Authority
            | TlsCause::Purpose
            | TlsCause::Unacceptable(_) => or_pinned(new()),
            TlsCause::Expired { .. } => or_pinned(format!(
                "renew it (or set this machine's clock, if that is wrong): {}",
                new()
            )),
            TlsCause::NotYetValid { .. } => or_pinned(
                "set this machine's clock, or the one of the machine that made the certificate"
                    .to_owned(),
            ),
            TlsCause::WrongName { names } => {
                let name = names.iter().find(|name| !name.starts_with('*'));
                let call = name.map_or_else(String::new, |name| {
                    format!("call the server by a name in the certificate ({name}), or ")
                });
                or_pinned(format!("{call}{}", new()))
            }
            TlsCause::SelfSigned { .. } => or_pinned(format!(
                "trust it explicitly: {} with the certificate in it",
                by.roots("FILE")
            )),
            TlsCause::AnotherTrusted { .. } => or_pinned(format!(
                "trust the present one: {} with it, or its authority's, in the file",
                by.roots("FILE")
            )),
            TlsCause::UnknownIssuer { .. } => or_pinned(format!(
                "trust its authority: {} with the authority's certificate; or let the server send its intermediate certificates",
                by.roots("FILE")
            )),
            TlsCause::Revoked => "get a new one from its authority".to_owned(),
            TlsCause::Fingerprint { presented, .. } => format!(
                "if the certificate was renewed, trust the new one: {}; if it was not, somebody else answers",
                by.pin(presented)
            ),
            TlsCause::NotTls { .. } => {
                "give the port of https, or the address with http://".to_owned()
            }
            TlsCause::OnlyTls => "give the address with https://, or the port of http".to_owned(),
            TlsCause::OldVersion { .. } => format!("{OLD_TLS}; {}", by.native()),
            TlsCause::NoCipherSuite { .. } => format!("{OLD_CIPHER}; {}", by.native()),
            TlsCause::ClientCertificate => {
                "give the one that it wants (--client-certificate and --client-key; client_certificate and client_key), or exempt the service's path from it: the help desk has none"
                    .to_owned()
            }
            TlsCause::Closed | TlsCause::Alert(_) | TlsCause::Other(_) => format!(
                "look at the TLS settings of the server (a certificate bound to the port and to the name {host}? TLS 1.2?)"
            ),
        }
    }

    /// How to make a certificate that is accepted.
    fn new_certificate(&self, by: By) -> String {
        let host = self.host.trim_matches(['[', ']']);
        let kind = if host.parse::<std::net::IpAddr>().is_ok() { "IP" } else { "DNS" };
        format!(
            "get a new one from its authority, or make one: openssl req -x509 -newkey rsa:2048 -sha256 -nodes -days 825 -subj \"/CN={host}\" -addext \"subjectAltName={kind}:{host}\" -addext \"basicConstraints=critical,CA:FALSE\" -keyout key.pem -out certificate.pem (callers trust it with {})",
            by.roots("certificate.pem")
        )
    }

    fn or_pinned(&self, remedy: String, by: By) -> String {
        match &self.fingerprint {
            Some(fingerprint) => format!(
                "{remedy}; or accept exactly this certificate: {}, if the server's administrator confirms that it is the server's",
                by.pin(fingerprint)
            ),
            None => remedy,
        }
    }
}
