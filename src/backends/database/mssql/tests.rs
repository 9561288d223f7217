use mssql_mock_tds::{
    ColumnDefinition, ColumnValue, MockTdsServer, QueryResponse, Row, SqlDataType, TerminalError,
    create_test_identity,
};
use tiberius::numeric::Numeric;
use tiberius::time::{DateTime, DateTimeOffset, SmallDateTime};
use tiberius::xml::XmlData;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::super::{Database, DatabaseKind, Effect, LookUp, LookUpSettings};
use super::*;
use crate::error_chain::error_chain;
use crate::explanation::Explanation;

/// A stand-in for SQL Server, with a certificate for `localhost` that is its own authority's. It knows
/// statements by their text in upper case, and looks at no parameters; its types are numbers and
/// texts. Collations, old TLS and Windows logins it has not.
async fn server(answers: &[(&str, QueryResponse)]) -> DatabaseSettings {
    let rcgen::CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = signing_key.serialize_pem();
    let identity = create_test_identity(cert.pem().as_bytes(), key.as_bytes()).unwrap();
    let server = MockTdsServer::new_with_tls("127.0.0.1:0", Some(identity)).await.unwrap();
    for (statement, answer) in answers {
        server.query_registry().lock().await.register(*statement, answer.clone());
    }
    let address = server.local_addr();
    tokio::spawn(async { server.run().await.unwrap() });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(mended(client, address));
        }
    });
    DatabaseSettings {
        host: "localhost".to_owned(),
        port: Some(port),
        encryption: Some(true),
        root_certificates: cert.pem().into_bytes(),
        user: "helpdesk".to_owned(),
        password: "secret".into(),
        ..DatabaseSettings::new(DatabaseKind::SqlServer)
    }
}

/// The stand-in puts the TLS handshake into packets of answers (4); the driver, as the real server does
/// it (MS-TDS, 2.2.3.1.1), expects such of the pre-login (18).
async fn mended(client: TcpStream, server: std::net::SocketAddr) -> std::io::Result<()> {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = TcpStream::connect(server).await?.into_split();
    tokio::spawn(async move { tokio::io::copy(&mut from_client, &mut to_server).await });
    let mut is_first = true;
    loop {
        let mut head = [0; 8];
        from_server.read_exact(&mut head[..1]).await?;
        if head[0] != 4 {
            // The handshake is over: what follows is within TLS.
            to_client.write_all(&head[..1]).await?;
            return tokio::io::copy(&mut from_server, &mut to_client).await.map(drop);
        }
        from_server.read_exact(&mut head[1..]).await?;
        let mut body = vec![0; usize::from(u16::from_be_bytes([head[2], head[3]])) - 8];
        from_server.read_exact(&mut body).await?;
        // The first is the answer of the pre-login; with TLS, a record of the handshake (22) follows.
        if !is_first && body.first().is_some_and(|byte| (20..=23).contains(byte)) && body[1] == 3 {
            head[0] = 18;
        }
        is_first = false;
        to_client.write_all(&[&head[..], &body].concat()).await?;
    }
}

fn customers() -> QueryResponse {
    let columns = vec![
        ColumnDefinition::new("id", SqlDataType::Int),
        ColumnDefinition::new("name", SqlDataType::NVarChar),
    ];
    let row =
        |id, name: &str| Row::new(vec![ColumnValue::Int(id), ColumnValue::NVarChar(name.into())]);
    QueryResponse::new(columns, vec![row(17, "Ünïcode 😀"), row(18, "")])
}

fn refused(number: u32, severity: u8) -> QueryResponse {
    QueryResponse::error_only(TerminalError::new(number, severity, "in the server's words"))
}

async fn ask(settings: &DatabaseSettings, statement: &str) -> Result<Rows, String> {
    let database = Database::new("billing", settings.clone()).unwrap();
    let lookup = LookUp::new("customer", database, LookUpSettings::new(statement)).unwrap();
    let value = |_: &str| Some("ann@example.com".to_owned());
    let rows = lookup.look_up(&value, &Explanation::default()).await;
    rows.map_err(|error| error_chain(&error))
}

