//! The parts of a statement, as far as parameters and effects are concerned, in each dialect.

use super::super::settings::DatabaseKind;
use super::Mistake;

/// A part of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'t> {
    /// White space or a comment.
    Blank,
    /// A text or a quoted name.
    Quoted,
    /// A word, and whatever follows it without a gap.
    Word(&'t str),
    /// The name of a parameter.
    Parameter(&'t str),
    /// `.`
    Dot,
    /// `;`
    End,
    /// Numbers and signs.
    Other,
}

/// Goes over a statement.
pub(super) struct Scanner<'t> {
    text: &'t str,
    at: usize,
    kind: DatabaseKind,
}

fn starts_name(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn in_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// What SQLite takes for a part of a name, and of a parameter's: `$1`, `:1`, `#a`.
fn in_sqlite_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '$') || !c.is_ascii()
}

/// The name that a text begins with, perhaps empty.
fn name(text: &str) -> &str {
    if !text.starts_with(starts_name) {
        return "";
    }
    &text[..text.find(|c| !in_name(c)).unwrap_or(text.len())]
}

impl<'t> Scanner<'t> {
    pub(super) fn new(text: &'t str, kind: DatabaseKind) -> Self {
        Self { text, at: 0, kind }
    }

    /// Where the next part begins.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// What is left.
    pub(super) fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    /// The next part, and where it begins.
    pub(super) fn next(&mut self) -> Result<Option<(usize, Token<'t>)>, (usize, Mistake)> {
        let start = self.at;
        let Some(first) = self.rest().chars().next() else { return Ok(None) };
        let token = self.token(first).map_err(|mistake| (start, mistake))?;
        if token == Token::Quoted {
            self.no_parameter_in(start)?;
        }
        Ok(Some((start, token)))
    }

