//! What a login from a directory costs beside the bare crate ldap3 doing the same, as a ratio inside one
//! run (Debian with slapd and ldap-utils).
//!
//! `cargo bench --bench login` starts OpenLDAP by `tests/interop/directory/slapd.sh`, and logs one user
//! in: a search by the account on a connection that is warm, and a bind on a new one. Both speak plain
//! LDAP on loopback and send at once (TCP_NODELAY), in alternating rounds; groups are not asked for.
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on fails")]
#![allow(clippy::print_stdout, reason = "the figures are the output")]

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use external_providers::backends::directory::{
    Directory, DirectorySettings, GroupSource, Kind, Login,
};
use external_providers::explanation::Explanation;
use external_providers::secret::Secret;
use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, Scope, SearchEntry, StdStream};
use tokio::net::TcpStream;

const PORT: &str = "11389";
const BASE: &str = "ou=people,dc=example,dc=test";
const ACCOUNT: &str = "uid=svc,ou=people,dc=example,dc=test";
const PASSWORD: &str = "Passw0rd-1";
/// Logins of a round, and rounds of each.
const LOGINS: usize = 200;
const ROUNDS: usize = 11;

/// The directory, which ends with the benchmark.
struct Slapd(Child, PathBuf);

impl Drop for Slapd {
    fn drop(&mut self) {
        let pid = self.0.id().to_string();
        let _ = Command::new("kill").arg(pid).status();
        let _ = self.0.wait();
        let _ = std::fs::remove_dir_all(&self.1);
    }
}

fn start() -> Slapd {
    let name = format!("bench-login-{}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/interop/directory/slapd.sh");
    let mut command = Command::new(script);
    command.arg(&folder).args([PORT, "11636"]).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("ready"), "{line}");
    Slapd(child, folder)
}

async fn connected() -> Ldap {
    // Connected as a program with other work would: without blocking its thread.
    let stream = TcpStream::connect(format!("127.0.0.1:{PORT}")).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let stream = StdStream::Tcp(stream.into_std().unwrap());
    let settings = LdapConnSettings::new().set_std_stream(stream);
    let url = format!("ldap://127.0.0.1:{PORT}");
    let (connection, ldap) = LdapConnAsync::with_settings(settings, &url).await.unwrap();
    ldap3::drive!(connection);
    ldap
}

async fn bare(account: &mut Ldap) {
    let attributes = vec!["mail", "cn"];
    let found = account.search(BASE, Scope::Subtree, "(uid=ok)", attributes).await.unwrap();
    let (entries, _) = found.success().unwrap();
    let entry = SearchEntry::construct(entries.into_iter().next().unwrap());
    assert_eq!(entry.attrs["mail"], ["ok@example.test"]);
    let mut user = connected().await;
    user.simple_bind(&entry.dn, PASSWORD).await.unwrap().success().unwrap();
    user.unbind().await.unwrap();
}

async fn ours(directory: &Directory, password: &Secret) {
    let answer = directory.authenticate("ok", password, &Explanation::default()).await.unwrap();
    assert!(matches!(answer, Login::Accepted(_)), "{answer:?}");
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let _slapd = start();
    let servers = [format!("ldap://127.0.0.1:{PORT}")];
    let mut settings = DirectorySettings::new(Kind::OpenLdap, servers, BASE);
    settings.insecure_plain_text = true;
    settings.groups = GroupSource::No;
    settings.account = Some(ACCOUNT.to_owned());
    settings.password = PASSWORD.into();
    let directory = Directory::new("bench", settings).unwrap();
    let mut account = connected().await;
    account.simple_bind(ACCOUNT, PASSWORD).await.unwrap().success().unwrap();

    let (password, mut ratios) = (Secret::from(PASSWORD), Vec::new());
    let (mut all_ours, mut all_bare) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let begin = Instant::now();
        for _ in 0..LOGINS {
            ours(&directory, &password).await;
        }
        let middle = Instant::now();
        for _ in 0..LOGINS {
            bare(&mut account).await;
        }
        let (one, other) = (middle - begin, middle.elapsed());
        // The first warms both up.
        if round > 0 {
            ratios.push(one.as_secs_f64() / other.as_secs_f64());
            all_ours.push(one.as_secs_f64() * 1e6 / LOGINS as f64);
            all_bare.push(other.as_secs_f64() * 1e6 / LOGINS as f64);
        }
    }
    println!("login: {:.0} us, ldap3 {:.0} us", median(all_ours), median(all_bare));
    let (least, most) = (
        ratios.iter().copied().fold(f64::MAX, f64::min),
        ratios.iter().copied().fold(0.0, f64::max),
    );
    println!("ratio: {:.2} ({least:.2} to {most:.2})", median(ratios));
}
