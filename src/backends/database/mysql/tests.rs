use std::sync::Arc;

use mysql_async::consts::ColumnType;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;
use crate::tls::TlsCause;

/// `utf8mb4_general_ci`
const TEXT: u16 = 45;

fn column(kind: ColumnType, character_set: u16) -> mysql_async::Column {
    mysql_async::Column::new(kind).with_name(b"c").with_character_set(character_set)
}

fn bytes(text: &str) -> Value {
    Value::Bytes(text.as_bytes().to_vec())
}

#[test]
fn values_are_shown_as_the_table_says() {
    use Value::{Date, Double, Float, Int, Time, UInt};
    for (kind, value, shown) in [
        (MYSQL_TYPE_TINY, Int(-128), "-128"),
        (MYSQL_TYPE_TINY, UInt(255), "255"),
        (MYSQL_TYPE_SHORT, Int(-32768), "-32768"),
        (MYSQL_TYPE_INT24, Int(-8_388_608), "-8388608"),
        (MYSQL_TYPE_LONG, UInt(4_294_967_295), "4294967295"),
        (MYSQL_TYPE_LONGLONG, Int(i64::MIN), "-9223372036854775808"),
        (MYSQL_TYPE_LONGLONG, UInt(u64::MAX), "18446744073709551615"),
        (MYSQL_TYPE_FLOAT, Float(0.1), "0.1"),
        (MYSQL_TYPE_DOUBLE, Double(1e21), "1000000000000000000000"),
        (MYSQL_TYPE_NEWDECIMAL, bytes("-12.50"), "-12.50"),
        (MYSQL_TYPE_DECIMAL, bytes("17"), "17"),
        (MYSQL_TYPE_YEAR, UInt(2026), "2026"),
        (MYSQL_TYPE_YEAR, Int(0), "0000"),
        (MYSQL_TYPE_DATE, Date(2026, 2, 28, 0, 0, 0, 0), "2026-02-28"),
        (MYSQL_TYPE_DATE, Date(0, 0, 0, 0, 0, 0, 0), "0000-00-00"),
        (MYSQL_TYPE_DATETIME, Date(2026, 2, 28, 9, 15, 42, 0), "2026-02-28T09:15:42"),
        (MYSQL_TYPE_TIMESTAMP, Date(2026, 2, 28, 9, 15, 42, 500), "2026-02-28T09:15:42.0005"),
        (MYSQL_TYPE_TIME, Time(false, 0, 9, 15, 42, 0), "09:15:42"),
        (MYSQL_TYPE_TIME, Time(true, 34, 22, 59, 59, 500_000), "-838:59:59.5"),
        (MYSQL_TYPE_STRING, bytes("Ünïcode 😀"), "Ünïcode 😀"),
        (MYSQL_TYPE_VAR_STRING, bytes(""), ""),
        (MYSQL_TYPE_VARCHAR, bytes("a"), "a"),
        (MYSQL_TYPE_BLOB, bytes("text"), "text"),
        (MYSQL_TYPE_ENUM, bytes("glad"), "glad"),
        (MYSQL_TYPE_SET, bytes("a,c"), "a,c"),
    ] {
        let found = text(value, &column(kind, TEXT)).unwrap();
        assert_eq!(found.as_deref(), Some(shown), "{kind:?}");
        assert_eq!(text(Value::NULL, &column(kind, TEXT)).unwrap(), None, "{kind:?}");
    }
    // MySQL's JSON is of the character set of bytes, and is not bytes.
    let json = text(bytes("{}"), &column(MYSQL_TYPE_JSON, BINARY)).unwrap();
    assert_eq!(json.as_deref(), Some("{}"));
    for (bits, length, shown) in [
        (vec![1], 1, "true"),
        (vec![0], 1, "false"),
        (vec![10], 4, "10"),
        (vec![0xff; 8], 64, "18446744073709551615"),
    ] {
        let column = column(MYSQL_TYPE_BIT, BINARY).with_column_length(length);
        assert_eq!(text(Value::Bytes(bits), &column).unwrap().as_deref(), Some(shown));
    }
}

