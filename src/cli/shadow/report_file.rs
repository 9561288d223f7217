//! A report in a file, by the ending of its name.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use external_providers::fixture::private_file;
use external_providers::shadow::Report;

use crate::cli::{Failed, LOCAL, printable};

/// A file for a report as an argument.
pub(in crate::cli) fn path(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("txt" | "json" | "html") => Ok(path),
        _ => Err("its name must end in .txt, .json or .html".to_owned()),
    }
}

/// Opens it, and makes it where it is missing: its owner's alone, for it holds people's data.
pub(in crate::cli) fn open(file: &Path) -> Result<File, Failed> {
    private_file().create(true).truncate(false).open(file).map_err(|error| unwritten(file, &error))
}

pub(in crate::cli) fn write(file: &Path, report: &Report) -> Result<(), Failed> {
    let text = match file.extension().and_then(|ending| ending.to_str()) {
        Some("json") => report.json(),
        Some("html") => report.html(),
        _ => printable(&report.to_string()),
    };
    let mut open = open(file)?;
    let written = open.set_len(0).and_then(|()| open.write_all(text.as_bytes()));
    written.map_err(|error| unwritten(file, &error))
}

fn unwritten(file: &Path, error: &std::io::Error) -> Failed {
    Failed::new(LOCAL, format!("cannot write {}: {error}", file.display()))
}
