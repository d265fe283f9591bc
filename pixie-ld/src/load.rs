//! Loading a module: reads what it needs into private memory, checks it, and takes it through the phases.

use std::borrow::Cow;
use std::fs::Metadata;
use std::ops::Range;
use std::path::Path;
use std::sync::OnceLock;

use pixie_format::header::HEADER_LEN;
use pixie_format::manifest::{BlobView, Manifest};
use pixie_format::{BlobId, BuildId, Hash, Header, Platform, reader};

use crate::ahead::{Part, read_ahead};
use crate::error::{Error, Result};
use crate::foreign;
use crate::host::Host;
use crate::instance::{Failed, Placing};
use crate::module::{Kept, LoadedModule};
use crate::options::LoadOptions;
use crate::select::{quick, select};
use crate::side;
use crate::source::{Blob, Source};

/// How much of a file is read first, bytes: header and manifest of a module of a dozen functions.
const FIRST_READ: u64 = 8 << 10;

/// Who has the same module compiled for this host: asked where it has no code for it itself.
pub trait Elsewhere {
    /// The module in a file of which the system says this, if the same file was asked for before. Nobody has read its manifest now.
    fn again(&self, file: &Metadata) -> Option<LoadedModule>;

    /// The module with this hash of its manifest; `file` is what the system says of the file that it was read from.
    fn compiled(&self, manifest: Hash, file: Option<&Metadata>) -> Option<LoadedModule>;
}

/// Nobody.
struct Nowhere;

impl Elsewhere for Nowhere {
    fn again(&self, _file: &Metadata) -> Option<LoadedModule> {
        None
    }

    fn compiled(&self, _manifest: Hash, _file: Option<&Metadata>) -> Option<LoadedModule> {
        None
    }
}

/// Loads a module from a file. It is opened once and never mapped: header, manifest and the one variant that runs here are read
/// into private memory, and their hashes are checked there, before anything becomes executable.
///
/// Where a specialised copy of the module lies beside it ([`side_file`]) and fits this host, its code is taken.
pub fn load_file(path: &Path, options: &LoadOptions) -> Result<LoadedModule> {
    load_file_or(path, options, &Nowhere)
}

/// As [`load_file`]; what `elsewhere` gives is taken where neither the module nor what lies beside it has code for this host.
pub fn load_file_or(path: &Path, options: &LoadOptions, elsewhere: &dyn Elsewhere) -> Result<LoadedModule> {
    let source = open(path)?;
    let name = path.to_string_lossy();
    let mut start = Start::read(&name, &source)?;
    if let Some(file) = source.metadata()
        && options.looks_beside()
        && !mentions(start.manifest(), Host::detect()?.platform)
        && side::is_nowhere(path)
    {
        // What is asked may load a file, too: not on top of this one, as memory that no one has used yet takes time.
        drop(start);
        if let Some(module) = elsewhere.again(file) {
            return Ok(module);
        }
        start = Start::read(&name, &source)?;
    }
    load_from(&name, &source, start, options, Some(path), elsewhere)
}

/// A file that was opened and not yet read, for who wants to know first whose it is.
pub struct Opened<'a> {
    path: &'a Path,
    source: Source<'a>,
}

impl<'a> Opened<'a> {
    /// Opens a module's file.
    pub fn open(path: &'a Path) -> Result<Opened<'a>> {
        Ok(Opened { path, source: open(path)? })
    }

    /// What the system says of the file that is open.
    pub fn metadata(&self) -> Option<&Metadata> {
        self.source.metadata()
    }

    /// Loads the module.
    pub fn load(&self, options: &LoadOptions) -> Result<LoadedModule> {
        load(&self.path.to_string_lossy(), &self.source, options, Some(self.path))
    }
}

/// Loads a module from memory. `name` stands for it in errors.
pub fn load_bytes(name: &str, bytes: &[u8], options: &LoadOptions) -> Result<LoadedModule> {
    load(name, &Source::Bytes(bytes), options, None)
}

/// The hash of a file's manifest, which names the module and how it was compiled. Of the file only the header is read.
pub fn manifest_hash(path: &Path) -> Result<Hash> {
    let source = open(path)?;
    let first = source.get(0, source.size().min(HEADER_LEN as u64))?;
    let header = Header::parse(&first, source.size());
    let failed = |source| Error::Format { file: path.display().to_string(), source: Box::new(source) };
    header.map(|header| header.manifest_hash).map_err(failed)
}

fn open(path: &Path) -> Result<Source<'_>> {
    read_ahead(Part::Load);
    Source::open(path).map_err(|source| Error::Read { path: path.to_owned(), source })
}