#[test]
fn other_types_are_errors_that_name_column_and_type() {
    for (kind, name) in [
        (MYSQL_TYPE_STRING, "BINARY"),
        (MYSQL_TYPE_VAR_STRING, "VARBINARY"),
        (MYSQL_TYPE_LONG_BLOB, "BLOB"),
        (MYSQL_TYPE_GEOMETRY, "GEOMETRY"),
        (MYSQL_TYPE_VECTOR, "VECTOR"),
        (MYSQL_TYPE_TYPED_ARRAY, "unknown"),
    ] {
        // Of a NULL, too: else it would work until the day when there is a value.
        for value in [bytes("x"), Value::NULL] {
            let error = text(value, &column(kind, BINARY)).unwrap_err();
            let expected = format!("column c is of type {name}, which cannot be shown as text");
            assert_eq!(error.to_string(), expected);
        }
    }
    let error = text(Value::Bytes(vec![0xff]), &column(MYSQL_TYPE_VARCHAR, TEXT)).unwrap_err();
    assert!(error.to_string().contains("text that is not UTF-8"), "{error}");
}

#[test]
fn servers_errors_say_whether_the_connection_is_lost() {
    let server = |code| {
        let message = "in\0the server's\nwords".to_owned();
        Error::Server(mysql_async::ServerError { code, message, state: "HY000".to_owned() })
    };
    let found = |code| cause(server(code), Duration::from_secs(5));
    assert!(matches!(found(1062), Cause::Duplicate(words) if words == "in the server's words"));
    assert!(matches!(found(1146), Cause::Statement(_)));
    assert!(matches!(found(1927), Cause::Lost(_)));
    assert!(matches!(found(4031), Cause::Lost(_)));
    for code in [1969, 3024] {
        assert!(matches!(found(code), Cause::Timeout(time) if time == Duration::from_secs(5)));
    }
    let closed = Error::Driver(DriverError::ConnectionClosed);
    assert!(matches!(cause(closed, Duration::ZERO), Cause::Lost(_)));
}

#[tokio::test]
async fn a_certificate_alone_cannot_be_trusted() {
    let settings = DatabaseSettings {
        trust_fingerprint: Some("00".repeat(32).parse().unwrap()),
        encryption: Some(true),
        ..DatabaseSettings::new(super::super::DatabaseKind::MySql)
    };
    let error = connect(&settings, Access::Read).await.err().unwrap();
    assert!(matches!(&error, Cause::Settings(words) if words.contains("root_certificates")));
}

/// A server that greets as MySQL does, and ends the connection after the TLS handshake.
async fn server(certificate: &rcgen::CertifiedKey<rcgen::KeyPair>) -> u16 {
    let key = PrivateKeyDer::try_from(certificate.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.cert.der().clone()], key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            // Protocol 10, version, connection, nonce, capabilities (all low ones; plugins and secure
            // connections of the high ones), character set, status, the rest of the nonce, plugin.
            let mut greeting =
                b"\x0a8.0.40\0\x01\0\0\x0012345678\0\xff\xff\x2d\x02\0\x0a\0\x15".to_vec();
            greeting.extend([0; 10]);
            greeting.extend(b"123456789012\0mysql_native_password\0");
            let head = u32::try_from(greeting.len()).unwrap().to_le_bytes();
            stream.write_all(&[&head[..], &greeting].concat()).await.unwrap();
            let mut request = [0; 36];
            stream.read_exact(&mut request).await.unwrap();
            let _ = acceptor.accept(stream).await;
        }
    });
    port
}

#[tokio::test]
async fn a_certificate_that_is_refused_is_explained() {
    let names = ["localhost".to_owned()];
    let certificate = rcgen::generate_simple_self_signed(names).unwrap();
    let port = Some(server(&certificate).await);
    let settings = DatabaseSettings {
        port,
        encryption: Some(true),
        ..DatabaseSettings::new(super::super::DatabaseKind::MySql)
    };
    let error = connect(&settings, Access::Read).await.err().unwrap();
    let Cause::Tls(error) = error else { panic!("{error}") };
    assert!(matches!(error.cause, TlsCause::SelfSigned { .. }), "{error:?}");
    let remedy = Cause::Tls(error).remedy().unwrap();
    assert!(remedy.starts_with("trust it explicitly: root_certificates = \"FILE\""), "{remedy}");
    assert!(!remedy.contains("fingerprint"), "the driver could not: {remedy}");
    let root_certificates = certificate.cert.pem().into_bytes();
    let trusting = DatabaseSettings { root_certificates: root_certificates.clone(), ..settings };
    // The handshake succeeds, and then nothing is there.
    let error = connect(&trusting, Access::Read).await.err().unwrap();
    assert!(matches!(error, Cause::Unreachable(_)), "{error:?}");
    let elsewhere = DatabaseSettings { host: "127.0.0.1".to_owned(), ..trusting };
    let error = connect(&elsewhere, Access::Read).await.err().unwrap();
    let Cause::Tls(error) = error else { panic!("{error}") };
    assert!(matches!(error.cause, TlsCause::WrongName { .. }), "{error:?}");
}
