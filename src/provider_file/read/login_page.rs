//! `[login_page]`.

use std::sync::Arc;

use hyper::header::HeaderName;

use super::Reading;
use crate::contract::Kind;
use crate::host::Network;
use crate::http::url::{Url, is_local};
use crate::json_provider::Format;
use crate::login_page::{
    CookieSettings, Limits, LoginPageSettings, ReturnAddresses, SameSite, Texts, TrustedHeader,
    is_cookie_domain,
};
use crate::provider_file::model::{HostedService, ProviderFile};
use crate::settings::Surroundings;
use crate::settings::section::Section;
use crate::sign_on::{Forms, MachineKey, Ticket, Timestamp, is_cookie_name, is_cookie_path};
use crate::toml_document::{Problem, Table};

/// Bits. A private network, 10.0.0.0/8 or fd00::/8, has as many.
const WIDEST: u8 = 8;

impl Reading<'_> {
    /// The page, if the file has one.
    pub(super) fn login_page(
        &mut self,
        root: &Table<'_>,
        service: &HostedService,
    ) -> Option<Arc<LoginPageSettings>> {
        let table = root.table("login_page", &mut self.problems)?;
        if !root.has("login") {
            let hint = "[login] says who may log in";
            self.problems.push(table.problem("", "there is no [login]").hint(hint));
        }
        let (around, mut warnings) = (self.around, Vec::new());
        let page = self.in_section("login_page", "login_page", Some(table), |section| {
            let path = path(section, service);
            let machine_key = machine_key(section, around, &mut warnings);
            let return_to = return_to(section, &mut warnings);
            let (forms, lifetime) = match &machine_key {
                Some(key) => (key.forms().clone(), key.forms().lifetime),
                None => Default::default(),
            };
            let cookie = CookieSettings {
                name: section.text("cookie_name").unwrap_or(forms.name),
                domain: section.text("cookie_domain").or(forms.domain),
                path: section.text("cookie_path").unwrap_or(forms.path),
                secure: section.switch("cookie_secure"),
                same_site: match section.choice("cookie_same_site") {
                    "strict" => SameSite::Strict,
                    "none" => SameSite::None,
                    _ => SameSite::Lax,
                },
            };
            check_cookie(section, &cookie, return_to.as_ref(), service, &mut warnings);
            if let Some(key) = machine_key.as_ref().filter(|key| key.forms().is_written) {
                check_forms(section, &cookie, key.forms(), &mut warnings);
            }
            Some(LoginPageSettings {
                path,
                return_parameter: return_parameter(section),
                cookie,
                lifetime: match section.has("lifetime") {
                    true => section.time("lifetime"),
                    false => lifetime,
                },
                persistent: section.switch("persistent"),
                keep_lifetime: section.time("keep_lifetime"),
                allow: section.has("allow").then(|| networks(section, "allow")),
                trusted_header: trusted_header(section),
                limits: Limits {
                    user: section.number("throttle_failures"),
                    address: section.number("throttle_address_failures"),
                    window: section.time("throttle_window"),
                },
                texts: texts(section),
                machine_key: Arc::new(machine_key?),
                return_to: return_to?,
            })
        });
        self.warnings.extend(warnings);
        page.map(Arc::new)
    }
}

impl Reading<'_> {
    /// Warns of logins after which the help desk's own question (`GetSignInCookieInfo`) gets no answer.
    pub(super) fn page_logins(&mut self, root: &Table<'_>, file: &ProviderFile) {
        let Some(table) = root.table("login_page", &mut Vec::new()) else { return };
        let mut warn = |what: String, hint: &str| {
            let what = format!("{what}, which the help desk asks about whoever has the cookie");
            self.warnings.push(table.problem("", what).hint(hint));
        };
        let json = file.json.get(&Kind::Login);
        if json.is_some_and(|json| matches!(json.format, Format::VendorLogin { .. })) {
            let what = "the format vendor-login has no GetSignInCookieInfo";
            warn(
                what.to_owned(),
                "nobody gets in whom [json] alone knows: use the format of calls",
            );
        }
        for (name, directory) in &file.servers.directories {
            if directory.dn_template.is_some() && directory.account.is_none() {
                let what = format!("{name} is asked GetSignInCookieInfo without an account");
                warn(what, "give it an account, unless it shows entries to everybody");
            }
        }
    }
}

/// Networks as `[service] allow` has them.
pub(super) fn networks(section: &mut Section<'_>, key: &str) -> Vec<Network> {
    let mut networks = Vec::new();
    for text in section.list(key) {
        match text.parse() {
            Ok(network) => networks.push(network),
            Err(error) => section.wrong(key, format!("{text:?}: {error}"), None),
        }
    }
    networks
}

