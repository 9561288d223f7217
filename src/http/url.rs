//! URLs of services and proxies: which are taken, and their parts as others name them.

use std::net::IpAddr;

use percent_encoding::percent_decode_str;
pub(crate) use url::Url;

use super::bare_host;
use crate::secret::Secret;

/// A URL that is not a service's, or not a proxy's. None of them shows it, since it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// No URL.
    #[error("the service's URL is not valid: {0}; it looks like http://host/Provider.asmx")]
    Invalid(String),
    /// A URL of another scheme.
    #[error("the service's URL must begin with http:// or https://, not {0}:")]
    Scheme(String),
    /// User information in the URL.
    #[error(
        "the service's URL holds a user name or password: take it out; the web service password is given separately"
    )]
    UserInformation,
    /// A proxy's URL that is not one.
    #[error("the proxy is not an http:// or https:// URL")]
    Proxy,
}

/// Takes in a service's URL: http or https, without user information.
pub(crate) fn service_url(text: &str) -> Result<Url, UrlError> {
    let url = Url::parse(text).map_err(|error| UrlError::Invalid(error.to_string()))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(UrlError::UserInformation);
    }
    if !is_http(&url) {
        return Err(UrlError::Scheme(url.scheme().chars().take(32).collect()));
    }
    Ok(url)
}

/// Takes in a proxy's URL: http or https, perhaps with user information.
pub(crate) fn proxy_url(proxy: &Secret) -> Result<Url, UrlError> {
    Url::parse(proxy.expose()).ok().filter(is_http).ok_or(UrlError::Proxy)
}

/// The password in a proxy's URL, which may come back in its error page.
pub(crate) fn proxy_password(proxy: &Secret) -> Option<Secret> {
    let url = Url::parse(proxy.expose()).ok()?;
    let password = url.password()?;
    Some(Secret::new(percent_decode_str(password).decode_utf8_lossy().into_owned()))
}

pub(crate) fn is_http(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

/// Does http to this URL stay on this machine?
pub(crate) fn is_local(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    host == "localhost" || bare_host(host).parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

/// What a Host header says for the URL: the port stands there if it is not the scheme's own.
pub(crate) fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Host and port, the port also where it is the scheme's own.
pub(crate) fn host_and_port(url: &Url) -> Option<String> {
    Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?))
}
