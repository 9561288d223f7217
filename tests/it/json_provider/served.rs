//! `serve --provider` with an endpoint behind it.

use external_providers::Client;
use external_providers::contract::*;

use super::peer::{Endpoint, JSON};
use crate::support::{Folder, Running, tool};

const PASSWORD: &str = "planted-service-password";
const SECRETS: [&str; 5] =
    [PASSWORD, "planted-token", "planted-secret", "planted-key", "planted-login-password"];

#[tokio::test]
async fn no_secret_is_printed_or_logged() {
    let folder = Folder::new("json-served");
    let endpoint = Endpoint::new("");
    folder.file("token", "planted-token");
    folder.file("secret", "planted-secret");
    let file = format!(
        "[login]\nprovider = 'json'\n[json]\nurl = '{}?key=planted-key'
        token_file = 'token'\nsecret_file = 'secret'\n",
        endpoint.url()
    );
    let file = folder.file("p.toml", file);
    let file = file.to_str().unwrap();
    let password = folder.file("password", SECRETS[4]);
    let password = format!("loginPassword=@{}", password.display());
    let mut command = tool(&["serve", "--provider", file, "--listen", "127.0.0.1:0"], PASSWORD);
    let running = Running::spawn(command.env("EXTERNAL_PROVIDERS_LOG", "trace"), 2);
    let url = format!("http://{}/Provider.asmx", running.address);
    let client = Client::new(&url, PASSWORD).unwrap();
    let login = async || {
        let (login_username, login_password) = ("joe".into(), "planted-login-password".into());
        client.call(Authenticate { login_username, login_password, ..Default::default() }).await
    };
    endpoint.says("200 OK", JSON, r#"{"outcome": "authenticated"}"#);
    let nobody = Authentication::Authenticated { email_address: None, display_name: None };
    assert_eq!(login().await.unwrap().result, nobody);
    let [(head, body)] = <[_; 1]>::try_from(endpoint.asked()).unwrap();
    assert!(head.contains("planted-token") && head.contains("?key=planted-key"), "{head}");
    assert!(head.to_ascii_lowercase().contains("webhook-signature: v1,"), "{head}");
    assert!(body.contains("planted-login-password") && !body.contains(PASSWORD), "{body}");
    // All of it comes back, in a page, in an error, in names and values.
    let page = format!("<html>{}</html>", SECRETS[1..].join(" "));
    let members = format!("{{\"outcome\": \"refused\", {:?}: 1}}", SECRETS[1..].join(" "));
    let location = format!("Location: http://x/{}?planted-key\r\n", SECRETS[1]);
    for (status, headers, body) in [
        ("500 Oops", "Content-Type: text/html\r\n", page.as_str()),
        ("401 Unauthorized", JSON, &members),
        ("302 Found", &location, ""),
        ("200 OK", JSON, &members),
        ("200 OK", JSON, &page),
    ] {
        endpoint.says(status, headers, body);
        let error = login().await.unwrap_err().to_string();
        assert_eq!(error, "the provider declined: The provider cannot answer at the moment.");
        let explain = ["provider", "explain", file, "Authenticate", "loginUsername=joe", &password];
        let explained = tool(&explain, PASSWORD).output().unwrap();
        let said = [explained.stdout, explained.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        assert!(said.contains("endpoint http://"), "{said}");
        assert!(!SECRETS.iter().any(|secret| said.contains(secret)), "{said}");
    }
    // A good answer that repeats the password is explained without it.
    endpoint.says(
        "200 OK",
        JSON,
        r#"{"outcome": "refused", "message": "not planted-login-password"}"#,
    );
    let explain = ["provider", "explain", file, "Authenticate", "loginUsername=joe", &password];
    let explained = tool(&explain, PASSWORD).output().unwrap();
    let said = String::from_utf8([explained.stdout, explained.stderr].concat()).unwrap();
    assert!(said.contains("refused") && !said.contains(SECRETS[4]), "{said}");
    let checked = tool(&["provider", "check", file], PASSWORD).output().unwrap();
    let checked = String::from_utf8([checked.stdout, checked.stderr].concat()).unwrap();
    assert!(checked.contains("connect"), "{checked}");
    let (_, output, log) = running.stop();
    for words in ["endpoint http://", "HTTP 500", "a demand to sign in", "JSON call"] {
        assert!(log.contains(words), "{words}: {log}");
    }
    let all = format!("{output}{log}{checked}");
    for secret in SECRETS {
        assert!(!all.contains(secret), "{secret}: {all}");
    }
}