fn path(section: &mut Section<'_>, service: &HostedService) -> String {
    let path = section.text("path").unwrap_or_default();
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"/-._~".contains(&b);
    let bare = path.strip_prefix('/').unwrap_or_default();
    if bare.split('/').any(|part| part.is_empty() || part.starts_with('.'))
        || !path.bytes().all(is_plain)
    {
        let hint = "it begins with a slash, does not end in one, and holds letters, digits and - . _ ~ alone";
        section.wrong("path", "is not a path like /login", Some(hint.to_owned()));
    }
    let lower = format!("{}/", path.to_ascii_lowercase());
    if lower.starts_with(&format!("{}/", service.path.to_ascii_lowercase()))
        || format!("{}/", service.path.to_ascii_lowercase()).starts_with(&lower)
        || lower == "/healthz/"
    {
        section.wrong("path", "is at the path of the service, or below or above it", None);
    }
    path
}

fn machine_key(
    section: &mut Section<'_>,
    around: Surroundings<'_>,
    warnings: &mut Vec<Problem>,
) -> Option<MachineKey> {
    let Some(file) = section.text("machine_key") else {
        let hint = "the help desk's web.config, or its <machineKey> element in a file".to_owned();
        section.wrong("machine_key", "is missing", Some(hint));
        return None;
    };
    let key = match MachineKey::load(around.folder.join(file)) {
        Ok(key) => key,
        Err(error) => {
            section.wrong("machine_key", error.to_string(), None);
            return None;
        }
    };
    for warning in key.warnings() {
        warnings.extend(section.problem("machine_key", warning));
    }
    // Whether it makes tickets at all.
    let ticket = Ticket::new("a", Timestamp::MIN, std::time::Duration::ZERO);
    if let Err(error) = key.seal(&ticket) {
        section.wrong("machine_key", error.to_string(), None);
    }
    Some(key)
}

fn return_to(section: &mut Section<'_>, warnings: &mut Vec<Problem>) -> Option<ReturnAddresses> {
    let texts = section.list("return_to");
    let addresses = match ReturnAddresses::new(&texts) {
        Ok(addresses) => addresses,
        Err(error) => {
            let hint = "the address of the help desk, like [\"https://help.example.com/\"]";
            section.wrong("return_to", error.to_string(), Some(hint.to_owned()));
            return None;
        }
    };
    if let Some(host) =
        addresses.iter().filter_map(Url::host_str).find(|host| host.starts_with('['))
    {
        // A Content-Security-Policy cannot have it among its sources.
        let what = format!("{host}: Chromium sends nobody to an IPv6 address from a form");
        let problem = section.problem("return_to", what);
        warnings.extend(problem.map(|problem| problem.hint("give the host's name")));
    }
    if addresses.iter().any(|url| url.scheme() == "http" && !is_local(url)) {
        let what = "http:// lets everybody on the way take the cookie";
        let problem = section.problem("return_to", what);
        warnings.extend(problem.map(|problem| problem.hint("use https://")));
    }
    Some(addresses)
}

fn return_parameter(section: &mut Section<'_>) -> String {
    let name = section.text("return_parameter").unwrap_or_default();
    if name.is_empty() || name.contains(['=', '&', '#', '?']) {
        section.wrong("return_parameter", "is not the name of a query parameter", None);
    }
    name
}

/// Can browsers and the help desk do anything with such a cookie?
fn check_cookie(
    section: &mut Section<'_>,
    cookie: &CookieSettings,
    return_to: Option<&ReturnAddresses>,
    service: &HostedService,
    warnings: &mut Vec<Problem>,
) {
    let mut warn = |section: &Section<'_>, key: &str, what: &str, hint: &str| {
        warnings.extend(section.problem(key, what).map(|problem| problem.hint(hint)));
    };
    if !is_cookie_name(&cookie.name) || cookie.name.starts_with("__") {
        let hint = "letters, digits, dots and hyphens, like .ASPXAUTH".to_owned();
        section.wrong("cookie_name", "is not a name that the cookie can have", Some(hint));
    }
    if !is_cookie_path(&cookie.path) {
        let hint = "it begins with a slash, like / or /Support".to_owned();
        section.wrong("cookie_path", "is not a path that the cookie can have", Some(hint));
    }
    let urls = || return_to.into_iter().flat_map(ReturnAddresses::iter);
    let hosts = || urls().filter_map(|url| url.host_str());
    match &cookie.domain {
        Some(domain) if !is_cookie_domain(domain) => {
            let hint = "like example.com; without it, the cookie is for this page's host alone";
            section.wrong("cookie_domain", "is not a domain", Some(hint.to_owned()));
        }
        Some(domain) => {
            if let Some(host) = hosts().find(|host| !cookie.reaches(host)) {
                let what = format!("{domain} does not have {host} of return_to below it");
                let hint = "the help desk would never see the cookie: both must share a domain";
                section.wrong("cookie_domain", what, Some(hint.to_owned()));
            }
        }
        None => {
            if let Some(other) = hosts().find(|host| hosts().next() != Some(host)) {
                let what =
                    format!("is missing, so that {other} or another of return_to gets no cookie");
                warn(section, "cookie_domain", &what, "give the domain that they share");
            }
        }
    }
    let has_https = service.tls.is_some() || urls().any(|url| url.scheme() == "https");
    if !cookie.secure && has_https {
        let what = "lets the cookie go over http, where everybody on the way can take it";
        warn(
            section,
            "cookie_secure",
            what,
            "take it out where the page and the help desk are reached by https",
        );
    }
    if !cookie.secure && cookie.same_site == SameSite::None {
        let hint = "browsers refuse such a cookie without Secure".to_owned();
        section.wrong("cookie_same_site", "needs cookie_secure = true", Some(hint));
    }
    if cookie.secure && urls().all(|url| url.scheme() == "http") && return_to.is_some() {
        let what = "keeps the cookie from the addresses of return_to, which are http";
        warn(section, "cookie_secure", what, "let the help desk speak https");
    }
}

