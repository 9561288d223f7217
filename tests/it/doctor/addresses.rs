//! The doctor and addresses in a WSDL that are not the service's.

use std::net::SocketAddr;

use external_providers::doctor::{Options, Report, Severity, Subject, check};

use super::peers::{PASSWORD, distorted, sample_host};

const NAMESPACE: &str = "http://tempuri.org/";

/// The sample, with these addresses in its WSDL in place of its own.
fn naming(address: &'static str) -> SocketAddr {
    distorted(
        sample_host(NAMESPACE),
        |text| text,
        move |text| {
            let mut pieces = text.split(" location=\"");
            let mut changed = pieces.next().unwrap_or_default().to_owned();
            for piece in pieces {
                let (_, rest) = piece.split_once('"').unwrap();
                changed.push_str(&format!(" location=\"{address}\"{rest}"));
            }
            changed
        },
    )
}

async fn look(host: SocketAddr, path: &str) -> Report {
    let url = format!("http://{host}{path}");
    let subject = Subject { password: Some(PASSWORD.into()), ..Subject::new(url) };
    check(&subject, &Options::default(), |_| ()).await
}

#[tokio::test]
async fn the_wsdl_sends_its_readers_elsewhere() {
    for (address, shown) in [
        ("http://srv-crm01:8090/Provider.asmx", "http://srv-crm01:8090/Provider.asmx"),
        ("https://127.0.0.1/Provider.asmx", "https://127.0.0.1/Provider.asmx"),
        ("http://127.0.0.1:1/Provider.asmx", "http://127.0.0.1:1/Provider.asmx"),
        ("http://u:hunter2x@inner/P.asmx?key=hunter2x", "http://inner/P.asmx"),
        ("net.tcp://inner:808/P.svc", "net.tcp://inner:808/P.svc"),
        ("REPLACE:ME", "REPLACE:ME"),
    ] {
        let report = look(naming(address), "/Provider.asmx").await;
        let found: Vec<_> = report.findings().filter(|f| f.code == "wsdl-address").collect();
        assert_eq!(found.len(), 1, "said once for both ports: {report:#?}");
        assert_eq!(found[0].severity, Severity::Warning);
        assert!(found[0].text.contains(&format!("than the URL, {shown}:")), "{found:?}");
        assert!(found[0].text.contains("zeep") && found[0].text.contains("svcutil"), "{found:?}");
        assert!(found[0].remedy.as_ref().unwrap().contains("callers reach it"), "{found:?}");
        assert!(!format!("{report:?}").contains("hunter2x"), "{report:#?}");
        assert!(!report.has_findings(), "calls go to the URL all the same: {report:#?}");
    }
}

#[tokio::test]
async fn an_address_of_the_same_server_is_no_matter() {
    let host = sample_host(NAMESPACE);
    // Its own address follows the Host header; the case of a path is the server's own affair.
    for path in ["/Provider.asmx", "/PROVIDER.ASMX"] {
        let report = look(host, path).await;
        assert!(report.findings().all(|f| f.code != "wsdl-address"), "{report:#?}");
    }
    let relative = look(naming("/Provider.asmx"), "/Provider.asmx").await;
    assert!(relative.findings().all(|f| f.code != "wsdl-address"), "{relative:#?}");
}
