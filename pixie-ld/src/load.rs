//! Loading a module: reads what it needs into private memory, checks it, and takes it through the phases.

use std::borrow::Cow;
use std::fs::File;
use std::path::Path;

use pixie_format::header::HEADER_LEN;
use pixie_format::manifest::{Extent, Manifest};
use pixie_format::{BlobId, BuildId, Header, Signature, reader};

use crate::bind::{SymbolMap, bind};
use crate::error::{Error, Result};
use crate::host::Host;
use crate::map::{Mapping, Reservation};
use crate::module::LoadedModule;
use crate::select::{Selection, select};
use crate::{layout, parse, protect, relocate, symbols, sys};

/// How to load.
#[derive(Clone, Default, Debug)]
#[non_exhaustive]
pub struct LoadOptions {
    /// Takes this level, or `baseline`, instead of the best one; the caller reads `PIXIE_USE_ISA`.
    pub isa: Option<String>,
}

impl LoadOptions {
    /// Takes the level `isa`, the best one if `None`.
    pub fn with_isa(isa: Option<String>) -> LoadOptions {
        LoadOptions { isa }
    }
}

/// How much of a file is read first, bytes: header and manifest of most modules.
const FIRST_READ: u64 = 16 << 10;

/// Loads a module from a file. It is opened once and never mapped: header, manifest and the one variant that runs here are read
/// into private memory, and their hashes are checked there, before anything becomes executable.
pub fn load_file(path: &Path, options: &LoadOptions) -> Result<LoadedModule> {
    let read = |source| Error::Read { path: path.to_owned(), source };
    let file = File::open(path).map_err(read)?;
    let metadata = file.metadata().map_err(read)?;
    if metadata.is_dir() {
        return Err(read(std::io::ErrorKind::IsADirectory.into()));
    }
    let source = Source::File { path, file, size: metadata.len() };
    load(&path.display().to_string(), &source, options, Some(path))
}

/// Loads a module from memory. `name` stands for it in errors.
pub fn load_bytes(name: &str, bytes: &[u8], options: &LoadOptions) -> Result<LoadedModule> {
    load(name, &Source::Bytes(bytes), options, None)
}

enum Source<'a> {
    Bytes(&'a [u8]),
    File { path: &'a Path, file: File, size: u64 },
}

impl Source<'_> {
    fn size(&self) -> u64 {
        match self {
            Source::Bytes(bytes) => bytes.len() as u64,
            Source::File { size, .. } => *size,
        }
    }

    /// `size` bytes at `offset`; the caller has checked that the source is that long.
    fn get(&self, offset: u64, size: u64) -> Result<Cow<'_, [u8]>> {
        match self {
            Source::Bytes(bytes) => {
                let end = offset.saturating_add(size) as usize;
                Ok(Cow::Borrowed(bytes.get(offset as usize..end).unwrap_or_default()))
            }
            Source::File { path, file, .. } => {
                let mut bytes = vec![0; size as usize];
                sys::read_at(file, &mut bytes, offset)
                    .map_err(|source| Error::Read { path: path.to_path_buf(), source })?;
                Ok(Cow::Owned(bytes))
            }
        }
    }
}

