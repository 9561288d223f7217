//! `cookie` as commands: what is issued is read, what is found, exit codes, and that no cookie is said where it
//! must not be.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::Value;

use crate::support::{Folder, repository, tool};

const VALIDATION_KEY: &str = "30101052676849B0B494466B7A99656346328E8964748448E422D7344467A457";
const DECRYPTION_KEY: &str = "AC7387D7E54B156377D81930CF237888";

fn run(arguments: &[&str], input: &str) -> (i32, String, String) {
    let mut command = tool(&[&["cookie"], arguments].concat(), "");
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap();
    // A command that has seen a mistake does not read.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let (out, err) = (text(output.stdout), text(output.stderr));
    for key in [VALIDATION_KEY, DECRYPTION_KEY] {
        assert!(!out.contains(key) && !err.contains(key), "{out}{err}");
    }
    (output.status.code().unwrap(), out, err)
}

fn config(attributes: &str) -> String {
    format!(
        "<configuration><system.web>\n<machineKey validationKey=\"{VALIDATION_KEY}\"\n  \
         decryptionKey=\"{DECRYPTION_KEY}\" {attributes} />\n</system.web></configuration>"
    )
}

#[cfg(unix)]
fn private(folder: &Folder, name: &str, contents: &str) -> String {
    use std::os::unix::fs::PermissionsExt as _;
    let file = folder.file(name, contents);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn what_is_issued_is_read_and_its_settings_are_found() {
    let folder = Folder::new("cookie");
    let legacy = config("validation=\"SHA1\" compatibilityMode=\"Framework20SP1\"");
    let legacy = private(&folder, "web.config", &legacy);
    let other = private(&folder, "new.config", &config("compatibilityMode=\"Framework45\""));
    let data = "ü 漢 😀 | \"roles\"";
    let issue = ["issue", "jane", "--machine-key", &legacy, "--minutes", "5", "--persistent"];
    let (code, cookie, err) =
        run(&[&issue[..], &["--user-data", data, "--path", "/app"]].concat(), "");
    assert_eq!(code, 0, "{err}");
    assert!(cookie.trim_end().bytes().all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(&b)));
    assert!(err.starts_with("note: the cookie .ASPXAUTH is valid until 2"), "{err}");
    let again = run(&issue, "").1;
    assert_ne!(cookie, again, "each has random bytes of its own");

    let line = format!("Cookie: a=b; .ASPXAUTH={cookie}");
    for input in [&cookie, &line] {
        let (code, out, err) = run(&["read", "--machine-key", &legacy, "--json"], input);
        assert_eq!((code, err.as_str()), (0, ""), "{out}");
        let read: Value = serde_json::from_str(&out).unwrap();
        assert_eq!((read["outcome"].as_str(), &read["reason"]), (Some("valid"), &Value::Null));
        let ticket = &read["ticket"];
        assert_eq!(ticket["name"], "jane");
        assert_eq!(ticket["user_data"], data);
        assert_eq!((&ticket["path"], &ticket["version"]), (&"/app".into(), &2.into()));
        assert_eq!(ticket["persistent"], true);
    }
    let (code, out, _) = run(&["read", "--machine-key", &legacy], &cookie);
    assert!(code == 0 && out.starts_with("valid until 2"), "{out}");
    assert!(out.contains("\n  user data   ü 漢 😀 | \\\"roles\\\"\n"), "{out}");

    let (code, out, err) = run(&["read", "--machine-key", &other], &cookie);
    assert_eq!((code, out.starts_with("not valid: the signature is wrong")), (7, true), "{out}");
    assert!(err.starts_with("hint: cookie find-mode"), "{err}");
    let (code, out, _) = run(&["find-mode", "--machine-key", &other], &cookie);
    assert_eq!(code, 0);
    let found =
        "<machineKey compatibilityMode=\"Framework20SP1\" validation=\"SHA1\" decryption=\"AES\" ";
    assert!(out.starts_with(found) && out.contains("the file says otherwise"), "{out}");
    let (code, out, _) = run(&["find-mode", "--machine-key", &legacy, "--json"], &cookie);
    let found: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &found["modes"][0]["as_in_file"]), (0, &true.into()), "{out}");

    // A validation key that is too long for what the file says.
    let key = VALIDATION_KEY.repeat(3);
    let long = format!(
        "<machineKey validationKey=\"{key}\" decryptionKey=\"{DECRYPTION_KEY}\" validation=\"HMACSHA256\" \
         compatibilityMode=\"MODE\" />"
    );
    let right = private(&folder, "long-45.config", &long.replace("MODE", "Framework45"));
    let wrong = private(&folder, "long.config", &long.replace("MODE", "Framework20SP1"));
    let (code, of_45, err) = run(&["issue", "jane", "--machine-key", &right], "");
    assert_eq!(code, 0, "{err}");
    assert_eq!(run(&["read", "--machine-key", &wrong], &of_45).0, 3);
    let (code, out, err) = run(&["find-mode", "--machine-key", &wrong], &of_45);
    assert!(code == 0 && out.contains("compatibilityMode=\"Framework45\""), "{out} {err}");

    let changed = cookie.replacen(&cookie[..1], if cookie.starts_with('0') { "1" } else { "0" }, 1);
    let (code, out, _) = run(&["find-mode", "--machine-key", &legacy], &changed);
    assert_eq!((code, out.starts_with("none fits")), (7, true), "{out}");
    let (code, out, err) = run(&["read", "--machine-key", &legacy, "--json"], "");
    assert_eq!(code, 2, "{out}");
    assert!(err.contains("there is no cookie .ASPXAUTH on standard input"), "{err}");
}

