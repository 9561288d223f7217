//! Where the secrets and files of a section come from.

use std::path::{Path, PathBuf};

use super::Surroundings;
use super::section::Section;
use crate::bounded::{open_to_others, read_file};
use crate::http::UrlError;
use crate::http::url::{Url, is_local};
use crate::secret::Secret;
use crate::tls::{self, ClientCertificate, Fingerprint, FingerprintError, MOST_CERTIFICATES};
use crate::toml_document::Problem;

/// The warnings about a secret that stands in the file, a password or another.
const INLINE: [&str; 2] = ["the password stands in this file", "the secret stands in this file"];
/// What to do about a file that every user of the machine can read.
const NO_OTHERS: &str = "take the permission away: chmod o-rwx";
/// What to do about it.
const ELSEWHERE: &str = "put it elsewhere";

/// A value that was found, and what is unwise about where.
struct Found {
    secret: Secret,
    warning: Option<&'static str>,
}

/// A secret of a section from its one source: `NAME_env` names an environment variable, `NAME_file` a
/// file, `NAME_credential` a credential, and `NAME` is the secret itself. `None` without any, if something
/// is wrong with it, and if it is not to be read.
pub(crate) fn secret(
    section: &mut Section<'_>,
    name: &str,
    read: bool,
    around: Surroundings<'_>,
    warnings: &mut Vec<Problem>,
) -> Option<Secret> {
    let is_password = name.ends_with("password");
    let (word, inline) = if is_password { ("password", INLINE[0]) } else { (name, INLINE[1]) };
    let keys = ["_env", "_file", "_credential", ""].map(|end| [name, end].concat());
    let texts = keys.each_ref().map(|key| section.string(key));
    let [env, file_key, credential_key, inline_key] = &keys;
    if section.has(inline_key) {
        let hint = format!("{ELSEWHERE}: {file_key}, {env} or {credential_key}");
        let problem = section.problem(inline_key, inline);
        warnings.extend(problem.map(|problem| problem.hint(hint)));
    }
    let given: Vec<_> = keys.iter().filter(|key| section.has(key)).collect();
    if let [first, others @ ..] = given.as_slice() {
        for other in others {
            let what = format!("is one {word} too many: there is {first}");
            section.wrong(other, what, Some("keep one of them".to_owned()));
        }
    }
    let ([key], true) = (given.as_slice(), read) else { return None };
    let text = texts.into_iter().flatten().next()?;
    let plain = |secret| Found { secret, warning: None };
    let found = match *key {
        key if key == env => variable(text, around).map(plain),
        key if key == file_key => file(text, word, around),
        key if key == credential_key => credential(text, word, around),
        _ => Secret::from_line(text)
            .map(plain)
            .map_err(|error| format!("cannot be the {word}: {error}")),
    };
    match found {
        Ok(found) => {
            if let Some(warning) = found.warning {
                let problem = section.problem(key, warning);
                warnings.extend(problem.map(|problem| problem.hint(NO_OTHERS)));
            }
            Some(found.secret)
        }
        Err(what) => {
            section.wrong(key, what, None);
            None
        }
    }
}

/// The certificate with which a section's servers are called, where they want one.
pub(crate) fn client_certificate(
    section: &mut Section<'_>,
    around: Surroundings<'_>,
    warnings: &mut Vec<Problem>,
) -> Option<ClientCertificate> {
    let files = ["client_certificate", "client_key"].map(|key| section.text(key));
    let [certificate, key] = match files {
        [Some(certificate), Some(key)] => [certificate, key].map(|file| around.folder.join(file)),
        [None, None] => return None,
        [certificate, _] => {
            let missing = if certificate.is_some() { "client_key" } else { "client_certificate" };
            let hint = "a client certificate needs client_certificate and client_key".to_owned();
            section.wrong(missing, "is missing", Some(hint));
            return None;
        }
    };
    warn_of_key_readers(section, "client_key", &key, warnings);
    match ClientCertificate::read(&certificate, &key) {
        Ok(certificate) => Some(certificate),
        Err(error) => {
            let name = if error.private_key { "client_key" } else { "client_certificate" };
            section.wrong(name, error.what, error.remedy);
            None
        }
    }
}

/// A URL of http or https without user information, which no error shows.
pub(crate) fn url(
    section: &mut Section<'_>,
    key: &str,
    parse: impl FnOnce(&str) -> Result<Url, UrlError>,
    warnings: &mut Vec<Problem>,
) -> Option<String> {
    let text = section.text(key)?;
    match parse(&text) {
        Ok(url) => {
            if url.scheme() == "http" && !is_local(&url) {
                let what = "http:// lets everybody on the way read the passwords";
                let problem = section.problem(key, what);
                warnings.extend(problem.map(|problem| problem.hint("use https://")));
            }
            Some(text)
        }
        Err(error) => {
            let (what, hint) = match error {
                UrlError::UserInformation => (
                    "holds a user name or password".to_owned(),
                    "take it out; passwords and tokens have keys of their own",
                ),
                UrlError::Scheme(_) => {
                    ("must begin with http:// or https://".to_owned(), "give the whole URL")
                }
                UrlError::Invalid(why) => {
                    (format!("is not a URL: {why}"), "it looks like https://host/path")
                }
                _ => ("is not a URL".to_owned(), "it looks like https://host/path"),
            };
            section.wrong(key, what, Some(hint.to_owned()));
            None
        }
    }
}

