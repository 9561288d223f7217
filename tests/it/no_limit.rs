//! Times of `Duration::MAX`, with which a Rust developer says that something may take as long as it wants.

use std::time::Duration;

use external_providers::Client;
use external_providers::conform::{Outcome, Suite};
use external_providers::contract::Authenticate;
use external_providers::doctor::{Options, Subject, check};
use external_providers::host::Settings;
use external_providers::record::Proxy;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::host::http::{echo, one, run};

const NO_LIMIT: Duration = Duration::MAX;

#[tokio::test]
async fn whoever_sets_no_limit_is_served() {
    let settings = Settings {
        header_timeout: NO_LIMIT,
        body_timeout: NO_LIMIT,
        stall_timeout: NO_LIMIT,
        idle_timeout: NO_LIMIT,
        shutdown_timeout: NO_LIMIT,
        ..Settings::default()
    };
    let host = run(settings).await;
    let proxy = Proxy::forwarder(&format!("http://{host}"));
    let proxy = proxy.connect_timeout(NO_LIMIT).timeout(NO_LIMIT).bind("127.0.0.1:0");
    let proxy = proxy.await.unwrap();
    let through = proxy.local_addr();
    tokio::spawn(proxy.serve(std::future::pending()));

    for address in [host, through] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = echo("");
        // Only for a body that is not there yet is there a time by which it must be.
        for piece in request.as_bytes().chunks(request.len() - 20) {
            stream.write_all(piece).await.unwrap();
            sleep(Duration::from_millis(100)).await;
        }
        let answer = one(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");

        let url = format!("http://{address}/Provider.asmx");
        let builder = Client::builder(&url, "s3cret").connect_timeout(NO_LIMIT).timeout(NO_LIMIT);
        let found = builder.discover().await.unwrap();
        assert_eq!(found.skipped, [""; 0]);
        let request = Authenticate {
            login_username: "myusername".into(),
            login_password: "mypassword".into(),
            ..Authenticate::default()
        };
        builder.build().unwrap().call(request).await.unwrap();
        let options = Options { step: NO_LIMIT, total: NO_LIMIT, ..Options::default() };
        let mut subject = Subject::new(url);
        subject.connect_timeout = NO_LIMIT;
        let report = check(&subject, &options, |_| {}).await;
        assert!(report.step("times").is_some(), "{report:?}");
        let mut suite = Suite { only: "13".parse().unwrap(), ..Suite::new(subject) };
        (suite.timeout, suite.answer_timeout) = (NO_LIMIT, NO_LIMIT);
        let report = suite.run().await.unwrap();
        assert!(report.cases.iter().any(|case| case.outcome == Outcome::Passed), "{report:?}");
    }
}