#[tokio::test]
async fn a_look_up_gives_rows() {
    let statement = "SELECT ID, NAME FROM CUSTOMERS WHERE MAIL = @P1";
    let settings = server(&[(statement, customers()), ("SELECT NOPE", refused(207, 16))]).await;
    let rows = ask(&settings, "SELECT ID, NAME FROM CUSTOMERS WHERE MAIL = :MAIL").await.unwrap();
    assert_eq!(rows.columns, ["id", "name"]);
    let row = |id: &str, name: &str| vec![Some(id.to_owned()), Some(name.to_owned())];
    assert_eq!(rows.rows, [row("17", "Ünïcode 😀"), row("18", "")]);
    assert_eq!(ask(&settings, "SELECT UNKNOWN").await.unwrap().rows, [[]; 0]);
    let error = ask(&settings, "SELECT NOPE").await.unwrap_err();
    assert!(error.ends_with("the server refuses the statement: in the server's words"), "{error}");
}

#[tokio::test]
async fn columns_are_described() {
    let names = ["name", "system_type_name"];
    let columns = names.map(|name| ColumnDefinition::new(name, SqlDataType::NVarChar));
    let row = |name: &str, kind: &str| {
        Row::new([name, kind].map(|text| ColumnValue::NVarChar(text.to_owned())).to_vec())
    };
    let rows = vec![row("id", "int"), row("mail", "nvarchar(200)"), row("photo", "varbinary(max)")];
    let described = QueryResponse::new(columns.to_vec(), rows);
    let settings = server(&[("SELECT * FROM PEOPLE", described)]).await;
    let database = Database::new("billing", settings).unwrap();
    let statement = LookUpSettings::new("SELECT * FROM PEOPLE WHERE MAIL = :MAIL");
    let step = LookUp::new("people", database, statement).unwrap().check().await;
    assert_eq!(step.text, "people: id int, mail nvarchar(200), photo varbinary(max)");
    let finding = &step.findings[0];
    assert_eq!((finding.code, step.findings.len()), ("column-type", 1), "{finding:?}");
}

#[tokio::test]
async fn an_effect_counts_rows() {
    let count = |count| {
        let column = ColumnDefinition::new("", SqlDataType::Int);
        QueryResponse::new(vec![column], vec![Row::new(vec![ColumnValue::Int(count)])])
    };
    let settings = server(&[
        ("UPDATE T SET A = @P1\n;SELECT @@ROWCOUNT", count(1)),
        ("UPDATE T SET B = @P1\n;SELECT @@ROWCOUNT", count(2)),
        ("INSERT INTO T VALUES (@P1)", refused(2627, 14)),
        ("INSERT INTO U VALUES (@P1)", refused(2601, 14)),
        ("DELETE FROM T", refused(1205, 20)),
    ])
    .await;
    let database = Database::new("billing", settings).unwrap();
    let run = async |statement: &str| {
        let time = Duration::from_secs(5);
        let effect = Effect::new("one", database.clone(), statement, 1, time).unwrap();
        effect.run(&|_| Some("x".to_owned()), &Explanation::default()).await.map_err(|e| e.cause)
    };
    assert!(run("UPDATE T SET A = :A").await.unwrap());
    assert!(!run("UPDATE T SET B = :A").await.unwrap());
    assert!(matches!(run("INSERT INTO T VALUES (:A)").await, Err(Cause::Duplicate(_))));
    assert!(matches!(run("INSERT INTO U VALUES (:A)").await, Err(Cause::Duplicate(_))));
    assert!(matches!(run("DELETE FROM T").await, Err(Cause::Lost(_))));
    assert!(matches!(run("DELETE FROM UNKNOWN").await, Err(Cause::Lost(_))), "no count");
}

#[tokio::test]
async fn a_server_that_is_not_trusted_is_told() {
    let settings = server(&[]).await;
    let unknown = DatabaseSettings { root_certificates: Vec::new(), ..settings.clone() };
    let error = ask(&unknown, "SELECT 1").await.unwrap_err();
    assert!(error.contains("no TLS connection: "), "{error}");
    let fingerprint = Some("00".repeat(32).parse().unwrap());
    let pinned = DatabaseSettings { trust_fingerprint: fingerprint, ..settings.clone() };
    let error = ask(&pinned, "SELECT 1").await.unwrap_err();
    assert!(error.contains("root_certificates"), "{error}");
    let plain = DatabaseSettings { encryption: Some(false), ..settings };
    assert_eq!(ask(&plain, "SELECT 1").await.unwrap().rows, [[Some("1".to_owned())]]);
}

