//! Entries: finding one, adding one whole or not at all, listing and clearing them.
//!
//! `modules/KK/KEY-TOOL.pixie` in a cache folder is the module for one [`Key`], made by one tool. Entries are only ever added and
//! removed: written beside and renamed, so no process sees half of one, and whoever has read one does not miss it when it goes.
//! `stamps/STAMP` is a hard link to the entry that was found for a file of this [`Stamp`].

use std::fs::{self, DirEntry, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use pixie_format::Hash;

use crate::error::{Error, Result};
use crate::evict;
use crate::folders::Folders;
use crate::key::Key;
use crate::owner;
use crate::stamp::{self, Stamp};

/// The folder of the entries.
const MODULES: &str = "modules";
/// The folder of the links to them: opening one costs 2 us less than following a symbolic link.
const STAMPS: &str = "stamps";
/// An entry that was used longer ago is marked as used now.
const FRESH: Duration = Duration::from_secs(60);

/// The cache folders, and what can be done with them.
#[derive(Clone, Debug)]
pub struct Cache {
    /// Where they are.
    pub folders: Folders,
}

/// A module in the cache.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its file.
    pub path: PathBuf,
    /// Bytes.
    pub size: u64,
    /// When it was last used, to a minute.
    pub used: SystemTime,
    /// Whether it lies in the user's own folder, rather than in one that is only read.
    pub own: bool,
}

impl Cache {
    /// The entry for `key` that `tool` has made; of any tool, the newest, where there is none that could make it again.
    pub fn find(&self, key: Key, tool: Option<Hash>) -> Option<Entry> {
        let seeds = self.folders.seeds.iter().map(|folder| (folder, false));
        let own = self.folders.own.iter().map(|folder| (folder, true));
        let found = seeds.chain(own).find_map(|(root, own)| {
            trusted(root)?;
            match tool {
                Some(tool) => entry(folder(root, key).join(key.file(tool)), own),
                None => {
                    let files = of_key(root, key);
                    files.filter_map(|file| entry(file.path(), own)).max_by_key(|entry| entry.used)
                }
            }
        });
        if let Some(entry) = &found {
            entry.touch();
        }
        found
    }

    /// Where there is a link to the entry that was found before for a file of this stamp, if there is one. Folders of a site come first, so
    /// that beside them nothing is remembered.
    pub fn stamped(&self, stamp: &Stamp) -> Option<PathBuf> {
        let root = self.folders.own.as_deref().filter(|_| self.folders.seeds.is_empty())?;
        trusted(root)?;
        Some([root, Path::new(STAMPS), Path::new(stamp.name())].iter().collect())
    }

    /// Remembers that `entry` is that of a file of this stamp, by a link to it. Where it cannot, the file is read the next time, too.
    pub fn remember(&self, stamp: &Stamp, entry: &Entry) {
        let root = self.folders.own.as_deref().filter(|_| entry.own && self.folders.seeds.is_empty());
        let Some(folder) = root.map(|root| root.join(STAMPS)) else { return };
        let link = folder.join(stamp.name());
        // One that is there has not helped.
        let _ = fs::remove_file(&link);
        let _ = owner::create_private(&folder).and_then(|()| fs::hard_link(&entry.path, link));
    }

    /// Removes links to entries that are gone.
    fn forget(root: &Path) {
        for file in fs::read_dir(root.join(STAMPS)).into_iter().flatten().flatten() {
            if file.metadata().is_ok_and(|metadata| stamp::is_last_link(&metadata)) {
                // Another process may have been quicker.
                let _ = fs::remove_file(file.path());
            }
        }
    }

    /// Whether there is an entry for `key`, of any tool.
    pub fn has(&self, key: Key) -> bool {
        self.folders.seeds.iter().chain(&self.folders.own).any(|root| of_key(root, key).next().is_some())
    }

    /// The folder for `key`, made if need be, and where the lock of its entries lies.
    pub fn prepare(&self, key: Key) -> Result<PathBuf> {
        let root = self.folders.own()?;
        let folder = folder(root, key);
        owner::create_private(&folder).map_err(|source| written(&folder, source))?;
        for path in [root, &folder] {
            let metadata = fs::metadata(path).map_err(|source| written(path, source))?;
            if let Some(why) = owner::mistrust(&metadata) {
                return Err(Error::Shared { path: path.to_owned(), why });
            }
        }
        Ok(folder.join(format!("{key}.lock")))
    }

