//! The command `gateway` as an administrator meets it.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use super::{TOKEN, request};
use crate::host::http::certificate;
use crate::support::{Folder, Running, tool};

const PASSWORD: &str = "s3cret-of-the-service";

fn sample() -> Running {
    Running::spawn(&mut tool(&["serve", "--sample", "--listen", "127.0.0.1:0"], PASSWORD), 2)
}

fn settings(folder: &Folder, sample: SocketAddr, more: &str) -> String {
    folder.file("password", PASSWORD);
    let text = format!(
        "[options]\nlogin = true\nticket = true\n\
         [defaults]\nprovider = 'external'\npassword_file = 'password'\n\
         url = 'http://{sample}/Provider.asmx'\n\
         [login]\nforgot_password_url = 'https://crm.example.com'\ndefault_role = 'registered'\n{more}"
    );
    folder.file("settings.toml", text).to_str().unwrap().to_owned()
}

fn gateway(arguments: &[&str], lines: usize) -> Running {
    let all = [&["gateway", "--listen", "127.0.0.1:0"], arguments].concat();
    Running::spawn(&mut tool(&all, ""), lines)
}

/// The whole answer to a login with this token.
fn login(address: SocketAddr, token: &str) -> String {
    let headers = format!(
        "Authorization: Bearer {token}\r\nContent-Type: application/json\r\nX-Forwarded-For: 192.0.2.7\r\n"
    );
    let body = br#"{"loginUsername": "myusername", "loginPassword": "mypassword"}"#;
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(&request("/v1/Authenticate", &headers, body)).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn it_serves_a_settings_file_logs_calls_reloads_and_ends_in_order() {
    let (folder, sample) = (Folder::new("gateway"), sample());
    let file = settings(&folder, sample.address, "");
    let tokens = folder.file("token", format!("{TOKEN}\n"));
    let tokens = tokens.to_str().unwrap();
    let arguments = [
        "--settings",
        &file,
        "--token-file",
        tokens,
        "--metrics",
        "127.0.0.1:0",
        "--trust-forwarded",
    ];
    let mut running = gateway(&arguments, 3);
    let address = running.address;
    assert_eq!(
        running.lines[0],
        format!("listening on http://{address}/, which asks login, ticket")
    );
    assert!(running.lines[1].ends_with(&format!("http://{address}/openapi.json")));
    assert!(running.lines[2].starts_with("metrics: http://127.0.0.1:"), "{:?}", running.lines);
    assert!(login(address, TOKEN).contains("\"role\":\"registered\""));
    assert!(login(address, "another-token-of-tests").starts_with("HTTP/1.1 401 "));
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(&request(&format!("/v1/HandleEvent?x={TOKEN}"), "", b"{}")).unwrap();
    stream.read_to_string(&mut String::new()).unwrap();

    // Settings and tokens are read again; what is wrong stays as it was.
    let other = "another-token-of-tests";
    folder.file("token", format!("{other}\n{TOKEN}\n"));
    settings(&folder, sample.address, "defalt_role = 'anonymous'\n");
    running.signal("HUP");
    running.logs("settings not reloaded");
    running.logs("tokens reloaded");
    for token in [TOKEN, other] {
        assert!(login(address, token).contains("\"role\":\"registered\""), "{token}");
    }
    folder.file("token", "short\n");
    let text = std::fs::read_to_string(settings(&folder, sample.address, "")).unwrap();
    folder.file("settings.toml", text.replace("'registered'", "'anonymous'"));
    running.signal("HUP");
    running.logs("settings reloaded");
    running.logs("tokens not reloaded");
    assert!(login(address, other).contains("\"role\":\"anonymous\""));

    let (code, _, log) = running.stop();
    assert_eq!(code, 0, "{log}");
    let line = log.lines().find(|line| line.contains("outcome=\"authenticated\"")).unwrap();
    for part in [
        "external_providers::gateway_server",
        "kind=login",
        "operation=\"Authenticate\"",
        "status=200",
        "duration_ms=",
        "caller=127.0.0.1",
        "forwarded_for=\"192.0.2.7\"",
    ] {
        assert!(line.contains(part), "{line}");
    }
    assert!(log.contains("outcome=\"unauthorized\" status=401"), "{log}");
    assert!(log.contains("outcome=\"token-in-url\" status=400"), "{log}");
    assert!(log.contains("WARN") && log.contains("replace it"), "{log}");
    for secret in [PASSWORD, "mypassword", "myusername", TOKEN, other] {
        assert!(!log.contains(secret), "{log}");
    }
}

#[test]
fn what_cannot_start_says_why() {
    let folder = Folder::new("gateway-wrong");
    let nobody: SocketAddr = "127.0.0.1:9".parse().unwrap();
    let file = settings(&folder, nobody, "");
    let good = folder.file("token", TOKEN).to_str().unwrap().to_owned();
    let short = folder.file("short", "hunter2").to_str().unwrap().to_owned();
    let odd = folder.file("odd", "hunter2 hunter2 hunter2").to_str().unwrap().to_owned();
    let run = |arguments: &[&str]| {
        let output = tool(&[&["gateway"], arguments].concat(), "").output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    for (arguments, code, says) in [
        (vec!["--token-file", &*good], 2, "there is no settings file"),
        (vec!["--settings", &*file], 2, "there is no token, so anybody could call"),
        (vec!["--settings", "/nowhere", "--token-file", &*good], 3, "/nowhere"),
        (
            vec!["--settings", &*file, "--token-file", "/nowhere"],
            3,
            "cannot use the tokens in /nowhere",
        ),
        (vec!["--settings", &*file, "--token-file", &*short], 3, "token 1 has 7 characters"),
        (vec!["--settings", &*file, "--token-file", &*odd], 3, "token 1 holds characters"),
        (
            vec!["--settings", &*file, "--token-file", &*good, "--listen", "8080"],
            2,
            "give ADDRESS:PORT",
        ),
        (
            vec!["--settings", &*file, "--token-file", &*good, "--tls-key", "x"],
            2,
            "--tls-certificate",
        ),
        (
            vec![
                "--settings",
                &*file,
                "--token-file",
                &*good,
                "--tls-key",
                "/x",
                "--tls-certificate",
                "/y",
            ],
            3,
            "cannot use the certificate /y",
        ),
        (
            vec!["--settings", &*file, "--token-file", &*good, "--listen", "192.0.2.1:0"],
            1,
            "does not have the address",
        ),
        (vec!["schema", "Authentikate"], 2, "Authenticate"),
    ] {
        let (was, stderr) = run(&arguments);
        assert!(was == code && stderr.contains(says), "{arguments:?}: {was} {stderr}");
        assert!(!stderr.contains("hunter2"), "{stderr}");
    }
}

/// The answer to `GET /readyz` over TLS, by a caller who trusts this certificate alone.
fn ready_over_tls(
    address: SocketAddr,
    trusted: &rcgen::CertifiedKey<rcgen::KeyPair>,
) -> std::io::Result<String> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(trusted.cert.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = "localhost".try_into().unwrap();
    let mut connection = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = TcpStream::connect(address)?;
    let mut tls = rustls::Stream::new(&mut connection, &mut stream);
    tls.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    tls.read_to_string(&mut answer)?;
    Ok(answer)
}

#[test]
fn it_warns_of_clear_text_and_speaks_tls() {
    let (folder, sample) = (Folder::new("gateway-tls"), sample());
    let file = settings(&folder, sample.address, "");
    let tokens = folder.file("token", TOKEN).to_str().unwrap().to_owned();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&tokens, std::fs::Permissions::from_mode(0o644)).unwrap();
    }
    let arguments =
        ["gateway", "--settings", &file, "--token-file", &tokens, "--listen", "0.0.0.0:0"];
    let (_, _, log) = Running::spawn(&mut tool(&arguments, ""), 2).stop();
    assert!(log.contains("warning: other machines reach 0.0.0.0:"), "{log}");
    assert!(!cfg!(unix) || log.contains("every user of this machine can read the file"), "{log}");
    let (certificate_file, key_file, certified) = certificate();
    let (certificate, key) = (certificate_file.to_str().unwrap(), key_file.to_str().unwrap());
    let arguments = [
        "--settings",
        &file,
        "--token-file",
        &tokens,
        "--tls-certificate",
        certificate,
        "--tls-key",
        key,
    ];
    let running = gateway(&arguments, 2);
    assert!(running.lines[0].starts_with("listening on https://127.0.0.1:"), "{:?}", running.lines);
    let mut running = running;
    let ready = ready_over_tls(running.address, &certified).unwrap();
    assert!(ready.ends_with("\r\n\r\nready"), "{ready}");
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(&certificate_file, other.cert.pem()).unwrap();
    std::fs::write(&key_file, other.signing_key.serialize_pem()).unwrap();
    running.signal("HUP");
    running.logs("certificate reloaded");
    let ready = ready_over_tls(running.address, &other).unwrap();
    assert!(ready.ends_with("\r\n\r\nready"), "{ready}");
    assert!(ready_over_tls(running.address, &certified).is_err(), "the one before");
    assert_eq!(running.stop().0, 0);
}

#[test]
fn schemas_are_printed() {
    for (arguments, has, lacks) in [
        (&["gateway", "schema"][..], "RegisterUserAnswer", "nothing"),
        (&["gateway", "schema", "startticket"], "StartTicketRequest", "RegisterUser"),
    ] {
        let output = tool(arguments, "").output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && text.contains(has) && !text.contains(lacks), "{text}");
        let schema: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    }
}