/// Does the help desk, which renews and deletes the cookie, mean the same one?
fn check_forms(
    section: &Section<'_>,
    cookie: &CookieSettings,
    forms: &Forms,
    warnings: &mut Vec<Problem>,
) {
    let mut warn = |key: &str, what: &str, hint: &str| {
        warnings.extend(section.problem(key, what).map(|problem| problem.hint(hint)));
    };
    let bare = |domain: &Option<String>| {
        let domain = domain.as_deref().map(|domain| domain.trim_start_matches('.'));
        domain.unwrap_or_default().to_ascii_lowercase()
    };
    let domain = bare(&cookie.domain);
    if domain != bare(&forms.domain) {
        let what = "is not what <forms> says: the help desk renews and deletes a cookie of its own beside this \
                    one, and people cannot log out";
        warn("cookie_domain", what, &format!("write domain=\"{domain}\" into <forms>"));
    }
    if cookie.path != forms.path {
        let what = "is not what <forms> says: the help desk renews and deletes a cookie of its own beside this one";
        warn(
            "cookie_path",
            what,
            &format!("take it out, or write path=\"{}\" into <forms>", cookie.path),
        );
    }
    if forms.uses_uri {
        let what = "has cookieless=\"UseUri\" in <forms>: the help desk takes no cookie";
        warn("machine_key", what, "let it say UseCookies");
    }
    if forms.require_ssl && !cookie.secure {
        let what = "is false, and <forms> has requireSSL: the help desk takes no cookie over http";
        warn("cookie_secure", what, "take it out, and let both speak https");
    }
}

fn trusted_header(section: &mut Section<'_>) -> Option<TrustedHeader> {
    let (has_header, has_proxies) = (section.has("trusted_header"), section.has("trusted_proxies"));
    let name = section.text("trusted_header");
    let proxies = networks(section, "trusted_proxies");
    if has_header != has_proxies {
        let missing = if has_header { "trusted_proxies" } else { "trusted_header" };
        let hint = "a header counts from the addresses of a proxy alone: give both, or neither";
        section.wrong(missing, "is missing", Some(hint.to_owned()));
    }
    if has_proxies && section.list("trusted_proxies").is_empty() {
        section.wrong("trusted_proxies", "names no address", None);
    }
    if let Some(wide) = proxies.iter().find(|network| network.prefix() < WIDEST) {
        let what = format!("{wide} is too wide: whoever has an address in it could be any user");
        let hint = "give the addresses of the proxy".to_owned();
        section.wrong("trusted_proxies", what, Some(hint));
    }
    let name = match HeaderName::try_from(name?) {
        Ok(name) => name,
        Err(_) => {
            section.wrong("trusted_header", "is not the name of a header", None);
            return None;
        }
    };
    let others = [
        "authorization",
        "connection",
        "content-length",
        "content-type",
        "cookie",
        "host",
        "origin",
    ];
    if others.contains(&name.as_str()) {
        section.wrong("trusted_header", "is a header that browsers send themselves", None);
    }
    Some(TrustedHeader { name, proxies })
}

fn texts(section: &mut Section<'_>) -> Texts {
    let words: Vec<_> =
        Texts::KEYS.iter().map(|key| (*key, section.text(key).unwrap_or_default())).collect();
    for (key, word) in &words {
        let may_be_empty = matches!(*key, "introduction" | "keep");
        if word.trim().is_empty() && !may_be_empty {
            section.wrong(key, "is empty", None);
        }
        if *key == "throttled" && word.replace("{minutes}", "").contains('{') {
            section.wrong(
                key,
                "names something that is not there",
                Some("{minutes} is".to_owned()),
            );
        }
    }
    Texts::new(words)
}
