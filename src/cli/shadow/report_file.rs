//! A report in a file, by the ending of its name.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use external_providers::fixture::private_file;
use external_providers::shadow::Report;

use crate::cli::{Failed, LOCAL, output, print, printable};

/// A file for a report as an argument.
pub(in crate::cli) fn path(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("txt" | "json" | "html") => Ok(path),
        _ => Err("its name must end in .txt, .json or .html".to_owned()),
    }
}

/// Writes a report in place of what is there, as a whole: its owner's alone, for it holds people's data. One in
/// which nothing was compared takes no other report's place; then false.
pub(in crate::cli) fn write(file: &Path, report: &Report) -> Result<bool, Failed> {
    let text = match file.extension().and_then(|ending| ending.to_str()) {
        Some("json") => report.json(),
        Some("html") => report.html(),
        _ => printable(&report.to_string()),
    };
    replace(file, text.as_bytes(), report.compared == 0).map_err(|error| unwritten(file, &error))
}

/// The last one, which says so where the old one is kept.
pub(in crate::cli) fn finish(file: &Path, report: &Report) -> Result<(), Failed> {
    if !write(file, report)? {
        output::warning(&format!("nothing was compared: {} is kept as it was", file.display()));
    }
    Ok(())
}

/// The one so far, which is worth no end.
pub(super) fn save(file: Option<&Path>, report: &Report) {
    if let Some(Err(failed)) = file.map(|file| write(file, report)) {
        tracing::error!(error = failed.message, "report not written");
    }
}

/// Keeps the report of a candidate that is replaced: beside the file, with its time; else it is printed.
pub(super) fn keep(file: Option<&Path>, report: &Report) -> Result<(), Failed> {
    let Some(file) = file.filter(|_| report.compared > 0) else {
        return if report.compared > 0 { print(&printable(&report.to_string())) } else { Ok(()) };
    };
    let part = |part: Option<&OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
    let (name, ending) = (part(file.file_stem()), part(file.extension()));
    let time = report.ended.strftime("%Y-%m-%dT%H-%M-%S%.3fZ");
    let beside = file.with_file_name(format!("{name}-{time}.{ending}"));
    write(&beside, report)?;
    tracing::info!(file = %beside.display(), "report so far kept");
    Ok(())
}

fn replace(file: &Path, text: &[u8], is_empty: bool) -> io::Result<bool> {
    // A link stays one.
    let file = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    if fs::metadata(&file).is_ok_and(|found| !found.is_file()) {
        return Err(io::Error::other("not a regular file"));
    }
    let mut name = OsString::from(".");
    name.push(file.file_name().unwrap_or_default());
    name.push(".unfinished");
    let new = file.with_file_name(name);
    let _ = fs::remove_file(&new);
    private_file().create_new(true).open(&new)?.write_all(text)?;
    let mut start = Vec::new();
    if is_empty && let Ok(old) = File::open(&file) {
        old.take(1 << 16).read_to_end(&mut start)?;
    }
    let old = String::from_utf8_lossy(&start);
    if !old.is_empty() && !old.contains("Nothing was compared") {
        fs::remove_file(&new)?;
        return Ok(false);
    }
    fs::rename(&new, &file).map(|()| true)
}

fn unwritten(file: &Path, error: &std::io::Error) -> Failed {
    Failed::new(LOCAL, format!("cannot write {}: {error}", file.display()))
}