#[test]
fn values_are_shown_as_the_table_says() {
    use ColumnData as Data;
    use ColumnType as Type;
    let day = Date::new(739_674);
    let half_past_nine = DateTime2::new(day, Time::new(342_000_005, 4));
    for (value, kind, shown) in [
        (Data::U8(Some(255)), Type::Int1, "255"),
        (Data::I16(Some(-32768)), Type::Int2, "-32768"),
        (Data::I32(Some(-17)), Type::Intn, "-17"),
        (Data::I64(Some(i64::MIN)), Type::Int8, "-9223372036854775808"),
        (Data::Bit(Some(true)), Type::Bitn, "true"),
        (Data::F32(Some(0.1)), Type::Float4, "0.1"),
        (Data::F64(Some(1e21)), Type::Floatn, "1000000000000000000000"),
        (Data::F64(Some(12.5)), Type::Money, "12.5000"),
        (Data::F64(Some(-0.0001)), Type::Money4, "-0.0001"),
        (Data::Numeric(Some(Numeric::new_with_scale(1250, 2))), Type::Decimaln, "12.50"),
        (Data::Numeric(Some(Numeric::new_with_scale(-5, 3))), Type::Numericn, "-0.005"),
        (Data::Numeric(Some(Numeric::new_with_scale(17, 0))), Type::Numericn, "17"),
        (Data::String(Some("ü  ".into())), Type::NChar, "ü"),
        (Data::String(Some("a ".into())), Type::BigChar, "a"),
        (Data::String(Some("a ".into())), Type::BigVarChar, "a "),
        (Data::String(Some("".into())), Type::NVarchar, ""),
        (Data::String(Some("long".into())), Type::NText, "long"),
        (Data::String(Some("long".into())), Type::Text, "long"),
        (Data::Xml(Some(std::borrow::Cow::Owned(XmlData::new("<a/>")))), Type::Xml, "<a/>"),
        (
            Data::Guid(Some(tiberius::Uuid::from_u128(1))),
            Type::Guid,
            "00000000-0000-0000-0000-000000000001",
        ),
        (Data::DateTime(Some(DateTime::new(0, 1))), Type::Datetimen, "1900-01-01T00:00:00.003"),
        (
            Data::DateTime(Some(DateTime::new(-53_690, 25_919_999))),
            Type::Datetime,
            "1753-01-01T23:59:59.997",
        ),
        (
            Data::SmallDateTime(Some(SmallDateTime::new(46_348, 555))),
            Type::Datetime4,
            "2026-11-24T09:15:00",
        ),
        (Data::Date(Some(Date::new(0))), Type::Daten, "0001-01-01"),
        (Data::Date(Some(day)), Type::Daten, "2026-02-28"),
        (Data::Time(Some(Time::new(333_420_000_001, 7))), Type::Timen, "09:15:42.0000001"),
        (Data::DateTime2(Some(half_past_nine)), Type::Datetime2, "2026-02-28T09:30:00.0005"),
        (
            Data::DateTimeOffset(Some(DateTimeOffset::new(half_past_nine, 120))),
            Type::DatetimeOffsetn,
            "2026-02-28T09:30:00.0005Z",
        ),
    ] {
        let found = text(&value, kind, "c").unwrap();
        assert_eq!(found.as_deref(), Some(shown), "{kind:?}");
    }
    assert_eq!(text(&Data::String(None), Type::NVarchar, "c").unwrap(), None);
    assert_eq!(text(&Data::I32(None), Type::Null, "c").unwrap(), None);
}

#[test]
fn other_types_are_errors_that_name_column_and_type() {
    use ColumnType as Type;
    for (kind, name) in [
        (Type::BigVarBin, "varbinary"),
        (Type::BigBinary, "binary"),
        (Type::Image, "image"),
        (Type::Udt, "geography"),
        (Type::SSVariant, "sql_variant"),
    ] {
        let error = text(&ColumnData::Binary(None), kind, "c").unwrap_err().to_string();
        assert!(error.starts_with(&format!("column c is of type {name}")), "{error}");
    }
    let much = ColumnData::F64(Some(922_337_203_685_477.6));
    assert!(text(&much, Type::Money, "c").is_err(), "its last digits are not known");
}
