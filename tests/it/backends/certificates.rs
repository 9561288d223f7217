//! Servers that a provider's file names, with certificates that are not valid now.

use std::time::Duration;

use external_providers::backends::directory::{Cause, Directory, DirectorySettings, Kind};
use external_providers::contract;
use external_providers::doctor::{Finding, Options, Report, Subject, check};
use external_providers::explanation::Explanation;
use external_providers::settings::ExternalService;

use crate::doctor::peers::{Certificate, tls_host};

/// The one finding of this code, whose remedy speaks of keys alone.
fn finding<'r>(report: &'r Report, code: &str, words: &str) -> &'r Finding {
    let found: Vec<_> = report.findings().filter(|finding| finding.code == code).collect();
    let [found] = found.as_slice() else { panic!("{code}: {report:#?}") };
    let remedy = found.remedy.as_ref().unwrap();
    assert!(found.text.contains(words), "{found:?}");
    assert!(remedy.contains("trust_fingerprint = \""), "{remedy}");
    assert!(!remedy.contains("--root") && !remedy.contains("--trust"), "{remedy}");
    found
}

#[tokio::test]
async fn certificates_that_are_not_valid_now_are_told_with_the_keys_that_mend_it() {
    let day = rcgen::date_time_ymd;
    let expired = (day(2001, 1, 1), day(2002, 2, 3));
    let coming = (day(2099, 1, 1), day(2100, 1, 1));
    for ((from, until), code, words) in [
        (expired, "certificate-expired", "the certificate expired at 2002-02-03T00:00:00Z"),
        (coming, "certificate-not-yet-valid", "valid from 2099-01-01T00:00:00Z only"),
    ] {
        let certificate = Certificate::new("localhost", |params| {
            (params.not_before, params.not_after) = (from, until);
        });
        let port = tls_host(certificate.tls()).port();
        let servers = [format!("ldaps://localhost:{port}")];
        let mut settings = DirectorySettings::new(Kind::OpenLdap, servers, "dc=example,dc=test");
        settings.account = Some("cn=svc,dc=example,dc=test".to_owned());
        settings.password = "right".into();
        settings.timeout = Duration::from_secs(2);
        settings.root_certificates = certificate.pem.clone().into_bytes();
        let log_in = async |settings: &DirectorySettings| {
            let directory = Directory::new("staff", settings.clone()).unwrap();
            let password = "right".into();
            directory.authenticate("ann", &password, &Explanation::default()).await.unwrap_err()
        };
        let error = log_in(&settings).await;
        let text = error.to_string();
        assert!(matches!(error.cause, Cause::Tls(_)), "{text}");
        assert!(text.starts_with("directory staff: ldaps://localhost:"), "{text}");
        assert!(text.contains(words) && text.contains("trust_fingerprint = \""), "{text}");

        let directory = Directory::new("staff", settings.clone()).unwrap();
        let report = directory.check(None).await;
        let remedy = finding(&report, code, words).remedy.clone().unwrap();
        // Carried out, it leads to what answers there, which is no directory.
        let (_, rest) = remedy.split_once("trust_fingerprint = \"").unwrap();
        settings.trust_fingerprint = rest.split('"').next().unwrap().parse().ok();
        let error = log_in(&settings).await;
        assert!(!matches!(error.cause, Cause::Tls(_)), "{error}");

        let url = format!("https://localhost:{port}/Provider.asmx");
        let mut service = ExternalService::new(contract::Kind::Ticket, url, "s3cret");
        service.root_certificates = certificate.pem.clone().into_bytes();
        let subject = Subject::from(&service);
        finding(&check(&subject, &Options::default(), |_| ()).await, code, words);
    }
}
