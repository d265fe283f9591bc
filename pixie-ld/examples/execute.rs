//! Calls functions of a module on every level that it has, with inputs that are the same everywhere, and prints a hash of what
//! comes out, so that runs on different processors can be compared.
//!
//! `execute MODULE CALLS [MODULE CALLS]…`, where CALLS is a file with one call a line: the function, then `parameter=value` for
//! each scalar.

use std::collections::HashMap;
use std::error::Error;
use std::path::Path;

use pixie_format::signature::{Array, Dim, Layout, Mode, ScalarKind, Signature, Type};
use pixie_format::thunk::Slot;
use pixie_format::{Hash, Platform};
use pixie_ld::{Host, LoadOptions, LoadedExport, LoadedModule, load_file};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (pairs, []) = words.as_chunks() else {
        return Err("usage: execute MODULE CALLS [MODULE CALLS]…".into());
    };
    println!("cpu {}", Host::detect()?.cpu());
    for [module, calls] in pairs {
        every_level(Path::new(module), &std::fs::read_to_string(calls)?)?;
    }
    Ok(())
}

fn every_level(path: &Path, calls: &str) -> Result<()> {
    let best = load_file(path, &LoadOptions::default())?;
    let name = &best.manifest().name;
    println!("{name} chosen {}", best.variant().isa);
    for variant in best.variants() {
        match load_file(path, &LoadOptions::with_isa(Some(variant.isa.clone()))) {
            Ok(module) => call_all(&module, calls)?,
            Err(error) => {
                println!("{name} refused {} {}", variant.isa, error.to_string().replace('\n', " "));
            }
        }
    }
    Ok(())
}

fn call_all(module: &LoadedModule, calls: &str) -> Result<()> {
    for line in calls.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let mut words = line.split_whitespace();
        let name = words.next().unwrap_or_default();
        let scalars: HashMap<&str, &str> = words.filter_map(|word| word.split_once('=')).collect();
        let export = module.export(name).ok_or_else(|| format!("the module has no function `{name}`"))?;
        let signature = module.signature(export)?;
        let outcome = call(export, &signature, &scalars, module.platform())
            .map_err(|error| format!("`{signature}` called as `{line}`: {error}"))?;
        println!("{} ran {} {name} {outcome}", module.manifest().name, module.variant().isa);
    }
    Ok(())
}

/// Makes the arguments, calls the function, and describes the result and the arrays that it may have written.
fn call(
    export: &LoadedExport,
    signature: &Signature,
    scalars: &HashMap<&str, &str>,
    platform: Platform,
) -> Result<String> {
    // Words, so that elements of every type are aligned. They must not move once their address is taken.
    let mut arrays: Vec<(usize, usize, Vec<u64>)> = Vec::new();
    let mut slots = vec![0; signature.params.len().max(1)];
    for (index, (param, slot)) in signature.params.iter().zip(&mut slots).enumerate() {
        match &param.ty {
            Type::Array(array) => {
                let count = count(signature, array, scalars)?;
                let bytes = count * array.element.size(platform) as usize;
                let mut words = elements(array, count, bytes, index as u64)?;
                *slot = words.as_mut_ptr().expose_provenance() as u64;
                arrays.push((index, bytes, words));
            }
            ty => *slot = scalar(Slot::of_param(ty, platform), given(&param.name, scalars)?)?,
        }
    }
    let mut result = 0;
    // SAFETY: there is one slot for each parameter, in the form of spec §8.2; each array has as many elements as its dimensions
    // say, and all live in `arrays` until after the call.
    unsafe { (export.thunk)(slots.as_ptr(), &raw mut result) };
    let mut outcome = match Slot::of_return(signature.ret, platform) {
        Some(_) => format!("result={result:016x}"),
        None => "void".to_owned(),
    };
    for (index, bytes, words) in &arrays {
        let param = &signature.params[*index];
        if param.mode != Mode::In {
            let written: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).take(*bytes).collect();
            outcome += &format!(" {}={}", param.name, Hash::of(&written));
        }
    }
    Ok(outcome)
}

fn given<'a>(name: &str, scalars: &HashMap<&str, &'a str>) -> Result<&'a str> {
    scalars.get(name).copied().ok_or_else(|| format!("`{name}` is not given").into())
}

fn scalar(slot: Slot, text: &str) -> Result<u64> {
    Ok(match slot {
        Slot::F64 => text.parse::<f64>()?.to_bits(),
        Slot::F32 => text.parse::<f32>()?.to_bits().into(),
        Slot::Signed(_) => text.parse::<i64>()?.cast_unsigned(),
        Slot::Unsigned(_) | Slot::Bool => text.parse()?,
        Slot::Pointer => return Err("a bare address cannot be given".into()),
    })
}

fn count(signature: &Signature, array: &Array, scalars: &HashMap<&str, &str>) -> Result<usize> {
    array.dims.iter().try_fold(1usize, |count, dim| {
        let extent = usize::try_from(extent(signature, dim, scalars)?)?;
        Ok(count.checked_mul(extent).ok_or("the array is too large")?)
    })
}

fn extent(signature: &Signature, dim: &Dim, scalars: &HashMap<&str, &str>) -> Result<i128> {
    let of = |dim: &Dim| extent(signature, dim, scalars);
    Ok(match dim {
        Dim::Const(extent) => i128::from(*extent),
        Dim::Param(index) => given(&signature.params[*index].name, scalars)?.parse()?,
        Dim::Add(a, b) => of(a)? + of(b)?,
        Dim::Sub(a, b) => of(a)? - of(b)?,
        Dim::Mul(a, b) => of(a)? * of(b)?,
    })
}

/// `count` elements, `bytes` in all, that depend on nothing but `seed`: floats from 0 to 1, signed integers of at most half
/// their type's bits, so that sums of them do not overflow.
fn elements(array: &Array, count: usize, bytes: usize, seed: u64) -> Result<Vec<u64>> {
    if array.layout != Layout::C {
        return Err("only arrays in C order can be made".into());
    }
    let size = bytes.checked_div(count).unwrap_or(0);
    let mut state = 0x9e37_79b9_7f4a_7c15 ^ (seed + 1);
    let mut out = Vec::with_capacity(bytes + 8);
    for _ in 0..count {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let bits = match (array.element.kind(), size) {
            (ScalarKind::Float, 8) => (((state >> 11) as f64) / (1u64 << 53) as f64).to_bits(),
            (ScalarKind::Float, 4) => u64::from(((state >> 40) as f32 / (1u64 << 24) as f32).to_bits()),
            (ScalarKind::Signed, _) => (state.cast_signed() >> (64 - 4 * size)).cast_unsigned(),
            (ScalarKind::Unsigned, _) => state,
            (kind, _) => return Err(format!("elements of kind {kind:?} cannot be made").into()),
        };
        out.extend_from_slice(&bits.to_ne_bytes()[..size]);
    }
    out.resize(bytes.next_multiple_of(8).max(8), 0);
    Ok(out.chunks_exact(8).map(|word| u64::from_ne_bytes(word.try_into().unwrap_or_default())).collect())
}