/// .NET's own, all of which expired long ago.
#[test]
fn cookies_of_dotnet_are_read_and_have_expired() {
    let folder = Folder::new("cookie");
    let vectors = std::fs::read(repository("tests/it/sign_on/vectors.json")).unwrap();
    let vectors: Value = serde_json::from_slice(&vectors).unwrap();
    for vector in vectors["net"].as_array().unwrap() {
        let key = &vector["key"];
        let toml = format!(
            "validationKey = {}\ndecryptionKey = {}\nvalidation = {}\ndecryption = {}\ncompatibilityMode = {}\n",
            key["validationKey"],
            key["decryptionKey"],
            key["validation"],
            key["decryption"],
            key["mode"],
        );
        let file = private(&folder, "key.toml", &toml);
        let cookie = vector["cookie"].as_str().unwrap();
        let (code, out, _) = run(&["read", "--machine-key", &file, "--json"], cookie);
        let read: Value = serde_json::from_str(&out).unwrap();
        assert_eq!((code, read["outcome"].as_str()), (7, Some("expired")), "{out}");
        assert_eq!(read["ticket"]["name"], vector["ticket"]["name"]);
    }
}

#[test]
fn what_is_unproven_is_asked_for() {
    let folder = Folder::new("cookie");
    let file = private(&folder, "web.config", &config("validation=\"MD5\""));
    let (code, out, err) = run(&["issue", "jane", "--machine-key", &file], "");
    assert_eq!((code, out.as_str()), (3, ""), "{err}");
    assert!(err.contains("validation=\"MD5\" is unproven: by Microsoft's source"), "{err}");
    assert!(err.contains("hint: --unproven"), "{err}");
    let (code, cookie, err) = run(&["issue", "jane", "--machine-key", &file, "--unproven"], "");
    assert!(code == 0 && err.contains("note: validation=\"MD5\" is unproven"), "{err}");
    assert_eq!(run(&["read", "--machine-key", &file], &cookie).0, 3);
    assert_eq!(run(&["read", "--machine-key", &file, "--unproven"], &cookie).0, 0);
    let (code, out, _) = run(&["find-mode", "--machine-key", &file], &cookie);
    assert!(code == 0 && out.contains("validation=\"MD5\" is unproven"), "{out}");
}

/// Anybody can make it, so it is not valid, whatever it says.
#[test]
fn a_cookie_that_is_not_signed_is_not_valid() {
    let folder = Folder::new("cookie");
    let vectors = std::fs::read(repository("tests/it/sign_on/vectors.json")).unwrap();
    let vectors: Value = serde_json::from_slice(&vectors).unwrap();
    let mut made = vectors["made"].as_array().unwrap().iter();
    let unsigned = made.find(|vector| vector["id"] == "legacy-protection-none").unwrap();
    let cookie = unsigned["cookie"].as_str().unwrap();
    let text = format!(
        "<configuration><system.web><machineKey validationKey=\"{VALIDATION_KEY}\" \
         decryptionKey=\"{DECRYPTION_KEY}\" compatibilityMode=\"Framework20SP1\" /><authentication>\
         <forms protection=\"None\" /></authentication></system.web></configuration>"
    );
    let file = private(&folder, "none.config", &text);
    let (code, out, _) = run(&["read", "--machine-key", &file, "--unproven"], cookie);
    assert!(code == 7 && out.starts_with("it is not signed: anybody"), "{out}");
    let (code, out, _) = run(&["read", "--machine-key", &file, "--unproven", "--json"], cookie);
    let read: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, read["outcome"].as_str()), (7, Some("not-signed")), "{out}");
}

#[test]
fn mistakes_say_what_to_do() {
    let folder = Folder::new("cookie");
    let file = private(&folder, "web.config", &config(""));
    let long = "x".repeat(1000);
    let (code, _, err) = run(&["issue", &long, "--machine-key", &file], "");
    assert!(code == 2 && err.contains("the name has 1000 characters"), "{err}");
    let (code, _, err) = run(&["issue", "", "--machine-key", &file], "");
    assert!(code == 2 && err.contains("means nobody"), "{err}");
    let generated = config("").replace(DECRYPTION_KEY, "AutoGenerate");
    let generated = private(&folder, "generated.config", &generated);
    let (code, _, err) = run(&["issue", "jane", "--machine-key", &generated], "");
    assert!(code == 3 && err.contains("generated.config:3: machineKey decryptionKey: "), "{err}");
    let (code, _, err) = run(&["issue", "jane", "--machine-key", "/nowhere"], "");
    assert!(code == 3 && err.contains("cannot read /nowhere"), "{err}");
}
