//! Archives whose bytes depend on their contents alone: members in order, no times, the same permissions everywhere.

use std::io::{Cursor, Read, Write};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use flate2::{Compression, GzBuilder};
use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use crate::error::Result;

/// The earliest time that a zip file can tell, 1980-01-01, in seconds since 1970.
const EPOCH: u64 = 315_532_800;

/// A file in an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its path, with slashes.
    pub path: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

impl Member {
    pub(crate) fn new(path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Member {
        Member { path: path.into(), bytes: bytes.into() }
    }
}

/// A wheel of these members and of `RECORD`, which lists them. What lies in `info` comes last, as PEP 427 asks.
pub(crate) fn wheel(mut members: Vec<Member>, info: &str) -> Result<Vec<u8>> {
    let last = format!("{info}/");
    members.sort_by(|a, b| (a.path.starts_with(&last), &a.path).cmp(&(b.path.starts_with(&last), &b.path)));
    let record = format!("{info}/RECORD");
    let mut text: String = members.iter().map(record_line).collect();
    text.push_str(&format!("{record},,\n"));
    members.push(Member::new(record, text));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(9))
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for member in &members {
        writer.start_file(member.path.as_str(), options)?;
        writer.write_all(&member.bytes)?;
    }
    Ok(writer.finish()?.into_inner())
}

/// The line of a file in `RECORD`.
fn record_line(member: &Member) -> String {
    let hash = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(&member.bytes));
    let path = match member.path.contains([',', '"']) {
        true => format!("\"{}\"", member.path.replace('"', "\"\"")),
        false => member.path.clone(),
    };
    format!("{path},sha256={hash},{}\n", member.bytes.len())
}

/// The text of a `RECORD` in which the file at `path` has other bytes.
pub fn recorded(record: &str, path: &str, bytes: &[u8]) -> String {
    let member = Member::new(path, bytes);
    let line = record_line(&member);
    let start = line.split(",sha256=").next().unwrap_or_default().to_owned() + ",";
    let lines =
        record.lines().map(|old| if old.starts_with(&start) { line.clone() } else { format!("{old}\n") });
    lines.collect()
}

/// A compressed tape archive of these members.
pub(crate) fn tarball(mut members: Vec<Member>) -> Result<Vec<u8>> {
    members.sort_by(|a, b| a.path.cmp(&b.path));
    // The time in a gzip header is that of the original file; 0 is none.
    let gzip = GzBuilder::new().mtime(0).operating_system(255).write(Vec::new(), Compression::best());
    let mut builder = tar::Builder::new(gzip);
    for member in &members {
        let mut header = tar::Header::new_ustar();
        header.set_size(member.bytes.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(EPOCH);
        header.set_entry_type(tar::EntryType::Regular);
        builder.append_data(&mut header, &member.path, member.bytes.as_slice())?;
    }
    Ok(builder.into_inner()?.finish()?)
}

/// The files of a zip archive.
pub(crate) fn read_zip(bytes: &[u8]) -> Result<Vec<Member>> {
    let mut archive = ZipArchive::new(Cursor::new(bytes))?;
    let mut members = Vec::with_capacity(archive.len());
    for index in 0..archive.len() {
        let mut file = archive.by_index(index)?;
        if file.is_file() {
            let name = file.name()?.into_owned();
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            members.push(Member::new(name, bytes));
        }
    }
    Ok(members)
}