/// What of a module is read first.
struct Start<'s> {
    first: Cow<'s, [u8]>,
    header: Header,
    /// The manifest, where the first read has not all of it.
    apart: Option<Cow<'s, [u8]>>,
}

impl<'s> Start<'s> {
    /// Reads it; `name` stands for the module in errors.
    fn read(name: &str, source: &'s Source<'_>) -> Result<Start<'s>> {
        let first = source.get(0, source.size().min(FIRST_READ))?;
        let header = Header::parse(&first, source.size()).map_err(|source| format(name, source))?;
        let apart = match first.get(in_first(&header)) {
            Some(_) => None,
            None => Some(source.get(HEADER_LEN as u64, header.manifest_len)?),
        };
        Ok(Start { first, header, apart })
    }

    fn manifest(&self) -> &[u8] {
        self.apart.as_deref().or_else(|| self.first.get(in_first(&self.header))).unwrap_or_default()
    }

    /// What a module keeps of it.
    fn keep(self) -> Kept {
        match self.apart {
            Some(bytes) => Kept::new(bytes.into_owned(), 0..self.header.manifest_len as usize),
            None => Kept::new(self.first.into_owned(), in_first(&self.header)),
        }
    }
}

/// Where the manifest lies in what is read first, if that has all of it.
fn in_first(header: &Header) -> Range<usize> {
    HEADER_LEN..HEADER_LEN + header.manifest_len as usize
}

fn format(name: &str, source: pixie_format::Error) -> Error {
    Error::Format { file: name.to_owned(), source: Box::new(source) }
}

/// Loads a module from where its bytes are, which `name` stands for in errors.
pub(crate) fn load(
    name: &str,
    source: &Source<'_>,
    options: &LoadOptions,
    path: Option<&Path>,
) -> Result<LoadedModule> {
    load_from(name, source, Start::read(name, source)?, options, path, &Nowhere)
}

fn load_from(
    name: &str,
    source: &Source<'_>,
    start: Start<'_>,
    options: &LoadOptions,
    path: Option<&Path>,
    elsewhere: &dyn Elsewhere,
) -> Result<LoadedModule> {
    let native = Host::detect()?;
    let host = match options.platform {
        Some(platform) if platform != native.platform => foreign::host(platform, native)?,
        _ => native,
    };
    let failed = |source| format(name, source);
    let (header, bytes) = (&start.header, start.manifest());
    let manifest = reader::view_manifest(header, bytes).map_err(failed)?;
    let decoded = || Manifest::decode(bytes).map_err(failed);
    // Of a module that is whole the build id is the manifest's hash, which has just been checked.
    let build_id = match manifest.origin {
        Some(origin) => origin,
        None if !manifest.blobs.iter().any(|blob| blob.absent) => BuildId(header.manifest_hash),
        None => decoded()?.build_id(bytes).map_err(failed)?,
    };
    let mut warnings = Vec::new();
    if let Some(path) = path.filter(|_| options.looks_beside()) {
        match side::load_beside(path, build_id, options) {
            Ok(Some(module)) => return Ok(module),
            Ok(None) => {}
            Err(warning) => warnings.push(warning),
        }
    }
    let elsewhere = || match options.isa {
        None => elsewhere.compiled(header.manifest_hash, source.metadata()),
        Some(_) => None,
    };
    let Some(entry) = manifest.platform(host.platform) else {
        if let Some(module) = elsewhere() {
            return Ok(module);
        }
        return Err(Error::NoPlatform {
            module: name.to_owned(),
            platform: host.platform,
            present: decoded()?.platforms.keys().map(String::as_str).collect::<Vec<_>>().join(", "),
        });
    };
    let forced = options.isa.as_deref();
    let index = match quick(entry, host, forced) {
        Some(index) => index,
        None => {
            if let Some(module) = elsewhere() {
                return Ok(module);
            }
            let decoded = decoded()?;
            let entry = decoded.platforms.get(host.platform.name());
            entry.map_or(Ok(0), |entry| select(name, entry, host, forced).map(|selection| selection.index))?
        }
    };
    let Some(variant) = entry.variants.get(index) else {
        unreachable!("a selection is an index into the variants that it was made from")
    };
    let what = || format!("`{name}` ({} {})", host.platform, variant.isa);
    let extent = |id| manifest.extent(id, header.manifest_len).map_err(failed);
    let hash = |id: BlobId| manifest.blobs.get(id.0 as usize).map(BlobView::hash);
    let place = Placing { what: &what, manifest: &manifest, bytes, host, isa: variant.isa, options };
    let mut instance = None;
    if let Some(id) = variant.image.filter(|_| !options.needs_object())
        && let Some(extent) = extent(id)?
    {
        let blob = Blob { source, first: &start.first, extent };
        instance = match place.image(&blob, hash(id)) {
            Err(Failed::Damaged(why)) => {
                reader::check_blob(&decoded()?, id, extent, &blob.whole()?).map_err(failed)?;
                let changed = || Error::Changed { file: name.to_owned() };
                return Err(why.map_or_else(changed, failed));
            }
            Err(Failed::Error(error)) => return Err(*error),
            Ok(instance) => instance,
        };
    }
    let instance = match instance {
        Some(instance) => instance,
        None => {
            let Some(extent) = extent(variant.object)? else {
                if let Some(module) = elsewhere() {
                    return Ok(module);
                }
                return Err(thinned(name, &decoded()?, host));
            };
            let blob = Blob { source, first: &start.first, extent }.whole()?;
            if hash(variant.object) != Some(Hash::of(&blob)) {
                reader::check_blob(&decoded()?, variant.object, extent, &blob).map_err(failed)?;
            }
            place.object(&blob)?
        }
    };
    warnings.extend(instance.warnings);
    let module_name = manifest.name.as_str().into();
    let doc = manifest.doc.map(|doc| doc.as_str().into());
    Ok(LoadedModule {
        path: path.map(Path::to_owned),
        code_path: None,
        origin: name.into(),
        name: module_name,
        doc,
        manifest: start.keep(),
        build_id,
        host,
        chosen: (index, options.isa.clone()),
        selection: OnceLock::new(),
        exports: instance.exports,
        symbols: instance.symbols,
        mapping: instance.mapping,
        warnings,
    })
}

