//! Binding: from the manifest's exports to addresses that can be called.

use std::ffi::c_void;

use pixie_format::Signature;
use pixie_format::manifest::Manifest;

use crate::error::{Error, Result};
use crate::image::Image;
use crate::object::{Binding, Object, Place};

/// The uniform entry of an export (spec §8): one slot of 8 bytes for each parameter, one for the result.
pub type Thunk = unsafe extern "C" fn(args: *const u64, ret: *mut u64);

/// An export that can be called.
#[derive(Clone, Debug)]
pub struct LoadedExport {
    /// Its signature.
    pub signature: Signature,
    /// Its thunk.
    pub thunk: Thunk,
    /// The function itself, with the ABI of the platform's C compiler.
    pub function: *const c_void,
    /// Its index in the manifest's exports.
    pub index: usize,
}

// SAFETY: the pointer is the address of code that is never written to and never unmapped; calling it is unsafe anyway.
unsafe impl Send for LoadedExport {}
// SAFETY: as for `Send`; there is no interior state.
unsafe impl Sync for LoadedExport {}

/// The defined, visible symbols of an image by name.
#[derive(Default, Debug)]
pub(crate) struct SymbolMap {
    /// Sorted by name.
    entries: Vec<(Box<str>, u64)>,
}

impl SymbolMap {
    pub(crate) fn new(object: &Object<'_>, image: &Image) -> SymbolMap {
        let mut entries = Vec::with_capacity(object.symbols.len());
        for (symbol, address) in object.symbols.iter().zip(&image.symbols) {
            let visible = symbol.binding != Binding::Local
                && !matches!(symbol.place, Place::Undefined | Place::Discarded);
            if let (true, Some(address)) = (visible, address) {
                entries.push((Box::from(symbol.name), address.0));
            }
        }
        entries.sort_unstable();
        SymbolMap { entries }
    }

    pub(crate) fn get(&self, name: &str) -> Option<*const u8> {
        let at = self.entries.binary_search_by(|(entry, _)| entry.as_ref().cmp(name)).ok()?;
        self.entries.get(at).map(|(_, address)| *address as usize as *const u8)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = (&str, *const u8)> {
        self.entries.iter().map(|(name, address)| (name.as_ref(), *address as usize as *const u8))
    }
}

/// Finds function and thunk of every export; `signatures` are those of the manifest, in its order. `what` names the object in errors. `code` is the range of the image's executable
/// segment, in which both must be.
pub(crate) fn bind(
    what: &dyn Fn() -> String,
    manifest: &Manifest,
    signatures: Vec<Signature>,
    symbols: &SymbolMap,
    code: (*const u8, usize),
) -> Result<Vec<LoadedExport>> {
    let mut exports = Vec::with_capacity(manifest.exports.len());
    for (index, (export, signature)) in manifest.exports.iter().zip(signatures).enumerate() {
        let find = |symbol: &str, kind| {
            let within = |address: &*const u8| (*address as usize).wrapping_sub(code.0 as usize) < code.1;
            symbols.get(symbol).filter(within).ok_or_else(|| Error::MissingExport {
                object: what(),
                export: export.name.clone(),
                kind,
                symbol: symbol.to_owned(),
            })
        };
        let function = find(&export.symbol, "function")?;
        let thunk = find(&export.thunk, "thunk")?;
        exports.push(LoadedExport {
            signature,
            // SAFETY: the address lies in the image's executable segment, is not null, and the manifest says that a thunk is
            // there. Believing it is what loading a module means; nothing is called here.
            thunk: unsafe { std::mem::transmute::<*const u8, Thunk>(thunk) },
            function: function.cast(),
            index,
        });
    }
    Ok(exports)
}
