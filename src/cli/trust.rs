//! Options of TLS, which several subcommands share.

use std::path::PathBuf;

use clap::Args;
use external_providers::client::{ClientBuilder, ClientCertificate};
use external_providers::record::ProxyBuilder;
use external_providers::tls::Fingerprint;

use super::passwords::warn_of_key;
use super::{Failed, SETTINGS, USAGE, certificates};

/// Whom to trust at an https URL, and with whose TLS.
#[derive(Args, Default)]
pub(crate) struct Trust {
    /// Trust the certificates in this file (PEM or DER), beside the system's
    #[arg(long, value_name = "FILE")]
    root_certificates: Option<PathBuf>,

    /// Trust the server with exactly this certificate and no other, whatever its names and dates:
    /// its fingerprint, which "check" shows
    #[arg(long, value_name = "SHA256")]
    trust_fingerprint: Option<Fingerprint>,

    /// TLS by the system's library, for servers too old for the built-in one; needs a build with
    /// --features native-tls
    #[arg(long, conflicts_with = "trust_fingerprint")]
    native_tls: bool,
}

/// What to show to a server that wants a certificate of its callers.
#[derive(Args, Default)]
pub(crate) struct Shown {
    /// Show the certificate in this file (PEM, with those that certify it) to a server that wants one
    #[arg(long, value_name = "FILE", requires = "client_key")]
    client_certificate: Option<PathBuf>,

    /// The private key of that certificate, PEM and not encrypted
    #[arg(long, value_name = "FILE", requires = "client_certificate")]
    client_key: Option<PathBuf>,
}

impl Shown {
    /// The same for curl.
    pub(crate) fn curl(&self) -> Vec<String> {
        let options = [("--cert", &self.client_certificate), ("--key", &self.client_key)];
        options.iter().flat_map(|(option, file)| for_curl(option, file)).collect()
    }

    /// Reads the files.
    pub(crate) fn read(&self) -> Result<Option<ClientCertificate>, Failed> {
        let Some((certificate, key)) =
            self.client_certificate.as_ref().zip(self.client_key.as_ref())
        else {
            return Ok(None);
        };
        warn_of_key(key);
        ClientCertificate::read(certificate, key).map(Some).map_err(|error| {
            let failed = Failed::new(SETTINGS, error.what);
            match error.remedy {
                Some(remedy) => failed.hint(remedy),
                None => failed,
            }
        })
    }
}

/// What the options say.
#[derive(Clone)]
pub(crate) struct Trusted {
    /// Certificates, none if empty.
    pub(crate) roots: Vec<u8>,
    pub(crate) fingerprint: Option<Fingerprint>,
    pub(crate) native_tls: bool,
}

impl Trusted {
    /// Tells a client.
    pub(crate) fn apply(self, builder: ClientBuilder) -> ClientBuilder {
        let builder = builder.root_certificates(self.roots);
        #[cfg(feature = "native-tls")]
        let builder = builder.native_tls(self.native_tls);
        match self.fingerprint {
            Some(fingerprint) => builder.trust_fingerprint(fingerprint),
            None => builder,
        }
    }
}

/// An option of curl with its file.
fn for_curl(option: &str, file: &Option<PathBuf>) -> Vec<String> {
    let file = file.as_ref().map(|file| file.display().to_string());
    file.into_iter().flat_map(|file| [option.to_owned(), file]).collect()
}

impl Trusted {
    /// Tells a proxy.
    pub(crate) fn apply_to_proxy(self, mut builder: ProxyBuilder) -> ProxyBuilder {
        #[cfg(feature = "native-tls")]
        {
            builder = builder.native_tls(self.native_tls);
        }
        builder = builder.root_certificates(self.roots);
        match self.fingerprint {
            Some(fingerprint) => builder.trust_fingerprint(fingerprint),
            None => builder,
        }
    }
}

impl Trust {
    /// The same for curl, which knows no fingerprint of a certificate: it then trusts any.
    pub(crate) fn curl(&self) -> Vec<String> {
        match self.trust_fingerprint {
            Some(_) => vec!["--insecure".to_owned()],
            None => for_curl("--cacert", &self.root_certificates),
        }
    }

    /// Reads the files, for a call of this URL.
    pub(crate) fn read(&self, url: Option<&str>) -> Result<Trusted, Failed> {
        let roots = self.root_certificates.as_deref().map(certificates).transpose()?;
        let https = url.is_some_and(|url| url.to_ascii_lowercase().starts_with("https:"));
        let given = [
            ("--root-certificates", self.root_certificates.is_some()),
            ("--trust-fingerprint", self.trust_fingerprint.is_some()),
            ("--native-tls", self.native_tls),
        ];
        if let Some((option, _)) = given.into_iter().find(|(_, given)| *given && !https) {
            return Err(Failed::new(USAGE, format!("{option} is for https: give https://…")));
        }
        if self.native_tls && cfg!(not(feature = "native-tls")) {
            return Err(Failed::new(
                SETTINGS,
                "--native-tls: this build has no TLS of the system's",
            )
            .hint("cargo install --path . --features native-tls (it needs OpenSSL's headers)"));
        }
        Ok(Trusted {
            roots: roots.unwrap_or_default(),
            fingerprint: self.trust_fingerprint,
            native_tls: self.native_tls,
        })
    }
}
