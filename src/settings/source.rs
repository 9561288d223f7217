//! Where a tab's secrets and files come from.

use std::path::{Path, PathBuf};

use super::Surroundings;
use crate::bounded::read_file;
use crate::secret::Secret;
use crate::tls::{self, MOST_CERTIFICATES};

/// A value that was found, and what is unwise about where.
pub(super) struct Found {
    pub(super) secret: Secret,
    pub(super) warning: Option<&'static str>,
}

/// What an environment variable holds.
pub(super) fn variable(name: &str, around: Surroundings<'_>) -> Result<Secret, String> {
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

/// The password in a file.
pub(super) fn file(name: &str, around: Surroundings<'_>) -> Result<Found, String> {
    let path = around.folder.join(name);
    let secret = Secret::read_file(&path)
        .map_err(|error| format!("cannot read a password from {}: {error}", path.display()))?;
    Ok(Found { secret, warning: readable_by_others(&path) })
}

/// A systemd credential (systemd.exec(5), `LoadCredential=`).
pub(super) fn credential(name: &str, around: Surroundings<'_>) -> Result<Found, String> {
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
        .map_err(|error| format!("cannot read a password from {}: {error}", path.display()))?;
    Ok(Found { secret, warning: None })
}

/// A name as it may be shown: somebody may have put the password itself there.
fn shown(name: &str) -> &str {
    let plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    if name.chars().all(plain) { name } else { "named here" }
}

/// May users of this machine who are neither the owner nor of the group read the file?
#[cfg(unix)]
pub(super) fn readable_by_others(path: &Path) -> Option<&'static str> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(path).ok()?.permissions().mode();
    (mode & 0o004 != 0).then_some("every user of this machine can read the file")
}

/// Windows has no such bits.
#[cfg(not(unix))]
pub(super) fn readable_by_others(_: &Path) -> Option<&'static str> {
    None
}

/// Certificates in a file; else what is wrong with it, and what to do.
pub(super) fn certificates(path: &Path) -> Result<Vec<u8>, (String, Option<String>)> {
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
