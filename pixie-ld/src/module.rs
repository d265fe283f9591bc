//! A module in memory: what was chosen, what it offers, where it is.

use std::ffi::c_void;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use pixie_format::manifest::{ExportView, Manifest, Variant};
use pixie_format::{BuildId, Module, Platform, Signature};

use crate::bind::{LoadedExport, SymbolMap};
use crate::error::{Error, Result};
use crate::host::Host;
use crate::map::Mapping;
use crate::select::{Selection, select};

/// A module whose code is in memory. The code stays there as long as the process lives: addresses of its functions travel into
/// places that nobody can follow, so dropping this value deliberately leaks the image.
#[derive(Debug)]
pub struct LoadedModule {
    pub(crate) path: Option<PathBuf>,
    /// The file that the code came from, if that is another one.
    pub(crate) code_path: Option<PathBuf>,
    /// What stands for it in errors.
    pub(crate) origin: Box<str>,
    pub(crate) name: Box<str>,
    pub(crate) doc: Option<Box<str>>,
    pub(crate) manifest: Kept,
    pub(crate) build_id: BuildId,
    pub(crate) host: &'static Host,
    /// The index of the variant that is loaded, and the level that was forced.
    pub(crate) chosen: (usize, Option<String>),
    pub(crate) selection: OnceLock<Selection>,
    pub(crate) exports: Vec<LoadedExport>,
    pub(crate) symbols: SymbolMap,
    pub(crate) mapping: Mapping,
    pub(crate) warnings: Vec<String>,
}

/// The bytes of a manifest, checked, and the manifest once somebody asks for it: most programs only call functions.
#[derive(Debug)]
pub(crate) struct Kept {
    bytes: Vec<u8>,
    range: Range<usize>,
    decoded: OnceLock<Manifest>,
}

impl Kept {
    /// Keeps the bytes of a manifest at `range` of `bytes`, which every check has been made on.
    pub(crate) fn new(mut bytes: Vec<u8>, range: Range<usize>) -> Kept {
        bytes.truncate(range.end);
        bytes.shrink_to_fit();
        Kept { bytes, range, decoded: OnceLock::new() }
    }

    fn bytes(&self) -> &[u8] {
        self.bytes.get(self.range.clone()).unwrap_or_default()
    }

    fn manifest(&self) -> &Manifest {
        self.decoded.get_or_init(|| match Manifest::decode(self.bytes()) {
            Ok(manifest) => manifest,
            Err(error) => unreachable!("the bytes have passed every check, but {error}"),
        })
    }
}

impl LoadedModule {
    /// The file it came from; `None` for bytes.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// The file that the code came from: the module's own, or one that was specialised from it.
    pub fn code_path(&self) -> Option<&Path> {
        self.code_path.as_deref().or(self.path())
    }

    /// This module, which was specialised from the one at `path`, in that one's place: nobody who asks for the file wants to know where
    /// the code lies, which may be gone sooner.
    #[must_use]
    pub fn in_place_of(mut self, path: &Path) -> LoadedModule {
        self.code_path = self.path.replace(path.to_owned()).or(self.code_path);
        self
    }

    /// The name that its author gave it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Text for `module.__doc__`.
    pub fn doc(&self) -> Option<&str> {
        self.doc.as_deref()
    }

    /// The manifest, which is decoded when it is first asked for.
    pub fn manifest(&self) -> &Manifest {
        self.manifest.manifest()
    }

    /// The manifest of the module that this one was specialised from, read from its file again: `None` for a module that was not, and where
    /// that file is gone or is another build by now.
    pub fn origin_manifest(&self) -> Option<Manifest> {
        self.code_path.as_ref()?;
        let bytes = std::fs::read(self.path()?).ok()?;
        let module = Module::parse(&bytes).ok()?;
        (module.build_id().ok()? == self.build_id).then(|| module.manifest().clone())
    }

    /// The module's identity.
    pub fn build_id(&self) -> BuildId {
        self.build_id
    }

    /// What it runs on.
    pub fn host(&self) -> &'static Host {
        self.host
    }

    /// The platform of its objects.
    pub fn platform(&self) -> Platform {
        self.host.platform
    }

    /// Which variant was chosen and why the others were not.
    pub fn selection(&self) -> &Selection {
        self.selection.get_or_init(|| {
            let (index, forced) = &self.chosen;
            let entry = self.manifest().platform(self.platform());
            let selected = entry.map(|entry| select("", entry, self.host, forced.as_deref()));
            // What was chosen once is chosen again: the choice is a pure function of the same values.
            let fallback = || Selection { index: *index, forced: forced.is_some(), refused: Vec::new() };
            selected.and_then(Result::ok).unwrap_or_else(fallback)
        })
    }

    /// The variants that there were, lowest level first.
    pub fn variants(&self) -> &[Variant] {
        self.manifest().platform(self.platform()).map_or(&[], |entry| &entry.variants)
    }

    /// The variant that is loaded.
    pub fn variant(&self) -> &Variant {
        &self.variants()[self.chosen.0]
    }

    /// Its exports, in the manifest's order.
    pub fn exports(&self) -> &[LoadedExport] {
        &self.exports
    }

    /// The first export with this name.
    pub fn export(&self, name: &str) -> Option<&LoadedExport> {
        self.exports.iter().find(|export| &*export.name == name)
    }

    /// What the manifest says of an export of this module.
    pub fn details(&self, export: &LoadedExport) -> ExportView<'_> {
        ExportView::again(self.manifest.bytes().get(export.encoded.clone()).unwrap_or_default())
    }

    /// The signature of an export of this module, with rules M18, M20 and M21 of the format, which loading leaves for now: most
    /// programs use few of a module's functions.
    pub fn signature(&self, export: &LoadedExport) -> Result<Signature> {
        let failed = |source| Error::Format { file: self.origin.to_string(), source: Box::new(source) };
        self.details(export).parse_signature(export.index).map_err(failed)
    }

    /// The inner loop of an export that is a ufunc, which NumPy calls (spec §4.3); `None` if the object has no such code.
    pub fn ufunc_loop(&self, export: &LoadedExport) -> Option<*const c_void> {
        let symbol = self.details(export).ufunc?.inner_loop;
        let (code, size) = self.mapping.code();
        let found = self.symbols.get(symbol.as_bytes())?;
        ((found as usize).wrapping_sub(code as usize) < size).then_some(found.cast())
    }

    /// The address of a symbol that the object defines, as the IR names it.
    pub fn symbol(&self, name: &str) -> Option<*const u8> {
        self.symbols.get(name.as_bytes())
    }

    /// Every visible symbol with its address, by name.
    pub fn symbols(&self) -> impl Iterator<Item = (&str, *const u8)> {
        self.symbols.names()
    }

    /// What of the options could not be done, though the module runs.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The whole image: address and size in bytes.
    pub fn image(&self) -> (*const u8, usize) {
        self.mapping.image()
    }

    /// The executable part: address and size in bytes.
    pub fn code(&self) -> (*const u8, usize) {
        self.mapping.code()
    }

    /// The unwind tables, if the object has any: address and size in bytes.
    pub fn unwind(&self) -> Option<(*const u8, usize)> {
        self.mapping.unwind()
    }
}
