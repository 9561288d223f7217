//! The product's External Providers page, setting by setting: what each does here, from the settings
//! file to the answer.

use external_providers::contract::Kind;
use external_providers::gateway::{Gateway, LoginOutcome, LoginPage, RefusedBy, SignedIn};
use external_providers::settings::{Role, SWITCHES, Settings, TABS, keys};

use super::kinds::{ANSWERS, PASSWORD, ask, ask_all, cookie, login, path, sample_host};
use crate::support::Folder;

/// A host with the sample, and settings files for it.
struct Site {
    folder: Folder,
    base: String,
}

impl Site {
    async fn new(name: &str) -> Self {
        let folder = Folder::new(&format!("page-{name}"));
        folder.file("right", PASSWORD);
        folder.file("wrong", "wrong");
        Self { folder, base: sample_host().await }
    }

    /// All seven tabs, as `tab` writes them below their headings.
    fn settings(&self, switches: &str, tab: impl Fn(Kind) -> String) -> Settings {
        let tabs: String = TABS.iter().map(|kind| format!("[{kind}]\n{}\n", tab(*kind))).collect();
        let path = self.folder.file("s.toml", format!("[options]\n{switches}\n{tabs}"));
        Settings::load(path).unwrap()
    }

    /// A tab as it should be, with some more lines.
    fn tab(&self, kind: Kind, more: &str) -> String {
        let url = format!("{}{}", self.base, path(kind));
        format!("provider = 'external'\nurl = '{url}'\npassword_file = 'right'\n{more}")
    }

    /// Only the login provider, with some more lines.
    fn login(&self, more: &str) -> Gateway {
        let settings = self.settings("login = true", |kind| match kind {
            Kind::Login => self.tab(kind, more),
            _ => String::new(),
        });
        Gateway::builder(settings).build().unwrap()
    }
}

fn all_on() -> String {
    SWITCHES.iter().map(|switch| format!("{} = true\n", switch.name)).collect()
}

fn signed_in(outcome: LoginOutcome) -> SignedIn {
    match outcome {
        LoginOutcome::SignedIn(user) => user,
        other => panic!("{other:?}"),
    }
}

/// The page's fields, in its words; all tabs but the first have the first three.
#[test]
fn nothing_of_the_page_is_missing() {
    let switches: Vec<_> = SWITCHES.iter().filter_map(|key| key.label).collect();
    assert_eq!(
        switches,
        [
            "Enable login provider",
            "Enable registration provider",
            "Enable custom field provider",
            "Enable ticket provider",
            "Enable live chat provider",
            "Enable user information provider",
            "Enable events provider",
        ]
    );
    for &kind in TABS {
        let mut labels: Vec<_> = keys(kind).iter().filter_map(|key| key.label).collect();
        labels.dedup();
        let mut fields = vec![
            "Built-in provider or an external Web service",
            "Web Service URL",
            "Web Service Password",
        ];
        if kind == Kind::Login {
            fields.extend([
                "Forgot Password URL",
                "Custom Login URL",
                "Default Role for Users",
                "Mark email addresses as verified",
                "Enable single sign-on cookies from other sites",
            ]);
        }
        assert_eq!(labels, fields, "{kind}");
    }
}

#[tokio::test]
async fn enable_provider() {
    let site = Site::new("enable").await;
    for &enabled in TABS {
        let settings = site.settings(&format!("{enabled} = true"), |kind| {
            let cookies = if kind == Kind::Login { "accept_sign_on_cookies = true" } else { "" };
            site.tab(kind, cookies)
        });
        let providers = Gateway::builder(settings).build().unwrap();
        for ((kind, answer), expected) in ask_all(&providers).await.iter().zip(ANSWERS) {
            let expected = if *kind == enabled { expected[2] } else { expected[0] };
            assert_eq!(answer, expected, "{kind} while only {enabled} is enabled");
        }
    }
}

#[tokio::test]
async fn built_in_provider_or_an_external_web_service() {
    let site = Site::new("provider").await;
    for &external in TABS {
        let settings = site.settings(&all_on(), |kind| match kind == external {
            true if kind == Kind::Login => site.tab(kind, "accept_sign_on_cookies = true"),
            true => site.tab(kind, ""),
            false => "provider = 'built-in'".to_owned(),
        });
        let providers = Gateway::builder(settings).build().unwrap();
        for ((kind, answer), expected) in ask_all(&providers).await.iter().zip(ANSWERS) {
            let expected = if *kind == external { expected[2] } else { expected[0] };
            assert_eq!(answer, expected, "{kind} while only {external} is external");
        }
    }
}

