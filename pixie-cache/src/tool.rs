//! The `pixie` command: where it is, and which one it is.

use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use pixie_format::Hash;

use crate::error::{Error, Result};
use crate::folders::Folders;
use crate::owner;
use crate::stamp;

/// Digits of an identity.
const HEX_LEN: usize = 64;

/// The variable that names the command.
const COMMAND: &str = "PIXIE_COMMAND";
/// What it is called.
const NAME: &str = if cfg!(windows) { "pixie.exe" } else { "pixie" };

/// The command that compiles.
#[derive(Clone, Debug)]
pub struct Tool {
    /// Where it is.
    pub path: PathBuf,
    metadata: Metadata,
}

impl Tool {
    /// Finds the command: what `PIXIE_COMMAND` names; else `pixie` on PATH; else in the folder that `beside` gives, which is that of
    /// the interpreter.
    pub fn find(
        read: impl Fn(&'static str) -> Option<OsString>,
        beside: impl FnOnce() -> Option<PathBuf>,
    ) -> Result<Tool> {
        let on_path = |name: &Path| {
            let path = read("PATH").unwrap_or_default();
            std::env::split_paths(&path)
                .filter(|folder| folder.is_absolute())
                .find_map(|folder| tool(folder.join(name)))
        };
        if let Some(chosen) = read(COMMAND).filter(|chosen| !chosen.is_empty()) {
            let chosen = PathBuf::from(chosen);
            let found = match chosen.components().count() {
                1 => on_path(&chosen),
                _ => tool(chosen.clone()),
            };
            return found.ok_or_else(|| {
                let shown = chosen.display();
                Error::NoTool(format!("{COMMAND} names `{shown}`, which is not a program that can be run"))
            });
        }
        on_path(Path::new(NAME)).or_else(|| tool(beside()?.join(NAME))).ok_or_else(|| {
            Error::NoTool(
                "the `pixie` command, which compiles, was not found\nhint: pip install pixie-toolchain, or name the command in the variable PIXIE_COMMAND"
                    .to_owned(),
            )
        })
    }

    /// Which tool this is: a hash of the program and of what it says of itself, its LLVM's version among it. Asked once, and kept in the
    /// cache for as long as the file stays as it is.
    pub fn identity(&self, folders: &Folders) -> Result<Hash> {
        if let Some(known) = self.known(folders) {
            return Ok(known);
        }
        let start = |source| Error::Start { path: self.path.clone(), source };
        let said = Command::new(&self.path).arg("--version").stdin(Stdio::null()).output().map_err(start)?;
        if !said.status.success() {
            let why = String::from_utf8_lossy(&said.stderr).trim().to_owned();
            return Err(start(std::io::Error::other(format!(
                "`--version` ended with {}: {why}",
                said.status
            ))));
        }
        let program = fs::read(&self.path).map_err(start)?;
        let identity = Hash::of_parts([program.as_slice(), said.stdout.as_slice()]);
        if let Some(stamp) = self.stamp_file(folders) {
            // Without it the tool is asked again next time.
            let _ = keep(&stamp, &identity.to_string());
        }
        Ok(identity)
    }

    /// The identity, where it has been asked for before.
    pub fn known(&self, folders: &Folders) -> Option<Hash> {
        let mut file = fs::File::open(self.stamp_file(folders)?).ok()?;
        let metadata = file.metadata().ok()?;
        let mut text = [0; HEX_LEN];
        file.read_exact(&mut text).ok()?;
        (metadata.len() == HEX_LEN as u64 && owner::mistrust(&metadata).is_none())
            .then(|| parse_hex(&text))?
    }

    /// The file that remembers the identity.
    fn stamp_file(&self, folders: &Folders) -> Option<PathBuf> {
        let mut text = Vec::new();
        self.describe(&mut text);
        folders.own.as_deref().map(|own| own.join("tools").join(stamp::name(&text)))
    }

    /// Where it is, and what the system says of it: changes with the program.
    pub(crate) fn describe(&self, text: &mut Vec<u8>) {
        text.extend_from_slice(self.path.as_os_str().as_encoded_bytes());
        text.push(b'\n');
        stamp::describe(&self.metadata, text);
    }
}

/// The tool at `path`, if that is a program.
fn tool(path: PathBuf) -> Option<Tool> {
    let metadata = fs::metadata(&path).ok()?;
    #[cfg(unix)]
    let runs = std::os::unix::fs::MetadataExt::mode(&metadata) & 0o111 != 0;
    #[cfg(not(unix))]
    let runs = true;
    (metadata.is_file() && runs).then_some(Tool { path, metadata })
}

fn keep(stamp: &Path, text: &str) -> std::io::Result<()> {
    let folder = stamp.parent().unwrap_or(Path::new("."));
    owner::create_private(folder)?;
    let beside = stamp.with_extension(format!("{}.tmp", std::process::id()));
    let mut file = fs::OpenOptions::new().write(true).create_new(true).open(&beside)?;
    file.write_all(text.as_bytes())?;
    fs::rename(&beside, stamp).inspect_err(|_| {
        let _ = fs::remove_file(&beside);
    })
}

fn parse_hex(text: &[u8]) -> Option<Hash> {
    let text = std::str::from_utf8(text).ok()?;
    let mut bytes = [0; 32];
    if text.len() != HEX_LEN || !text.is_ascii() {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(Hash(bytes))
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn program(path: &Path, script: &str) {
        let written = fs::write(path, format!("#!/bin/sh\n{script}\n"));
        written
            .and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(0o755)))
            .expect("a script");
    }