fn load(name: &str, source: &Source<'_>, options: &LoadOptions, path: Option<&Path>) -> Result<LoadedModule> {
    let host = Host::detect()?;
    let failed = |source| Error::Format { file: name.to_owned(), source: Box::new(source) };
    let first = source.get(0, source.size().min(FIRST_READ))?;
    let header = Header::parse(&first, source.size()).map_err(failed)?;
    let wanted = HEADER_LEN as u64..HEADER_LEN as u64 + header.manifest_len;
    let manifest_bytes = match first.get(wanted.start as usize..wanted.end as usize) {
        Some(bytes) => Cow::Borrowed(bytes),
        None => source.get(wanted.start, header.manifest_len)?,
    };
    let (manifest, signatures) =
        reader::parse_manifest_with_signatures(&header, &manifest_bytes).map_err(failed)?;
    let Some(entry) = manifest.platform(host.platform) else {
        return Err(Error::NoPlatform {
            module: name.to_owned(),
            platform: host.platform,
            present: manifest.platforms.keys().map(String::as_str).collect::<Vec<_>>().join(", "),
        });
    };
    let selection = select(name, entry, host, options.isa.as_deref())?;
    let Some(variant) = entry.variants.get(selection.index) else {
        unreachable!("a selection is an index into the variants that it was made from")
    };
    let extents = manifest.extents(header.manifest_len).map_err(failed)?;
    let Some(extent) = extents.get(variant.object.0 as usize).copied().flatten() else {
        return Err(thinned(name, &manifest, host));
    };
    let blob = object_bytes(source, &first, extent)?;
    reader::check_blob(&manifest, variant.object, extent, &blob).map_err(failed)?;
    // Of a module that is whole the build id is the manifest's hash, which has just been checked.
    let whole = manifest.origin.is_none() && !manifest.blobs.iter().any(|blob| blob.absent);
    let build_id = match whole {
        true => BuildId(header.manifest_hash),
        false => manifest.build_id(&manifest_bytes).map_err(failed)?,
    };
    let chosen = Chosen { manifest, signatures, build_id, selection, host };
    instantiate(name, &blob, chosen, path)
}

/// The blob, out of what was read already where it is there whole.
fn object_bytes<'s>(source: &'s Source<'_>, first: &'s [u8], extent: Extent) -> Result<Cow<'s, [u8]>> {
    let start = usize::try_from(extent.offset).ok();
    let size = usize::try_from(extent.size).ok();
    let there = start.zip(size).and_then(|(start, size)| first.get(start..)?.get(..size));
    match there {
        Some(bytes) => Ok(Cow::Borrowed(bytes)),
        None => source.get(extent.offset, extent.size),
    }
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

/// What is known before an object is linked.
struct Chosen {
    manifest: Manifest,
    signatures: Vec<Signature>,
    build_id: BuildId,
    selection: Selection,
    host: &'static Host,
}

/// From an object's bytes to a module that can be called: parse, lay out, resolve, relocate, map, protect, bind.
fn instantiate(name: &str, bytes: &[u8], chosen: Chosen, path: Option<&Path>) -> Result<LoadedModule> {
    let Chosen { manifest, signatures, build_id, selection, host } = chosen;
    let isa = manifest.platform(host.platform).and_then(|entry| entry.variants.get(selection.index));
    let what = || format!("`{name}` ({} {})", host.platform, isa.map_or("", |variant| variant.isa.as_str()));
    let link_error = |source| Error::Link { object: what(), source: Box::new(source) };
    let mut object = parse::parse(host.platform, bytes).map_err(link_error)?;
    symbols::provide(&mut object, host.platform);
    let layout = layout::layout(&object, sys::page_size()).map_err(link_error)?;
    let memory_error = |what_failed, hint| {
        let size = layout.size;
        move |source| Error::Memory { object: what(), what: what_failed, size, source, hint }
    };
    let mut reservation = Reservation::new(&layout)
        .map_err(memory_error("reserve memory", "the process or the machine is short of memory"))?;
    let resolver = symbols::resolver(&manifest, host.platform);
    let image = relocate::link(&object, &layout, reservation.base(), &resolver)
        .map_err(|error| link_error(symbols::explain(error, &manifest, host.platform)))?;
    drop(resolver);
    reservation.write(&image);
    protect::protect(&reservation, &image).map_err(memory_error(
        "make the code executable",
        "the system forbids executable anonymous memory (SELinux, PaX or a container's policy)",
    ))?;
    let mapping = Mapping::of(&image);
    sys::flush_code(mapping.code());
    let symbols = SymbolMap::new(&object, &image);
    let exports = bind(&what, &manifest, signatures, &symbols, mapping.code())?;
    reservation.leak();
    Ok(LoadedModule {
        path: path.map(Path::to_owned),
        build_id,
        host,
        selection,
        exports,
        symbols,
        mapping,
        manifest,
    })
}