/// The one certificate that a section trusts.
pub(crate) fn fingerprint(section: &mut Section<'_>) -> Option<Fingerprint> {
    let error = match section.text("trust_fingerprint")?.parse() {
        Ok(fingerprint) => return Some(fingerprint),
        Err(error) => error,
    };
    let what = match error {
        FingerprintError::Sha1 => "this is a SHA-1 fingerprint (Windows: thumbprint)",
        _ => "a SHA-256 fingerprint has 64 hexadecimal digits",
    };
    let hint = "check shows the one that is needed, as does openssl x509 -in FILE -noout -fingerprint -sha256";
    section.wrong("trust_fingerprint", what, Some(hint.to_owned()));
    None
}

/// The certificates in the file that a section names; none if it names none.
pub(crate) fn roots(section: &mut Section<'_>, around: Surroundings<'_>) -> Vec<u8> {
    let Some(name) = section.text("root_certificates") else { return Vec::new() };
    certificates(&around.folder.join(name)).unwrap_or_else(|(what, hint)| {
        section.wrong("root_certificates", what, hint);
        Vec::new()
    })
}

/// What an environment variable holds.
pub(crate) fn variable(name: &str, around: Surroundings<'_>) -> Result<Secret, String> {
    let Some(value) = (around.variable)(name) else {
        return Err(format!("the environment variable {} is not set", shown(name)));
    };
    let value = value
        .into_string()
        .map(zeroize::Zeroizing::new)
        .map_err(|_| format!("the environment variable {} is not UTF-8", shown(name)))?;
    Secret::from_line(&value).map_err(|error| {
        format!("the environment variable {} cannot be used: {error}", shown(name))
    })
}

/// The secret in a file.
fn file(name: &str, word: &str, around: Surroundings<'_>) -> Result<Found, String> {
    let path = around.folder.join(name);
    let secret = Secret::read_file(&path)
        .map_err(|error| format!("cannot read a {word} from {}: {error}", path.display()))?;
    Ok(Found { secret, warning: open_to_others(&path) })
}

/// A systemd credential (systemd.exec(5), `LoadCredential=`).
fn credential(name: &str, word: &str, around: Surroundings<'_>) -> Result<Found, String> {
    if name.contains(['/', '\0']) || name == "." || name == ".." {
        return Err("must be the name of a credential, not a path".to_owned());
    }
    let folder = (around.variable)("CREDENTIALS_DIRECTORY").filter(|folder| !folder.is_empty());
    let Some(folder) = folder else {
        return Err(
            "there are no credentials: CREDENTIALS_DIRECTORY is not set (systemd sets it for a \
             service with LoadCredential=)"
                .to_owned(),
        );
    };
    let path = PathBuf::from(folder).join(name);
    let secret = Secret::read_file(&path)
        .map_err(|error| format!("cannot read a {word} from {}: {error}", path.display()))?;
    Ok(Found { secret, warning: None })
}

/// A name as it may be shown: somebody may have put the password itself there.
fn shown(name: &str) -> &str {
    let plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    if name.chars().all(plain) { name } else { "named here" }
}

/// A private key that others can read is theirs, too.
pub(crate) fn warn_of_key_readers(
    section: &Section<'_>,
    key: &str,
    path: &Path,
    warnings: &mut Vec<Problem>,
) {
    let problem = open_to_others(path).and_then(|by_others| section.problem(key, by_others));
    warnings.extend(problem.map(|problem| problem.hint(NO_OTHERS)));
}

/// Of a file that others can read, the warnings about passwords in it say so.
pub(crate) fn warn_of_readers(path: &Path, warnings: &mut [Problem]) {
    let Some(by_others) = open_to_others(path) else { return };
    for warning in warnings.iter_mut().filter(|warning| INLINE.contains(&warning.what.as_str())) {
        warning.what = format!("{}, and {by_others}", warning.what);
    }
}

/// Certificates in a file; else what is wrong with it, and what to do.
fn certificates(path: &Path) -> Result<Vec<u8>, (String, Option<String>)> {
    let file = path.display();
    let cannot = |why: String| (format!("cannot read certificates from {file}: {why}"), None);
    let mut read = read_file(path, MOST_CERTIFICATES).map_err(|error| cannot(error.to_string()))?;
    match tls::certificates(&read) {
        Ok(_) => Ok(std::mem::take(&mut *read)),
        Err(error) => {
            let what = format!("the root certificates in {file} are not usable: {error}");
            Err((what, error.remedy(&file.to_string())))
        }
    }
}
