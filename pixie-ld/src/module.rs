//! A module in memory: what was chosen, what it offers, where it is.

use std::path::{Path, PathBuf};

use pixie_format::manifest::{Manifest, Variant};
use pixie_format::{BuildId, Platform};

use crate::bind::{LoadedExport, SymbolMap};
use crate::host::Host;
use crate::map::Mapping;
use crate::select::Selection;

/// A module whose code is in memory. The code stays there as long as the process lives: addresses of its functions travel into
/// places that nobody can follow, so dropping this value deliberately leaks the image.
#[derive(Debug)]
pub struct LoadedModule {
    pub(crate) path: Option<PathBuf>,
    pub(crate) manifest: Manifest,
    pub(crate) build_id: BuildId,
    pub(crate) host: &'static Host,
    pub(crate) selection: Selection,
    pub(crate) exports: Vec<LoadedExport>,
    pub(crate) symbols: SymbolMap,
    pub(crate) mapping: Mapping,
}

impl LoadedModule {
    /// The file it came from; `None` for bytes.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// The manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
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
        &self.selection
    }

    /// The variants that there were, lowest level first.
    pub fn variants(&self) -> &[Variant] {
        self.manifest.platform(self.platform()).map_or(&[], |entry| &entry.variants)
    }

    /// The variant that is loaded.
    pub fn variant(&self) -> &Variant {
        &self.variants()[self.selection.index]
    }

    /// Its exports, in the manifest's order.
    pub fn exports(&self) -> &[LoadedExport] {
        &self.exports
    }

    /// The first export with this name.
    pub fn export(&self, name: &str) -> Option<&LoadedExport> {
        self.exports.iter().find(|export| export.signature.name == name)
    }

    /// The address of a symbol that the object defines, as the IR names it.
    pub fn symbol(&self, name: &str) -> Option<*const u8> {
        self.symbols.get(name)
    }

    /// Every visible symbol with its address, by name.
    pub fn symbols(&self) -> impl Iterator<Item = (&str, *const u8)> {
        self.symbols.names()
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