    fn token(&mut self, first: char) -> Result<Token<'t>, Mistake> {
        use DatabaseKind::{MySql, Postgres, SqlServer, Sqlite};
        let (rest, kind) = (self.rest(), self.kind);
        let second = rest[first.len_utf8()..].chars().next().unwrap_or(' ');
        match first {
            _ if first.is_whitespace() => return Ok(self.take(first.len_utf8(), Token::Blank)),
            '-' if second == '-' && (kind != MySql || starts_comment(rest)) => {
                return Ok(self.line_comment());
            }
            '#' if kind == MySql => return Ok(self.line_comment()),
            '/' if second == '*' => return self.comment(),
            '\'' => return self.quoted('\'', kind == MySql),
            '"' => return self.quoted('"', kind == MySql),
            '`' if matches!(kind, MySql | Sqlite) => return self.quoted('`', false),
            '[' if matches!(kind, SqlServer | Sqlite) => return self.quoted(']', false),
            '$' if kind == Postgres && !second.is_ascii_digit() => return self.dollar_quoted(),
            ':' if second == ':' => return Ok(self.take(2, Token::Other)),
            ':' if starts_name(second) => {
                let name = name(&rest[1..]);
                return Ok(self.take(1 + name.len(), Token::Parameter(name)));
            }
            '.' => return Ok(self.take(1, Token::Dot)),
            ';' => return Ok(self.take(1, Token::End)),
            _ => {}
        }
        let is_unbound = match first {
            '?' => matches!(kind, MySql | Sqlite),
            '$' | '@' | '#' | ':' if kind == Sqlite => in_sqlite_name(second),
            '$' => kind == Postgres,
            '@' => kind == SqlServer && starts_name(second),
            _ => false,
        };
        if is_unbound {
            let end = rest[1..].find(|c| !in_sqlite_name(c)).map_or(rest.len(), |end| 1 + end);
            return Err(Mistake::Unbound(rest[..end].to_owned()));
        }
        if first == '@' && second == '@' {
            return Ok(self.take(2, Token::Other));
        }
        if first.is_alphanumeric() || first == '_' {
            return self.word();
        }
        Ok(self.take(first.len_utf8(), Token::Other))
    }

    fn take(&mut self, length: usize, token: Token<'t>) -> Token<'t> {
        self.at += length;
        token
    }

    fn word(&mut self) -> Result<Token<'t>, Mistake> {
        let rest = self.rest();
        let in_word = |c| in_name(c) || c == '$' || (c == '#' && self.kind != DatabaseKind::Sqlite);
        let end = rest.find(|c| !in_word(c)).unwrap_or(rest.len());
        let word = &rest[..end];
        self.at += end;
        let is_escaped = self.kind == DatabaseKind::Postgres && word.eq_ignore_ascii_case("e");
        if is_escaped && self.rest().starts_with('\'') {
            return self.quoted('\'', true);
        }
        let is_word = word.starts_with(starts_name);
        Ok(if is_word { Token::Word(word) } else { Token::Other })
    }

    fn line_comment(&mut self) -> Token<'t> {
        let rest = self.rest();
        self.take(rest.find('\n').unwrap_or(rest.len()), Token::Blank)
    }

    fn comment(&mut self) -> Result<Token<'t>, Mistake> {
        let nests = matches!(self.kind, DatabaseKind::Postgres | DatabaseKind::SqlServer);
        let (rest, mut depth, mut at) = (self.rest(), 1, 2);
        while depth > 0 {
            let Some(found) = rest[at..].find(['*', '/']) else {
                return Err(Mistake::NotClosed("a comment"));
            };
            at += found;
            let step = match &rest.as_bytes()[at..] {
                [b'*', b'/', ..] => -1,
                [b'/', b'*', ..] if nests => 1,
                _ => 0,
            };
            depth += step;
            at += if step == 0 { 1 } else { 2 };
        }
        Ok(self.take(at, Token::Blank))
    }

    /// Up to the closing quote, which is doubled where it is meant.
    fn quoted(&mut self, close: char, backslashes: bool) -> Result<Token<'t>, Mistake> {
        // SQLite's brackets end at the first one.
        let doubles = close != ']' || self.kind == DatabaseKind::SqlServer;
        let rest = self.rest();
        let mut chars = rest.char_indices().skip(1).peekable();
        while let Some((at, c)) = chars.next() {
            if c == '\\' && backslashes {
                chars.next();
            } else if c == close {
                let is_doubled = doubles && chars.peek().is_some_and(|(_, next)| *next == close);
                if !is_doubled {
                    return Ok(self.take(at + 1, Token::Quoted));
                }
                chars.next();
            }
        }
        Err(Mistake::NotClosed(match close {
            '\'' => "a text in quotes",
            ']' => "a name in brackets",
            _ => "a name in quotes",
        }))
    }

    /// `$$…$$`, `$tag$…$tag$`.
    fn dollar_quoted(&mut self) -> Result<Token<'t>, Mistake> {
        let rest = self.rest();
        let tag = name(&rest[1..]);
        if !rest[1 + tag.len()..].starts_with('$') {
            return Ok(self.take(1, Token::Other));
        }
        let tag = &rest[..tag.len() + 2];
        match rest[tag.len()..].find(tag) {
            Some(end) => Ok(self.take(end + 2 * tag.len(), Token::Quoted)),
            None => Err(Mistake::NotClosed("a text in dollar quotes")),
        }
    }

    /// A parameter within the quotes that begin at `start` is a mistake.
    ///
    /// After a letter or digit, one or two letters are not taken for one, nor is a group of an
    /// address: `'HH24:MI:SS'`, `'2001:db8::1'`.
    fn no_parameter_in(&self, start: usize) -> Result<(), (usize, Mistake)> {
        let quoted = &self.text[start..self.at];
        for (at, _) in quoted.match_indices(':') {
            let name = name(&quoted[at + 1..]);
            let before = quoted[..at].chars().next_back().unwrap_or(' ');
            let is_group = name.len() <= 4 && name.chars().all(|c| c.is_ascii_hexdigit());
            let is_format = before.is_alphanumeric() && (name.chars().count() <= 2 || is_group);
            if !name.is_empty() && before != ':' && !is_format {
                return Err((start + at, Mistake::Quoted(name.to_owned())));
            }
        }
        Ok(())
    }
}

/// MySQL's `--` begins a comment only where a space follows.
fn starts_comment(rest: &str) -> bool {
    rest[2..].chars().next().is_none_or(|c| c.is_whitespace() || c.is_control())
}
