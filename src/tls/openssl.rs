//! What OpenSSL says, as a cause. Its library gives its reasons as text alone, always in these words
//! (`X509_verify_cert_error_string`, `ERR_reason_error_string`).

use super::TlsCause;

/// The cause that a text of OpenSSL names.
pub(super) fn cause(text: &str) -> Option<TlsCause> {
    let lower = text.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if !says(&["ssl routines", "certificate verify failed"]) {
        return None;
    }
    let other = |words: &str| TlsCause::Other(words.to_owned());
    Some(
        if says(&[
            "self-signed certificate in",
            "self signed certificate in",
            "local issuer",
            "first certificate",
        ]) {
            TlsCause::UnknownIssuer { issuer: "an authority that it does not name".to_owned() }
        } else if says(&["self-signed", "self signed"]) {
            TlsCause::SelfSigned { another_trusted: false }
        } else if says(&["has expired"]) {
            TlsCause::Unacceptable("it, or one in its chain, expired (check says when)")
        } else if says(&["not yet valid"]) {
            TlsCause::Unacceptable(
                "it, or one in its chain, is not valid yet (check says from when)",
            )
        } else if says(&["hostname mismatch", "ip address mismatch"]) {
            TlsCause::Unacceptable("it is not for this host (check says for which)")
        } else if says(&["md too weak", "digest algorithm too weak"]) {
            TlsCause::WeakSignature {
                algorithm: "an algorithm of old (SHA-1, MD5)".to_owned(),
                authority: None,
            }
        } else if says(&["key too weak", "key too small"]) {
            TlsCause::Unacceptable(
                "its key, or one in its chain, is too short (check says how short)",
            )
        } else if says(&["purpose"]) {
            TlsCause::Purpose
        } else if says(&["revoked"]) {
            TlsCause::Revoked
        } else if says(&["signature failure"]) {
            TlsCause::AnotherTrusted { name: "its issuer".to_owned(), self_signed: false }
        } else if says(&["certificate verify failed"]) {
            TlsCause::Unacceptable("the platform's TLS library does not trust it")
        } else if says(&[
            "wrong version number",
            "unknown protocol",
            "http request",
            "packet length too long",
        ]) {
            TlsCause::NotTls { start: String::new() }
        } else if says(&["unsupported protocol", "alert protocol version", "protocol version"]) {
            TlsCause::OldVersion { newest: None }
        } else if says(&["handshake failure", "no shared cipher", "no cipher"]) {
            TlsCause::NoCipherSuite { taken: None }
        } else if says(&["certificate required", "alert bad certificate"]) {
            TlsCause::ClientCertificate
        } else if says(&["ssl routines"]) {
            other("the platform's TLS library gives up")
        } else {
            return None;
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_openssl_are_causes() {
        const VERIFY: &str = "error:0A000086:SSL routines:tls_post_process_server_certificate:certificate verify failed:../ssl/statem/statem_clnt.c:1889: ";
        for (text, code) in [
            ("(self-signed certificate)", "certificate-self-signed"),
            ("(self signed certificate in certificate chain)", "certificate-unknown-issuer"),
            ("(unable to get local issuer certificate)", "certificate-unknown-issuer"),
            ("(CA md too weak)", "certificate-weak-signature"),
            ("(EE certificate key too weak)", "certificate"),
            ("(certificate has expired)", "certificate"),
            ("(hostname mismatch)", "certificate"),
            ("(unsuitable certificate purpose)", "certificate-purpose"),
            ("(something new)", "certificate"),
        ] {
            assert_eq!(cause(&format!("{VERIFY}{text}")).unwrap().code(), code, "{text}");
        }
        for (text, code) in [
            ("error:0A00010B:SSL routines:ssl3_get_record:wrong version number:x.c:354:", "no-tls"),
            (
                "error:0A000102:SSL routines:ssl_choose_client_version:unsupported protocol:x.c:1:",
                "old-tls",
            ),
            (
                "error:0A000410:SSL routines:ssl3_read_bytes:sslv3 alert handshake failure:x.c:1:",
                "old-cipher",
            ),
            (
                "error:0A00045C:SSL routines:ssl3_read_bytes:tlsv13 alert certificate required:x.c:1:",
                "client-certificate",
            ),
            ("error:0A000001:SSL routines:x:something new:x.c:1:", "tls"),
        ] {
            assert_eq!(cause(text).unwrap().code(), code, "{text}");
        }
        assert_eq!(cause("Connection refused (os error 111)"), None);
    }
}