    /// Adds a module, whole or not at all, and removes what has not been used for longest where the cache is too large.
    pub fn add(&self, key: Key, tool: Hash, bytes: &[u8]) -> Result<PathBuf> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let root = self.folders.own()?;
        let path = folder(root, key).join(key.file(tool));
        // Threads of one process do not meet either.
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let beside = path.with_extension(format!("{}-{number}.tmp", std::process::id()));
        let write = || {
            let mut file = OpenOptions::new().write(true).create_new(true).open(&beside)?;
            file.write_all(bytes)?;
            drop(file);
            fs::rename(&beside, &path)
        };
        write().map_err(|source| {
            // What is left where that fails too is removed when it is old.
            let _ = fs::remove_file(&beside);
            written(&path, source)
        })?;
        evict::shrink(&self.entries(), self.folders.bound, &path);
        evict::sweep(&files(&root.join(MODULES)));
        Self::forget(root);
        Ok(path)
    }

    /// Every entry of every folder, the user's last.
    pub fn entries(&self) -> Vec<Entry> {
        let seeds = self.folders.seeds.iter().map(|folder| (folder, false));
        let own = self.folders.own.iter().map(|folder| (folder, true));
        let mut all = Vec::new();
        for (root, own) in seeds.chain(own) {
            let files = files(&root.join(MODULES));
            all.extend(files.iter().filter(|file| is_entry(file)).filter_map(|file| entry(file.path(), own)));
        }
        all
    }

    /// Removes everything from the user's folder that the cache has put there; how many entries these were.
    pub fn clear(&self) -> Result<usize> {
        let root = self.folders.own()?;
        let own = self.entries().iter().filter(|entry| entry.own).count();
        for folder in [root.join(STAMPS), root.join(MODULES), root.join("tools")] {
            match fs::remove_dir_all(&folder) {
                Err(source) if source.kind() != io::ErrorKind::NotFound => {
                    return Err(Error::File { what: "remove", path: folder, source });
                }
                _ => {}
            }
        }
        Ok(own)
    }
}

impl Entry {
    /// The entry in a file that `metadata` describes, unless others could have written it.
    pub(crate) fn new(path: PathBuf, metadata: &Metadata, own: bool) -> Option<Entry> {
        if !metadata.is_file() || owner::mistrust(metadata).is_some() {
            return None;
        }
        Some(Entry { size: metadata.len(), used: metadata.modified().ok()?, path, own })
    }

    /// Marks an entry as used now.
    pub(crate) fn touch(&self) {
        let now = SystemTime::now();
        if self.own && now.duration_since(self.used).is_ok_and(|age| age > FRESH) {
            // Only tells what to remove first.
            let _ = File::open(&self.path).and_then(|file| file.set_modified(now));
        }
    }

    /// Removes an entry that cannot be used, if this user may.
    pub fn remove(&self) {
        if self.own {
            // Gone already, or not ours to remove: it is not used either way.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn written(path: &Path, source: io::Error) -> Error {
    Error::File { what: "write", path: path.to_owned(), source }
}

fn folder(root: &Path, key: Key) -> PathBuf {
    let name = key.to_string();
    root.join(MODULES).join(name.get(..2).unwrap_or_default())
}

/// A folder that nobody else can write to.
fn trusted(root: &Path) -> Option<()> {
    let metadata = fs::metadata(root).ok()?;
    owner::mistrust(&metadata).is_none().then_some(())
}

fn entry(path: PathBuf, own: bool) -> Option<Entry> {
    let metadata = fs::metadata(&path).ok()?;
    Entry::new(path, &metadata, own)
}

fn is_entry(file: &DirEntry) -> bool {
    file.path().extension().is_some_and(|suffix| suffix == pixie_format::SUFFIX)
}

/// The files of `key`, of all tools.
fn of_key(root: &Path, key: Key) -> impl Iterator<Item = DirEntry> {
    let stem = key.stem();
    let files = fs::read_dir(folder(root, key)).into_iter().flatten().flatten();
    files.filter(move |file| {
        is_entry(file) && file.file_name().to_str().is_some_and(|name| name.starts_with(&stem))
    })
}

/// The files in the folders below `modules`.
fn files(modules: &Path) -> Vec<DirEntry> {
    let folders = fs::read_dir(modules).into_iter().flatten().flatten();
    folders.flat_map(|folder| fs::read_dir(folder.path()).into_iter().flatten().flatten()).collect()
}
