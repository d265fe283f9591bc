//! Loading a module: reads what it needs into private memory, checks it, and takes it through the phases.

use std::borrow::Cow;
use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::OnceLock;

use pixie_format::header::HEADER_LEN;
use pixie_format::manifest::{BlobView, Extent, Manifest, ManifestView};
use pixie_format::{BlobId, BuildId, Hash, Header, reader};

use crate::bind::{LoadedExport, SymbolMap, bind};
use crate::debug::{self, Placed};
use crate::error::{Error, Result};
use crate::host::Host;
use crate::map::{Mapping, Reservation};
use crate::module::{Kept, LoadedModule};
use crate::options::LoadOptions;
use crate::select::{quick, select};
use crate::{foreign, layout, parse, protect, relocate, symbols, sys};

/// How much of a file is read first, bytes: header and manifest of a module of a dozen functions.
const FIRST_READ: u64 = 8 << 10;

/// Loads a module from a file. It is opened once and never mapped: header, manifest and the one variant that runs here are read
/// into private memory, and their hashes are checked there, before anything becomes executable.
pub fn load_file(path: &Path, options: &LoadOptions) -> Result<LoadedModule> {
    let read = |source| Error::Read { path: path.to_owned(), source };
    // Asked before opening, which would wait for ever at a pipe that nobody writes to.
    let metadata = std::fs::metadata(path).map_err(read)?;
    if metadata.is_dir() {
        return Err(read(ErrorKind::IsADirectory.into()));
    }
    if !metadata.is_file() {
        return Err(read(std::io::Error::other("it is not a regular file")));
    }
    let file = File::open(path).map_err(read)?;
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
                let read = || {
                    let mut file: &File = file;
                    file.seek(SeekFrom::Start(offset))?;
                    // Unlike a slice to be filled, memory to be appended to need not be zeroed before.
                    let mut bytes = Vec::with_capacity(size as usize);
                    match file.take(size).read_to_end(&mut bytes)? as u64 {
                        read if read == size => Ok(bytes),
                        _ => Err(ErrorKind::UnexpectedEof.into()),
                    }
                };
                let failed = |source| Error::Read { path: path.to_path_buf(), source };
                read().map(Cow::Owned).map_err(failed)
            }
        }
    }
}

fn load(name: &str, source: &Source<'_>, options: &LoadOptions, path: Option<&Path>) -> Result<LoadedModule> {
    let native = Host::detect()?;
    let host = match options.platform {
        Some(platform) if platform != native.platform => foreign::host(platform, native)?,
        _ => native,
    };
    let failed = |source| Error::Format { file: name.to_owned(), source: Box::new(source) };
    let first = source.get(0, source.size().min(FIRST_READ))?;
    let header = Header::parse(&first, source.size()).map_err(failed)?;
    let in_first = HEADER_LEN..HEADER_LEN + header.manifest_len as usize;
    let apart = match first.get(in_first.clone()) {
        Some(_) => None,
        None => Some(source.get(HEADER_LEN as u64, header.manifest_len)?),
    };
    let bytes = apart.as_deref().or_else(|| first.get(in_first.clone())).unwrap_or_default();
    let manifest = reader::view_manifest(&header, bytes).map_err(failed)?;
    let decoded = || Manifest::decode(bytes).map_err(failed);
    let Some(entry) = manifest.platform(host.platform) else {
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
            let decoded = decoded()?;
            let entry = decoded.platforms.get(host.platform.name());
            entry.map_or(Ok(0), |entry| select(name, entry, host, forced).map(|selection| selection.index))?
        }
    };
    let Some(variant) = entry.variants.get(index) else {
        unreachable!("a selection is an index into the variants that it was made from")
    };
    let Some(extent) = manifest.extent(variant.object, header.manifest_len).map_err(failed)? else {
        return Err(thinned(name, &decoded()?, host));
    };
    let blob = object_bytes(source, &first, extent)?;
    let expected = manifest.blobs.get(variant.object.0 as usize).map(BlobView::hash);
    if expected != Some(Hash::of(&blob)) {
        reader::check_blob(&decoded()?, variant.object, extent, &blob).map_err(failed)?;
    }
    // Of a module that is whole the build id is the manifest's hash, which has just been checked.
    let whole = !manifest.has_origin && !manifest.blobs.iter().any(|blob| blob.absent);
    let build_id = match whole {
        true => BuildId(header.manifest_hash),
        false => decoded()?.build_id(bytes).map_err(failed)?,
    };
    let what = || format!("`{name}` ({} {})", host.platform, variant.isa);
    let instance = instantiate(&what, &blob, &manifest, bytes, host, (variant.isa.as_str(), options))?;
    drop(blob);
    let module_name = manifest.name.as_str().into();
    let doc = manifest.doc.map(|doc| doc.as_str().into());
    let kept = match apart {
        Some(bytes) => Kept::new(bytes.into_owned(), 0..header.manifest_len as usize),
        None => Kept::new(first.into_owned(), in_first),
    };
    Ok(LoadedModule {
        path: path.map(Path::to_owned),
        origin: name.into(),
        name: module_name,
        doc,
        manifest: kept,
        build_id,
        host,
        chosen: (index, options.isa.clone()),
        selection: OnceLock::new(),
        exports: instance.exports,
        symbols: instance.symbols,
        mapping: instance.mapping,
        warnings: instance.warnings,
    })
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

/// An object in memory.
struct Instance {
    exports: Vec<LoadedExport>,
    symbols: SymbolMap,
    mapping: Mapping,
    warnings: Vec<String>,
}

/// From an object's bytes to functions that can be called: parse, lay out, map, resolve, relocate, protect, bind. `what` names the
/// object in errors.
fn instantiate(
    what: &dyn Fn() -> String,
    bytes: &[u8],
    manifest: &ManifestView<'_>,
    manifest_bytes: &[u8],
    host: &Host,
    (isa, options): (&str, &LoadOptions),
) -> Result<Instance> {
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
    let base = reservation.base();
    let resolver = symbols::resolver(&manifest.imports, host);
    let addresses =
        relocate::link_into(&object, &layout, base, &resolver, &mut reservation.segments(&layout))
            .map_err(|error| link_error(symbols::explain(error, &manifest.imports, host.platform)))?;
    protect::protect(&mut reservation, &layout, options.memory, manifest.name.as_str())
        .map_err(memory_error("make the code executable", sys::EXECUTABLE_HINT))?;
    let mapping = Mapping::of(&layout, base);
    sys::flush_code(mapping.code());
    let symbols = SymbolMap::new(&object, &addresses);
    let exports = bind(what, &manifest.exports, manifest_bytes, &symbols, mapping.code(), host.is_native())?;
    reservation.leak();
    // The system's unwinder knows its own tables alone.
    if host.is_native() {
        mapping.register_unwind(&object, &layout);
    }
    let module = manifest.name.as_str();
    let warnings = debug::announce(
        &Placed { module, isa, file: bytes, object: &object, layout: &layout, base },
        options,
    );
    Ok(Instance { exports, symbols, mapping, warnings })
}
