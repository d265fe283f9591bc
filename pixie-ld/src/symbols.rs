//! The outside symbols at run time: those of the runtime symbol list, and foreign ones that the author allowed.

use pixie_format::manifest::ImportView;
use pixie_format::runtime_symbols::{self, Provider, SymbolKind};
use pixie_format::{Arch, Platform};

use crate::cpu::model;
use crate::error::LinkError;
use crate::host::Host;
use crate::image::Address;
use crate::object::{Object, Place};
use crate::resolve::{Resolved, ResolvedKind};
use crate::{foreign, sys};

/// Puts the runtime's own data into the image, near the code that refers to it; `bytes` are those of each variable.
pub(crate) fn provide(
    object: &mut Object<'_>,
    platform: Platform,
    bytes: impl Fn(&str) -> Option<&'static [u8]>,
) {
    let wanted = |name: &str| {
        object.symbols.iter().any(|symbol| symbol.place == Place::Undefined && symbol.name == name)
    };
    if platform.arch() == Arch::X86_64 && (wanted(CPU_MODEL) || wanted(CPU_FEATURES2)) {
        for name in [CPU_MODEL, CPU_FEATURES2] {
            object.provide(name, bytes(name).unwrap_or_default(), 4);
        }
    }
}

/// The bytes of the data that the runtime provides, which become part of an image.
pub(crate) fn provided(name: &str) -> Option<&'static [u8]> {
    match name {
        CPU_MODEL => Some(&model::host().model),
        CPU_FEATURES2 => Some(&model::host().features2),
        _ => None,
    }
}

const CPU_MODEL: &str = "__cpu_model";
const CPU_FEATURES2: &str = "__cpu_features2";

/// Where a symbol is, by name.
type Lookup = fn(&str) -> Option<usize>;

/// Finds the symbols of the runtime symbol list of the host's platform and the foreign ones of `imports`, and no others.
pub(crate) fn resolver(imports: &[ImportView<'_>], host: &Host) -> impl Fn(&str) -> Option<Resolved> {
    let platform = host.platform;
    let (library, own): (Lookup, Lookup) = match host.is_native() {
        true => (sys::symbol, own),
        false => (foreign::symbol, foreign::symbol),
    };
    move |name| {
        let found = |address: usize, kind| Some(Resolved { address: Address(address as u64), kind });
        if let Some(symbol) = runtime_symbols::find(name, platform) {
            return match (symbol.kind, symbol.provider) {
                (SymbolKind::Absolute, _) => found(0, ResolvedKind::Absolute),
                (_, Provider::Runtime) => found(own(name)?, ResolvedKind::Function),
                (SymbolKind::Data, _) => found(library(name)?, ResolvedKind::Data),
                (SymbolKind::Function, _) => found(library(name)?, ResolvedKind::Function),
            };
        }
        let at = imports.binary_search_by(|import| import.name.as_bytes().cmp(name.as_bytes())).ok()?;
        match imports.get(at) {
            Some(import) if import.foreign => found(library(name)?, ResolvedKind::Function),
            _ => None,
        }
    }
}

/// Adds to the error about an undefined symbol why the host does not have it.
pub(crate) fn explain(error: LinkError, imports: &[ImportView<'_>], platform: Platform) -> LinkError {
    let LinkError::Undefined { symbol, place, .. } = error else { return error };
    let foreign = imports.iter().any(|import| import.foreign && import.name.as_str() == symbol);
    let hint = if foreign {
        "its author allowed this import; load the library that defines it into the process first, with its symbols global, or link this module with one that exports it (`pixie link`)"
    } else if runtime_symbols::find(&symbol, platform).is_some() {
        "every system that pixie supports has it; this C library is older or another one"
    } else {
        "no import of the manifest names it; build the module again"
    };
    LinkError::Undefined { symbol, place, hint: format!("\nhint: {hint}") }
}

/// The functions that the runtime itself provides.
pub(crate) fn own(name: &str) -> Option<usize> {
    match name {
        "roundeven" => Some(roundeven as extern "C" fn(f64) -> f64 as usize),
        "roundevenf" => Some(roundevenf as extern "C" fn(f32) -> f32 as usize),
        "__cpu_indicator_init" => Some(cpu_indicator_init as extern "C" fn() -> i32 as usize),
        // What only one system lacks is in that system's file.
        _ => sys::symbol(name),
    }
}

/// glibc has it from 2.25 on, the oldest system that pixie knows from 2.17.
extern "C" fn roundeven(x: f64) -> f64 {
    x.round_ties_even()
}

extern "C" fn roundevenf(x: f32) -> f32 {
    x.round_ties_even()
}

/// The tables are filled before any code of a module runs.
extern "C" fn cpu_indicator_init() -> i32 {
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_runtime_symbol_of_this_system_is_there() {
        let host = Host::detect().unwrap_or_else(|error| panic!("{error}"));
        let found = resolver(&[], host);
        let of_host = runtime_symbols::ALL.iter().filter(|symbol| symbol.platforms.contains(&host.platform));
        let mut count = 0;
        for symbol in of_host.filter(|symbol| symbol.kind != SymbolKind::Data) {
            assert!(found(symbol.name).is_some(), "{} has no `{}`", host.platform, symbol.name);
            count += 1;
        }
        assert!(count > 100);
        assert!(found("printf").is_none(), "it is no part of the list");
    }
}
