use super::DatabaseKind::{self, MySql, Postgres, SqlServer, Sqlite};
use super::*;

const ALL: &[DatabaseKind] = &DatabaseKind::ALL;

#[test]
fn parameters_are_found_and_numbered() {
    let text = "select * from t where a = :a and b = :b or c = :a";
    let read = |kind| Statement::parse(text, kind).unwrap();
    assert_eq!(read(Sqlite).sql(), "select * from t where a = ?1 and b = ?2 or c = ?1");
    assert_eq!(read(Postgres).sql(), "select * from t where a = $1 and b = $2 or c = $1");
    assert_eq!(read(SqlServer).sql(), "select * from t where a = @P1 and b = @P2 or c = @P1");
    assert_eq!(read(MySql).sql(), "select * from t where a = ? and b = ? or c = ?");
    assert_eq!(read(MySql).places(), [0, 1, 0]);
    assert_eq!(read(Postgres).places(), [0, 1]);
    assert_eq!(read(Postgres).parameters(), ["a", "b"]);
    assert_eq!(read(Postgres).text(), text);
}

/// `{}` stands for the one parameter, as the dialect writes it; what has none stays as it is.
#[test]
fn what_is_quoted_stays_as_it_is() {
    let postgres = &[Postgres][..];
    for (kinds, text, sql) in [
        (ALL, "select :a", "select {}"),
        (ALL, "select(:a)", "select({})"),
        (ALL, "select 1+:a_1b-2", "select 1+{}-2"),
        (ALL, "select :größe", "select {}"),
        (ALL, "select 'it''s', :a", "select 'it''s', {}"),
        (ALL, "select '', :a", "select '', {}"),
        (ALL, "select '--', :a", "select '--', {}"),
        (ALL, "select '/*', :a, '*/'", "select '/*', {}, '*/'"),
        (ALL, "select ';', :a", "select ';', {}"),
        (ALL, "select \"a\"\"b\", :a", "select \"a\"\"b\", {}"),
        (ALL, "select \"'\", :a, \"'\"", "select \"'\", {}, \"'\""),
        (ALL, "select -- :b\n :a", "select -- :b\n {}"),
        (ALL, "select /* :b ' */ :a", "select /* :b ' */ {}"),
        (ALL, "select /**/ :a", "select /**/ {}"),
        (ALL, "select /***/ :a", "select /***/ {}"),
        (ALL, "select :a -- ' :b", "select {} -- ' :b"),
        (ALL, "select :a; -- that is all\n /* yes */ ;", "select {} -- that is all\n /* yes */ "),
        (
            ALL,
            "select '12:30', '10:00:00', ': a', 'x::y', :a",
            "select '12:30', '10:00:00', ': a', 'x::y', {}",
        ),
        (
            ALL,
            "select f('HH24:MI:SS', '2001:db8::1'), :a",
            "select f('HH24:MI:SS', '2001:db8::1'), {}",
        ),
        (ALL, "select 1 where x = :a\u{a0}", "select 1 where x = {}\u{a0}"),
        (postgres, "select :a::int, 'x'::text", "select {}::int, 'x'::text"),
        (postgres, "select $$it's$$, :a", "select $$it's$$, {}"),
        (postgres, "select $x$ $$ ' $y$ $x$, :a", "select $x$ $$ ' $y$ $x$, {}"),
        (postgres, "select e'\\'', :a", "select e'\\'', {}"),
        (postgres, "select E'\\\\', :a", "select E'\\\\', {}"),
        (postgres, "select '\\', :a", "select '\\', {}"),
        (postgres, "select a$b$c, :a", "select a$b$c, {}"),
        (postgres, "select a[1], :a, b ? 'x'", "select a[1], {}, b ? 'x'"),
        (postgres, "select /* /* ' */ */ :a", "select /* /* ' */ */ {}"),
        (postgres, "select a #> :a, @ -5", "select a #> {}, @ -5"),
        (&[MySql], "select '\\'', :a", "select '\\'', {}"),
        (&[MySql], "select \"\\\"\", :a", "select \"\\\"\", {}"),
        (&[MySql], "select `a'b`, :a", "select `a'b`, {}"),
        (&[MySql], "select 1 # ' :b\n, :a", "select 1 # ' :b\n, {}"),
        (&[MySql], "select 5--:a", "select 5--{}"),
        (&[MySql], "select @x := 1, @@version, :a", "select @x := 1, @@version, {}"),
        (&[MySql], "select /* /* */ :a", "select /* /* */ {}"),
        (&[Sqlite], "select '\\', `a'b`, [a'b], [a[b], :a", "select '\\', `a'b`, [a'b], [a[b], {}"),
        (&[Sqlite], "select /* /* */ :a", "select /* /* */ {}"),
        (&[SqlServer], "select '\\', [a'b], [a]]'b], :a", "select '\\', [a'b], [a]]'b], {}"),
        (&[SqlServer], "select @@version, #t.x, N'x', :a", "select @@version, #t.x, N'x', {}"),
        (&[SqlServer], "select /* /* ' */ */ :a", "select /* /* ' */ */ {}"),
    ] {
        for &kind in kinds {
            let placeholder = match kind {
                Sqlite => "?1",
                Postgres => "$1",
                SqlServer => "@P1",
                MySql => "?",
            };
            let statement = Statement::parse(text, kind);
            let statement = statement.unwrap_or_else(|error| panic!("{kind}: {text}: {error}"));
            assert_eq!(statement.sql(), sql.replace("{}", placeholder), "{kind}: {text}");
            assert_eq!(statement.parameters().len(), 1, "{kind}: {text}");
        }
    }
}