#[tokio::test]
async fn web_service_url() {
    let site = Site::new("url").await;
    for &elsewhere in TABS {
        let settings = site.settings(&all_on(), |kind| match kind == elsewhere {
            true => site.tab(kind, "").replace(".asmx", ".none"),
            false => site.tab(kind, ""),
        });
        let providers = Gateway::builder(settings).build().unwrap();
        for &kind in TABS {
            let result = ask(&providers, kind).await;
            assert_eq!(result.is_err(), kind == elsewhere, "{kind}: {result:?}");
            let hint = result.err().and_then(|error| error.hint());
            let right = hint.as_ref().is_none_or(|hint| hint.contains("check the path"));
            assert!(right, "{hint:?}");
        }
    }
}

#[tokio::test]
async fn web_service_password() {
    let site = Site::new("password").await;
    for &denied in TABS {
        let settings = site.settings(&all_on(), |kind| match kind == denied {
            true => site.tab(kind, "").replace("right", "wrong"),
            false => site.tab(kind, ""),
        });
        let providers = Gateway::builder(settings).build().unwrap();
        for &kind in TABS {
            let result = ask(&providers, kind).await;
            assert_eq!(result.is_err(), kind == denied, "{kind}: {result:?}");
            let hint = result.err().and_then(|error| error.hint());
            assert!(
                hint.as_ref().is_none_or(|hint| hint == "the web service password is wrong"),
                "{hint:?}"
            );
        }
    }
}

#[tokio::test]
async fn forgot_password_url() {
    let site = Site::new("forgot").await;
    let form = |url: Option<&str>| LoginPage::Form { forgot_password_url: url.map(str::to_owned) };
    assert_eq!(site.login("").login_page(), form(None));
    let url = "https://crm.example.com/forgot";
    let providers = site.login(&format!("forgot_password_url = '{url}'"));
    assert_eq!(providers.login_page(), form(Some(url)));
    match providers.authenticate(login("stranger")).await.unwrap() {
        LoginOutcome::Refused(refused) => assert_eq!(refused.next, form(Some(url))),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn custom_login_url() {
    let site = Site::new("custom").await;
    let url = "https://crm.example.com/login";
    let providers =
        site.login(&format!("custom_login_url = '{url}'\naccept_sign_on_cookies = true"));
    let redirect = LoginPage::Redirect { url: url.to_owned() };
    assert_eq!(providers.login_page(), redirect);
    match providers.get_sign_in_cookie_info(cookie("stranger")).await.unwrap() {
        LoginOutcome::Refused(refused) => assert_eq!(refused.next, redirect),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn default_role_for_users() {
    let site = Site::new("role").await;
    for (line, role) in [
        ("", Role::Registered),
        ("default_role = 'registered'", Role::Registered),
        ("default_role = 'anonymous'", Role::Anonymous),
    ] {
        let outcome = site.login(line).authenticate(login("myusername")).await.unwrap();
        assert_eq!(signed_in(outcome).role, role, "{line}");
    }
}

#[tokio::test]
async fn mark_email_addresses_as_verified() {
    let site = Site::new("verified").await;
    for (line, verified) in
        [("", false), ("mark_email_verified = false", false), ("mark_email_verified = true", true)]
    {
        let outcome = site.login(line).authenticate(login("myusername")).await.unwrap();
        assert_eq!(signed_in(outcome).email_verified, verified, "{line}");
    }
}

#[tokio::test]
async fn single_sign_on_cookies_from_other_sites() {
    let site = Site::new("cookies").await;
    for line in ["", "accept_sign_on_cookies = false"] {
        let outcome = site.login(line).get_sign_in_cookie_info(cookie("myusername")).await.unwrap();
        match outcome {
            LoginOutcome::Refused(refused) => assert_eq!(refused.by, RefusedBy::Settings, "{line}"),
            other => panic!("{other:?}"),
        }
    }
    let idle = site.login("remember = '60s'");
    let warned = idle.settings().warnings().iter().any(|warning| warning.key == "login.remember");
    assert!(warned, "{:?}", idle.settings().warnings());
    let providers = site.login("accept_sign_on_cookies = true");
    let outcome = providers.get_sign_in_cookie_info(cookie("myusername")).await.unwrap();
    assert_eq!(signed_in(outcome).display_name.as_deref(), Some("My Username"));
}
