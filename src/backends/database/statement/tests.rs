use super::DatabaseKind::{MySql, Postgres, SqlServer, Sqlite};
use super::*;

#[test]
fn parameters_are_found_and_numbered() {
    let text = "select * from t where a = :a and b = :b or c = :a";
    let sql = |kind| Statement::parse(text, kind).unwrap();
    assert_eq!(sql(Sqlite).sql(), "select * from t where a = ?1 and b = ?2 or c = ?1");
    assert_eq!(sql(Postgres).sql(), "select * from t where a = $1 and b = $2 or c = $1");
    assert_eq!(sql(SqlServer).sql(), "select * from t where a = @P1 and b = @P2 or c = @P1");
    assert_eq!(sql(MySql).sql(), "select * from t where a = ? and b = ? or c = ?");
    assert_eq!(sql(MySql).places(), [0, 1, 0]);
    assert_eq!(sql(Postgres).places(), [0, 1]);
    assert_eq!(sql(Postgres).parameters(), ["a", "b"]);
}
