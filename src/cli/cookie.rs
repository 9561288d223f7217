//! `cookie`: single sign-on by the cookie of ASP.NET's Forms Authentication.

mod find_mode;
mod issue;
mod read;

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use external_providers::bounded;
use external_providers::sign_on::{MachineKey, MachineKeyError};
use zeroize::Zeroizing;

use super::{Failed, LOCAL, SETTINGS, USAGE, output};

/// What may come on standard input: a cookie with its line, and other cookies beside it.
const MOST_INPUT: usize = 64 << 10;

/// What is said of what is unproven.
const UNPROVEN: &str = "unproven: by Microsoft's source, no cookie of .NET was there to check";

/// Issue and read the cookie by which an ASP.NET site knows its user
///
/// A help desk with "Enable single sign-on cookies from other sites" takes a user for logged in by this cookie, a
/// Forms Authentication ticket (.ASPXAUTH), if it was made with the machineKey of the help desk's own
/// web.config. Whoever has a cookie is that user until it expires: it is never an argument, and
/// nothing logs it.
#[derive(Args)]
#[command(after_help = "\
Exit codes:
  0  done: issued, valid, found
  1  local trouble (standard input cannot be read, output cannot be written)
  2  usage: the arguments are wrong, or there is no cookie on standard input
  3  settings: the machine key cannot be read, or is one whose cookies are unproven
  7  refused: the cookie is not valid or has expired, or no settings fit")]
pub(crate) struct CookieArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Issue(issue::IssueArgs),
    Read(read::ReadArgs),
    FindMode(find_mode::FindModeArgs),
}

/// What is said of cookies without a signature.
const UNSIGNED: &str = "it is not signed: anybody can make such a cookie, for any user";

/// Whose keys.
#[derive(Args)]
struct Key {
    /// The site's web.config as it is, a <machineKey> element alone in a file, or TOML with the same
    /// names: validationKey = "…", decryptionKey = "…", validation, decryption, compatibilityMode
    #[arg(long, value_name = "FILE")]
    machine_key: PathBuf,
}

impl Key {
    fn load(
        &self,
        load: fn(&Path) -> Result<MachineKey, MachineKeyError>,
    ) -> Result<MachineKey, Failed> {
        let key =
            load(&self.machine_key).map_err(|error| Failed::new(SETTINGS, error.to_string()))?;
        for warning in key.warnings() {
            output::warning(warning);
        }
        Ok(key)
    }

    /// The same, if what it makes is proven or that does not matter.
    fn usable(&self, unproven: bool) -> Result<MachineKey, Failed> {
        let key = self.load(|path| MachineKey::load(path))?;
        match key.settings().unproven() {
            None => Ok(key),
            Some(what) if unproven => {
                output::note(&format!("{what} is {UNPROVEN}"));
                Ok(key.allow_unproven())
            }
            Some(what) => {
                let text = format!("{}: {what} is {UNPROVEN}", self.machine_key.display());
                Err(Failed::new(SETTINGS, text).hint("--unproven uses it all the same"))
            }
        }
    }
}

/// The cookie on standard input: its value, or the line of a header or of a browser's tools, in which
/// the cookie has this name, or is alone.
fn from_input(name: &str) -> Result<Zeroizing<String>, Failed> {
    if std::io::stdin().is_terminal() {
        output::note("paste the cookie, then press Ctrl-D");
    }
    let bytes = bounded::read(std::io::stdin(), MOST_INPUT).map_err(|error| {
        Failed::new(LOCAL, format!("cannot read the cookie from standard input: {error}"))
    })?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| Failed::new(USAGE, "what came on standard input is not text"))?;
    let found = cookie(text.trim_start_matches('\u{feff}'), name).map_err(|others| {
        let text = format!("there is no cookie {name} on standard input");
        Failed::new(USAGE, text).hint(match others {
            0 => "give its value, NAME=VALUE, or the line Cookie: or Set-Cookie:".to_owned(),
            _ => format!("there are {others} other cookies; give NAME=VALUE of the right one"),
        })
    })?;
    Ok(Zeroizing::new(found.to_owned()))
}

/// The value; else how many other cookies there are.
fn cookie<'t>(text: &'t str, name: &str) -> Result<&'t str, usize> {
    let mut pairs = Vec::new();
    for line in text.lines() {
        let (header, rest) = line.split_once(':').unwrap_or(("", line));
        let all = match header.trim() {
            // What follows are attributes, not cookies.
            header if header.eq_ignore_ascii_case("set-cookie") => rest.split(';').take(1),
            header if header.eq_ignore_ascii_case("cookie") => rest.split(';').take(usize::MAX),
            _ => line.split(';').take(usize::MAX),
        };
        pairs.extend(all.filter_map(|pair| pair.split_once('=')));
    }
    let value = |(_, value): &(&str, &'t str)| value.trim().trim_matches('"');
    if let Some(pair) = pairs.iter().find(|(found, _)| found.trim() == name) {
        return Ok(value(pair));
    }
    match pairs.as_slice() {
        [] if !text.trim().is_empty() => Ok(text.trim().trim_matches('"')),
        [pair] => {
            let other = pair.0.trim();
            output::note(&format!("the cookie is called {other}, and not {name}"));
            Ok(value(pair))
        }
        pairs => Err(pairs.len()),
    }
}

pub(crate) fn run(args: &CookieArgs) -> Result<u8, Failed> {
    match &args.command {
        Command::Issue(args) => issue::run(args),
        Command::Read(args) => read::run(args),
        Command::FindMode(args) => find_mode::run(args),
    }
}

#[cfg(test)]
mod tests {
    use super::cookie;

    #[test]
    fn a_cookie_is_found_in_the_lines_that_browsers_show() {
        for text in [
            "AB12",
            " AB12\r\n",
            "\"AB12\"",
            ".ASPXAUTH=AB12",
            "x=AB12",
            "Cookie: a=1; .ASPXAUTH=AB12; b=2",
            "cookie:.ASPXAUTH=AB12",
            "Set-Cookie: x=AB12; path=/; HttpOnly",
            "GET / HTTP/1.1\nHost: a:80\nCookie: a=1;.ASPXAUTH = \"AB12\"\n",
        ] {
            assert_eq!(cookie(text, ".ASPXAUTH"), Ok("AB12"), "{text:?}");
        }
        assert_eq!(cookie("", ".ASPXAUTH"), Err(0));
        assert_eq!(cookie("Cookie: a=1; b=2", ".ASPXAUTH"), Err(2));
    }
}
