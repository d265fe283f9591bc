//! Where caches lie: folders to read from, and the one that is written to.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// The variable that names the user's cache folder.
const DIR: &str = "PIXIE_CACHE_DIR";
/// The variable that names folders that are only read, before the user's.
const SEED: &str = "PIXIE_CACHE_SEED";
/// The variable that bounds the size of the user's folder.
const SIZE: &str = "PIXIE_CACHE_SIZE";
/// Bytes that the user's folder may take by default.
const DEFAULT_SIZE: u64 = 1 << 30;

/// The folders of the cache and its bound, as the environment has them.
#[derive(Clone, Debug)]
pub struct Folders {
    /// Folders that a site has filled, asked first and never written to.
    pub seeds: Vec<PathBuf>,
    /// The user's folder; `None` where there is no home.
    pub own: Option<PathBuf>,
    /// Bytes that the user's folder may take.
    pub bound: u64,
}

impl Folders {
    /// What the environment variables say; the caller reads them. An empty one is one that is not set.
    pub fn from_variables(read: impl Fn(&'static str) -> Option<OsString>) -> Result<Folders> {
        let read = |name| read(name).filter(|value| !value.is_empty());
        let seeds = read(SEED).map(|paths| std::env::split_paths(&paths).collect()).unwrap_or_default();
        let own = read(DIR).map(PathBuf::from).or_else(|| default_folder(&read));
        let bound = match read(SIZE) {
            None => DEFAULT_SIZE,
            Some(text) => {
                let found = text.to_string_lossy().into_owned();
                let expected = "a number of bytes, or of K, M or G, as `500M`";
                size(&found).ok_or(pixie_ld::Error::Variable { variable: SIZE, found, expected })?
            }
        };
        Ok(Folders { seeds, own, bound })
    }

    /// The folder that is written to.
    pub fn own(&self) -> Result<&Path> {
        self.own.as_deref().ok_or(Error::NoFolder)
    }
}

/// Where the operating system's users keep what can be made again.
fn default_folder(read: &dyn Fn(&'static str) -> Option<OsString>) -> Option<PathBuf> {
    let below = |base: &'static str, rest: &[&str]| {
        read(base).map(PathBuf::from).filter(|base| base.is_absolute()).map(|mut path| {
            path.extend(rest);
            path
        })
    };
    if cfg!(windows) {
        below("LOCALAPPDATA", &["pixie", "cache"])
    } else if cfg!(target_os = "macos") {
        below("HOME", &["Library", "Caches", "pixie"])
    } else {
        below("XDG_CACHE_HOME", &["pixie"]).or_else(|| below("HOME", &[".cache", "pixie"]))
    }
}

fn size(text: &str) -> Option<u64> {
    let text = text.trim();
    let (digits, shift) = match text.char_indices().next_back()? {
        (at, 'k' | 'K') => (&text[..at], 10),
        (at, 'm' | 'M') => (&text[..at], 20),
        (at, 'g' | 'G') => (&text[..at], 30),
        _ => (text, 0),
    };
    digits.trim_end().parse::<u64>().ok()?.checked_mul(1 << shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        let cases =
            [("0", Some(0)), ("5k", Some(5 << 10)), ("500M", Some(500 << 20)), ("2 G", Some(2 << 30))];
        for (text, bytes) in cases {
            assert_eq!(size(text), bytes, "{text}");
        }
        for wrong in ["", "M", "-1", "1.5G", "99999999999G", "é"] {
            assert_eq!(size(wrong), None, "{wrong}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_variables_come_first_and_relative_homes_are_none() {
        let read = |pairs: &'static [(&'static str, &'static str)]| {
            move |name: &'static str| {
                pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value))
            }
        };
        let own = |pairs| Folders::from_variables(read(pairs)).unwrap().own;
        assert_eq!(own(&[("HOME", "/h")]), Some("/h/.cache/pixie".into()));
        assert_eq!(own(&[("HOME", "/h"), ("XDG_CACHE_HOME", "/x")]), Some("/x/pixie".into()));
        assert_eq!(own(&[("HOME", "/h"), ("XDG_CACHE_HOME", "x")]), Some("/h/.cache/pixie".into()));
        assert_eq!(own(&[("HOME", "/h"), ("PIXIE_CACHE_DIR", "d")]), Some("d".into()));
        assert_eq!(own(&[]), None);
        let seeds = Folders::from_variables(read(&[("PIXIE_CACHE_SEED", "/a:/b")])).unwrap().seeds;
        assert_eq!(seeds, [PathBuf::from("/a"), PathBuf::from("/b")]);
        assert!(Folders::from_variables(read(&[("PIXIE_CACHE_SIZE", "much")])).is_err());
    }
}
