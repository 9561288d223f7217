//! Every type of a column: as the documentation says, or an error that names column and type.

use external_providers::backends::database::{Cause, DatabaseKind};

use super::{database, once};
use crate::rig::Rig;

async fn columns_are(kind: DatabaseKind, name: &str, texts: &[(&str, &str)], others: &[&str]) {
    let rig = Rig::shared(name);
    let database = database(kind, &rig);
    for (column, expected) in texts {
        let statement = format!("select {column}_ as c from types where id = :id");
        let rows = once(&database, &statement, "1").await;
        let rows = rows.unwrap_or_else(|error| panic!("{column}: {error}"));
        assert_eq!(rows.first("c"), Some(Some(*expected)), "{column}");
        let rows = once(&database, &statement, "2").await.unwrap();
        assert_eq!(rows.first("c"), Some(None), "{column}");
    }
    for column in others {
        let statement = format!("select {column}_ as c from types where id = :id");
        // Of a NULL, too, so that it is found before there are values.
        for id in ["1", "2"] {
            let error = once(&database, &statement, id).await.unwrap_err();
            let is_type = matches!(&error.cause, Cause::Type { column, .. } if column == "c");
            assert!(is_type, "{column} {id}: {error}");
            assert!(error.to_string().contains("CAST"), "{column}: {error}");
        }
    }
}

#[tokio::test]
async fn postgres() {
    let texts = [
        ("boolean", "true"),
        ("smallint", "-32768"),
        ("integer", "2147483647"),
        ("bigint", "-9223372036854775808"),
        ("real", "1.5"),
        ("double", "0.1"),
        ("numeric", "12345678901234567890.0123456789"),
        ("text", "Ünïcode ☃ 😀"),
        ("varchar", "varchar"),
        ("char", "char"),
        ("name", "name"),
        ("date", "2026-02-28"),
        ("time", "23:59:59.123456"),
        ("timetz", "23:59:59.5+02:00"),
        ("timestamp", "2026-02-28T23:59:59.123456"),
        ("timestamptz", "2026-02-28T21:59:59Z"),
        ("interval", "P1Y2M3DT4H5M6S"),
        ("uuid", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"),
        ("json", "{\"a\": [1, null]}"),
        ("jsonb", "{\"b\": 2}"),
        ("xml", "<a>x</a>"),
        ("inet", "192.0.2.7/24"),
        ("cidr", "192.0.2.0/24"),
        ("macaddr", "08:00:2b:01:02:03"),
        ("oid", "4294967295"),
        ("bit", "1010"),
        ("mood", "glad"),
    ];
    let others = ["money", "bytea", "integers", "point", "range"];
    columns_are(DatabaseKind::Postgres, "postgres", &texts, &others).await;
}

#[tokio::test]
async fn mariadb() {
    let texts = [
        ("boolean", "1"),
        ("tinyint", "-128"),
        ("tinyint_unsigned", "255"),
        ("smallint", "-32768"),
        ("mediumint", "-8388608"),
        ("int", "2147483647"),
        ("int_unsigned", "4294967295"),
        ("bigint", "-9223372036854775808"),
        ("bigint_unsigned", "18446744073709551615"),
        ("float", "1.5"),
        ("double", "0.1"),
        ("decimal", "12345678901234567890.0123456789"),
        ("char", "char"),
        ("varchar", "varchar"),
        ("tinytext", "tiny"),
        ("text", "Ünïcode ☃ 😀"),
        ("mediumtext", "medium"),
        ("longtext", "long"),
        ("date", "2026-02-28"),
        ("time", "-01:02:03.123456"),
        ("datetime", "2026-02-28T23:59:59.123456"),
        ("timestamp", "2026-02-28T23:59:59"),
        ("year", "2026"),
        ("enum", "glad"),
        ("set", "a,c"),
        ("json", "{\"a\": [1, null]}"),
        ("bit", "10"),
        ("uuid", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"),
        ("inet6", "2001:db8::7"),
    ];
    let others = ["binary", "varbinary", "blob", "point"];
    columns_are(DatabaseKind::MySql, "mariadb", &texts, &others).await;
}
