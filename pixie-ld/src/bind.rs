//! Binding: from the manifest's exports to addresses that can be called.

use std::cmp::Ordering;
use std::ffi::c_void;
use std::ops::Range;

use pixie_format::manifest::{ExportView, Text};

use crate::error::{Error, Result};
use crate::foreign;
use crate::image::Address;
use crate::layout::Layout;
use crate::object::{Binding, Object, Place};

/// The uniform entry of an export (spec §8): one slot of 8 bytes for each parameter, one for the result.
pub type Thunk = unsafe extern "C" fn(args: *const u64, ret: *mut u64);

/// An export that can be called. What the manifest says of it, `LoadedModule::details` reads when somebody asks.
#[derive(Clone, Debug)]
pub struct LoadedExport {
    /// The name that callers see.
    pub name: Box<str>,
    /// Its thunk. That of another platform's object has that platform's calling convention: see [`LoadedExport::call`].
    pub thunk: Thunk,
    /// Whether the code is of this process's own platform.
    pub(crate) is_native: bool,
    /// The function itself, with the ABI of the platform's C compiler.
    pub function: *const c_void,
    /// Its index in the manifest's exports.
    pub index: usize,
    /// Its own bytes within the manifest's.
    pub(crate) encoded: Range<usize>,
}

// SAFETY: the pointer is the address of code that is never written to and never unmapped; calling it is unsafe anyway.
unsafe impl Send for LoadedExport {}
// SAFETY: as for `Send`; there is no interior state.
unsafe impl Sync for LoadedExport {}

impl LoadedExport {
    /// Calls the thunk, also that of another platform's object.
    ///
    /// # Safety
    /// `args` has one slot for each parameter and `ret` one for the result, in the forms of spec §8.2 for the module's platform;
    /// pointers in them are valid for what the function does.
    pub unsafe fn call(&self, args: *const u64, ret: *mut u64) {
        match self.is_native {
            // SAFETY: the caller's promise.
            true => unsafe { (self.thunk)(args, ret) },
            // SAFETY: the caller's promise; the code is for the platform that `foreign` serves.
            false => unsafe { foreign::call(self.thunk, args, ret) },
        }
    }
}

/// The visible symbols of an image, by name: name and offset from the base. What lies at no place of the image is none of them.
pub(crate) fn visible<'a>(object: &Object<'a>, layout: &Layout) -> Vec<(&'a str, u32)> {
    let mut visible = Vec::with_capacity(object.symbols.len());
    for (index, symbol) in object.symbols.iter().enumerate().filter(|(_, one)| one.binding != Binding::Local)
    {
        let offset = match symbol.place {
            Place::Section(id, offset) => layout.sections.get(id.0 as usize).map(|start| start + offset),
            Place::Common(..) => layout.commons.get(index).copied().flatten(),
            Place::Undefined | Place::Absolute(_) | Place::Discarded => None,
        };
        // An image is far smaller than 4 GiB.
        visible.extend(offset.and_then(|offset| Some((symbol.name, u32::try_from(offset).ok()?))));
    }
    visible.sort_unstable();
    visible
}

/// The visible symbols of an image by name. The names lie in one text, as a module has dozens.
#[derive(Default, Debug)]
pub(crate) struct SymbolMap {
    base: u64,
    names: String,
    /// Where in the text a name ends, and the offset from the base; sorted by name. Each name begins where the one before it ends.
    entries: Vec<(u32, u32)>,
}

impl SymbolMap {
    /// `symbols` ascend by name.
    pub(crate) fn new<'n>(base: Address, symbols: impl Iterator<Item = (&'n str, u32)> + Clone) -> SymbolMap {
        let mut map = SymbolMap {
            base: base.0,
            names: String::with_capacity(symbols.clone().map(|(name, _)| name.len()).sum()),
            entries: Vec::with_capacity(symbols.size_hint().0),
        };
        for (name, offset) in symbols {
            map.names.push_str(name);
            map.entries.push((map.names.len() as u32, offset));
        }
        map
    }

    fn entry(&self, at: usize) -> (&[u8], *const u8) {
        let start = at.checked_sub(1).and_then(|before| self.entries.get(before)).map_or(0, |entry| entry.0);
        let (end, offset) = self.entries.get(at).copied().unwrap_or((start, 0));
        let name = self.names.as_bytes().get(start as usize..end as usize).unwrap_or_default();
        (name, (self.base + u64::from(offset)) as usize as *const u8)
    }

    pub(crate) fn get(&self, name: &[u8]) -> Option<*const u8> {
        let (mut low, mut high) = (0, self.entries.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let (found, address) = self.entry(middle);
            match found.cmp(name) {
                Ordering::Equal => return Some(address),
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
            }
        }
        None
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = (&str, *const u8)> {
        (0..self.entries.len()).map(|at| {
            let (name, address) = self.entry(at);
            (std::str::from_utf8(name).unwrap_or_default(), address)
        })
    }
}

/// Finds function and thunk of every export of a manifest, whose bytes are `manifest`. `what` names the object in errors. `code` is
/// the range of the image's executable segment, in which both must be.
pub(crate) fn bind(
    what: &dyn Fn() -> String,
    views: &[ExportView<'_>],
    manifest: &[u8],
    symbols: &SymbolMap,
    code: (*const u8, usize),
    is_native: bool,
) -> Result<Vec<LoadedExport>> {
    let mut exports = Vec::with_capacity(views.len());
    for (index, export) in views.iter().enumerate() {
        let find = |symbol: Text<'_>, kind| {
            let within = |address: &*const u8| (*address as usize).wrapping_sub(code.0 as usize) < code.1;
            symbols.get(symbol.as_bytes()).filter(within).ok_or_else(|| Error::MissingExport {
                object: what(),
                export: export.name.as_str().to_owned(),
                kind,
                symbol: symbol.as_str().to_owned(),
            })
        };
        let function = find(export.symbol, "function")?;
        let thunk = find(export.thunk, "thunk")?;
        let start = (export.encoded().as_ptr() as usize).saturating_sub(manifest.as_ptr() as usize);
        exports.push(LoadedExport {
            name: export.name.as_str().into(),
            // SAFETY: the address lies in the image's executable segment, is not null, and the manifest says that a thunk is
            // there. Believing it is what loading a module means; nothing is called here.
            thunk: unsafe { std::mem::transmute::<*const u8, Thunk>(thunk) },
            is_native,
            function: function.cast(),
            index,
            encoded: start..start + export.encoded().len(),
        });
    }
    Ok(exports)
}