    fn find(pairs: &[(&str, &Path)], beside: Option<&Path>) -> Result<Tool> {
        let read = |name: &'static str| {
            pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_os_str().to_owned())
        };
        Tool::find(read, || beside.map(Path::to_owned))
    }

    #[test]
    fn the_variable_comes_before_the_path_and_that_before_the_interpreter() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        for name in ["a", "b", "c"] {
            fs::create_dir(place(name)).unwrap();
            program(&place(name).join("pixie"), "echo");
        }
        fs::write(place("plain"), "").unwrap();
        let (a, b, c) = (place("a"), place("b"), place("c"));
        let [chosen, plain] = [c.join("pixie"), place("plain")];
        assert_eq!(find(&[("PIXIE_COMMAND", &chosen), ("PATH", &a)], Some(&b)).unwrap().path, chosen);
        assert_eq!(find(&[("PATH", &a)], Some(&b)).unwrap().path, a.join("pixie"));
        assert_eq!(find(&[], Some(&b)).unwrap().path, b.join("pixie"));
        assert!(matches!(find(&[], None), Err(Error::NoTool(_))));
        let error = find(&[("PIXIE_COMMAND", &plain), ("PATH", &a)], None).unwrap_err();
        assert!(error.to_string().contains("which is not a program"), "{error}");
    }

    #[test]
    fn another_version_is_another_tool_and_the_same_is_not_asked_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pixie");
        let asked = folder.path().join("asked");
        let script = |version: &str| format!("echo {version}; echo x >> {}", asked.display());
        let folders = Folders { seeds: Vec::new(), own: Some(folder.path().join("cache")), bound: 0 };
        let identity = || find(&[("PIXIE_COMMAND", &path)], None).unwrap().identity(&folders).unwrap();
        program(&path, &script("1"));
        let first = identity();
        assert_eq!(identity(), first);
        assert_eq!(fs::read(&asked).unwrap(), b"x\n");
        program(&path, &script("2"));
        assert_ne!(identity(), first);
        // What a stamp holds that is no hash is not believed.
        for stamp in fs::read_dir(folder.path().join("cache/tools")).unwrap() {
            fs::write(stamp.unwrap().path(), "nonsense").unwrap();
        }
        assert_ne!(identity(), first);
    }
}