/// Whether a manifest may have an entry for the platform: one has its name somewhere.
fn mentions(manifest: &[u8], platform: Platform) -> bool {
    const BLOCK: usize = 64;
    let name = platform.name().as_bytes();
    let ([first, ..], [.., last]) = (name, name) else { return true };
    let ends = manifest.get(name.len() - 1..).unwrap_or_default();
    let mut blocks = manifest.chunks(BLOCK).zip(ends.chunks(BLOCK)).enumerate();
    blocks.any(|(index, (starts, ends))| {
        // Without a branch in it the loop compares 16 bytes at once, a block in a few nanoseconds.
        let pairs = starts.iter().zip(ends);
        let is_near = pairs.fold(false, |near, (start, end)| near | ((start == first) & (end == last)));
        let from = manifest.get(index * BLOCK..).unwrap_or_default();
        is_near && from.windows(name.len()).take(BLOCK).any(|found| found == name)
    })
}

fn thinned(name: &str, manifest: &Manifest, host: &Host) -> Error {
    let is_there = |id: BlobId| !manifest.blob(id).absent;
    let present = manifest
        .platforms
        .iter()
        .filter(|(_, entry)| entry.variants.iter().all(|variant| is_there(variant.object)));
    let present = present.map(|(platform, _)| platform.as_str()).collect::<Vec<_>>().join(", ");
    Error::Thinned {
        module: name.to_owned(),
        platform: host.platform.name().to_owned(),
        present: if present.is_empty() { "no platform".to_owned() } else { present },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_wherever_it_stands_and_nothing_else_is() {
        for platform in Platform::ALL {
            let name = platform.name().as_bytes();
            for size in [0, name.len() - 1, name.len(), 63, 64, 65, 200] {
                let mut bytes: Vec<u8> = name.iter().map(|byte| byte ^ 1).cycle().take(size).collect();
                assert!(!mentions(&bytes, platform));
                for at in 0..(size + 1).saturating_sub(name.len()) {
                    let before = bytes[at..at + name.len()].to_vec();
                    bytes[at..at + name.len()].copy_from_slice(name);
                    assert!(mentions(&bytes, platform), "{platform} at {at} of {size}");
                    bytes[at + 2] ^= 1;
                    assert!(!mentions(&bytes, platform), "{platform} at {at} of {size}, damaged");
                    bytes[at..at + name.len()].copy_from_slice(&before);
                }
            }
        }
    }
}