#[test]
fn mistakes_have_their_places() {
    let quoted = |name: &str| Mistake::Quoted(name.to_owned());
    let unbound = |name: &str| Mistake::Unbound(name.to_owned());
    for (kinds, text, mistake, column) in [
        (ALL, "", Mistake::Empty, 1),
        (ALL, " ; -- nothing", Mistake::Empty, 1),
        // SQLite would run it without the condition.
        (ALL, "select id from t\0 where id = :id", Mistake::Nul, 17),
        (ALL, "select ':a'", quoted("a"), 9),
        (ALL, "select '%:name%'", quoted("name"), 10),
        (ALL, "select 'ü' || 'x:name'", quoted("name"), 17),
        (ALL, "select \":a\"", quoted("a"), 9),
        (ALL, "select ''':a'", quoted("a"), 11),
        (&[Postgres], "select $$:a$$", quoted("a"), 10),
        (&[Postgres], "select e'\\':a'", quoted("a"), 12),
        (&[MySql], "select '\\':a'", quoted("a"), 11),
        (&[MySql, Sqlite], "select `:a`", quoted("a"), 9),
        (&[SqlServer, Sqlite], "select [:a]", quoted("a"), 9),
        (ALL, "select 'x", Mistake::NotClosed("a text in quotes"), 8),
        (ALL, "select \"x", Mistake::NotClosed("a name in quotes"), 8),
        (ALL, "select /* x", Mistake::NotClosed("a comment"), 8),
        (&[Postgres, SqlServer], "select /* /* x */", Mistake::NotClosed("a comment"), 8),
        (&[Postgres], "select $a$ x $b$", Mistake::NotClosed("a text in dollar quotes"), 8),
        (&[SqlServer, Sqlite], "select [x", Mistake::NotClosed("a name in brackets"), 8),
        (ALL, "select 1; select 2", Mistake::Second, 11),
        (ALL, "select ';'; drop table t", Mistake::Second, 13),
        (ALL, "select 1;; -- x\n:a", Mistake::Second, 1),
        (&[MySql, Sqlite], "select ?", unbound("?"), 8),
        (&[Sqlite], "select ?17", unbound("?17"), 8),
        (&[Sqlite], "select $a", unbound("$a"), 8),
        (&[Sqlite], "select :1", unbound(":1"), 8),
        (&[Sqlite], "select @1, :a", unbound("@1"), 8),
        (&[Sqlite], "select a#b", unbound("#b"), 9),
        (&[Sqlite], "select $\u{fffd}x", unbound("$\u{fffd}x"), 8),
        (&[Sqlite, SqlServer], "select @a", unbound("@a"), 8),
        (&[Postgres], "select $1", unbound("$1"), 8),
    ] {
        for &kind in kinds {
            let error = Statement::parse(text, kind).unwrap_err();
            assert_eq!((&error.mistake, error.column), (&mistake, column), "{kind}: {text}");
        }
    }
    let error = Statement::parse("select 1,\n  'ä', ':a'", Postgres).unwrap_err();
    assert_eq!((error.line, error.column), (2, 9));
    assert!(error.to_string().ends_with("(at line 2, character 9)"), "{error}");
}

#[test]
fn a_look_up_changes_nothing_as_far_as_its_words_tell() {
    for (text, word) in [
        ("delete from t", "delete"),
        ("/* x */ UPDATE t set a = 1", "update"),
        ("with x as (delete from t returning *) select * from x", "delete"),
        ("select * into u from t", "into"),
        ("select * from t for update", "update"),
        ("create table t (a int)", "create"),
        ("replace into t values (1)", "replace"),
    ] {
        let error = Statement::parse(text, Postgres).unwrap().must_look_up().unwrap_err();
        assert_eq!(error.mistake, Mistake::Effect(word.to_owned()), "{text}");
    }
    for text in ["set x = 1", "begin", "explain select 1", "pragma user_version", "vacuum"] {
        let error = Statement::parse(text, Sqlite).unwrap().must_look_up().unwrap_err();
        assert!(matches!(error.mistake, Mistake::NoLookUp(_)), "{text}");
    }
    for text in [
        "select replace(a, 'x', 'y'), truncate(b, 2), t.update, \"delete\", 'insert into' from t",
        "(select 1) union (select 2)",
        "with x as (select 1) select * from x -- delete",
        "values (1)",
        "exec customer_by_mail :mail",
    ] {
        Statement::parse(text, Postgres).unwrap().must_look_up().unwrap();
    }
}

#[test]
fn an_effect_changes_something() {
    for text in
        ["insert into t values (1)", "with x as (select 1) update t set a = 1", "MERGE into t"]
    {
        Statement::parse(text, Postgres).unwrap().must_change().unwrap();
    }
    for text in ["select 1", "with x as (select 1) select 2", "truncate t", "call f()"] {
        let error = Statement::parse(text, Postgres).unwrap().must_change().unwrap_err();
        assert!(matches!(error.mistake, Mistake::NoEffect(_)), "{text}");
    }
}

proptest::proptest! {
    /// Whatever is written, reading it ends, and what is taken is what was there but for parameters.
    #[test]
    fn any_text_is_read(text in "(?s)[ -~\n\u{e4}]{0,40}", quotes in "[-'\"`\\[\\]$:/*;\\\\e a#@?.]{0,30}") {
        for text in [text, quotes] {
            for kind in DatabaseKind::ALL {
                match Statement::parse(&text, kind) {
                    Ok(statement) => {
                        let is_without = statement.parameters().is_empty() && !text.contains(';');
                        proptest::prop_assert!(!is_without || statement.sql() == text);
                    }
                    Err(error) => proptest::prop_assert!(error.column <= text.chars().count() + 1),
                }
            }
        }
    }
}
