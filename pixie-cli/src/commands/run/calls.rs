//! `pixie run --calls`: many calls with arrays that are the same everywhere, on every ISA level, so that two machines, or two
//! platforms on one, can be compared line by line.

use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use pixie_format::signature::{Array, Dim, Layout, Mode, ScalarKind, Signature, Type};
use pixie_format::thunk::Slot;
use pixie_format::{Hash, Platform};
use pixie_ld::{LoadOptions, LoadedExport, LoadedModule};

use super::find;
use crate::commands::print;
use crate::files;

/// Arrays of so many elements are printed, longer ones hashed.
const SHOWN: usize = 16;

/// A line of the file: a function, and a value for each scalar parameter.
struct Call<'t> {
    number: usize,
    function: &'t str,
    scalars: Vec<(&'t str, &'t str)>,
}

impl<'t> Call<'t> {
    fn given(&self, name: &str) -> Result<&'t str> {
        let found = self.scalars.iter().find(|(given, _)| *given == name);
        found
            .map(|(_, value)| *value)
            .ok_or_else(|| anyhow!("`{name}` is not given\nhint: add `{name}=VALUE`"))
    }
}

/// Makes the calls on the level `isa`, or on each level that the module has, lowest first, with which load `options` otherwise.
pub fn run(
    module: &Path,
    calls: &Path,
    isa: Option<&str>,
    options: impl Fn(Option<String>) -> LoadOptions,
) -> Result<()> {
    files::check_regular(calls)?;
    let text =
        std::fs::read_to_string(calls).with_context(|| format!("cannot read `{}`", calls.display()))?;
    let in_file = || format!("`{}`", calls.display());
    let lines = parse(&text).with_context(in_file)?;
    let best = pixie_ld::load_file(module, &options(isa.map(str::to_owned)))?;
    let name = best.name();
    print(&format!("{name} chosen {}\n", best.variant().isa))?;
    if isa.is_some() {
        return print(&outcomes(&best, &lines).with_context(in_file)?);
    }
    for variant in best.variants() {
        match pixie_ld::load_file(module, &options(Some(variant.isa.clone()))) {
            Ok(module) => print(&outcomes(&module, &lines).with_context(in_file)?)?,
            Err(error) => {
                let why = error.to_string().replace('\n', " ");
                print(&format!("{name} refused {} {why}\n", variant.isa))?;
            }
        }
    }
    Ok(())
}

fn parse(text: &str) -> Result<Vec<Call<'_>>> {
    let mut calls = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
        let Some(function) = words.next() else { continue };
        let scalars = words.map(|word| {
            word.split_once('=')
                .ok_or_else(|| anyhow!("line {}: expected `parameter=value`, found `{word}`", index + 1))
        });
        calls.push(Call { number: index + 1, function, scalars: scalars.collect::<Result<_>>()? });
    }
    if calls.is_empty() {
        bail!("no calls\nhint: one a line: the function, then `parameter=value` for each of its numbers");
    }
    Ok(calls)
}

/// A line for each call.
fn outcomes(module: &LoadedModule, calls: &[Call<'_>]) -> Result<String> {
    let mut out = String::new();
    for line in calls {
        let index = find(module, line.function).with_context(|| format!("line {}", line.number))?;
        let export = &module.exports()[index];
        let signature = module.signature(export)?;
        let outcome = call(export, &signature, line, module.platform())
            .with_context(|| format!("line {}: `{signature}`", line.number))?;
        writeln!(out, "{} ran {} {} {outcome}", module.name(), module.variant().isa, line.function)?;
    }
    Ok(out)
}

/// The elements of an argument.
struct Elements {
    param: usize,
    count: usize,
    bytes: usize,
    /// Words, so that elements of every type are aligned. They must not move once their address is taken.
    words: Vec<u64>,
}

/// Makes the arguments, calls the function, and describes the result and the arrays that it may have written.
fn call(export: &LoadedExport, signature: &Signature, line: &Call<'_>, platform: Platform) -> Result<String> {
    let is_number = |name: &str| {
        signature.params.iter().any(|param| param.name == name && matches!(param.ty, Type::Scalar(_)))
    };
    if let Some((name, _)) = line.scalars.iter().find(|(name, _)| !is_number(name)) {
        bail!("it has no number `{name}`");
    }
    let mut arrays: Vec<Elements> = Vec::new();
    let mut slots = vec![0; signature.params.len().max(1)];
    for (index, (param, slot)) in signature.params.iter().zip(&mut slots).enumerate() {
        match &param.ty {
            Type::Array(array) => {
                let mut elements = elements(signature, array, line, platform, index)?;
                *slot = elements.words.as_mut_ptr().expose_provenance() as u64;
                arrays.push(elements);
            }
            ty => {
                let text = line.given(&param.name)?;
                *slot = scalar(Slot::of_param(ty, platform), text)
                    .with_context(|| format!("`{}={text}`", param.name))?;
            }
        }
    }
    let mut result = 0;
    // SAFETY: there is one slot for each parameter, in the form of spec §8.2; each array has as many elements as its dimensions
    // say, and all live in `arrays` until after the call.
    unsafe { export.call(slots.as_ptr(), &raw mut result) };
    let mut outcome = match Slot::of_return(signature.ret, platform) {
        Some(Slot::F64) => format!("result={:016x}", one_nan(result, 8)),
        Some(Slot::F32) => format!("result={:016x}", one_nan(result, 4)),
        Some(_) => format!("result={result:016x}"),
        None => "void".to_owned(),
    };
    for elements in &arrays {
        let param = &signature.params[elements.param];
        if let (Type::Array(array), true) = (&param.ty, param.mode != Mode::In) {
            write!(outcome, " {}={}", param.name, elements.describe(array))?;
        }
    }
    Ok(outcome)
}

impl Elements {
    /// The elements in hexadecimal if they are few, else their hash.
    fn describe(&self, array: &Array) -> String {
        let mut bytes: Vec<u8> =
            self.words.iter().flat_map(|word| word.to_le_bytes()).take(self.bytes).collect();
        // Of a complex number each half.
        let halves = if array.element.kind() == ScalarKind::Complex { 2 } else { 1 };
        let size = self.bytes.checked_div(self.count).unwrap_or(1) / halves;
        let float = matches!(array.element.kind(), ScalarKind::Float | ScalarKind::Complex);
        let mut shown = Vec::new();
        for element in bytes.chunks_exact_mut(size) {
            let mut word = [0; 8];
            word[..size].copy_from_slice(element);
            let word = u64::from_le_bytes(word);
            let word = if float { one_nan(word, size) } else { word };
            element.copy_from_slice(&word.to_le_bytes()[..size]);
            if self.count <= SHOWN {
                shown.push(format!("{word:0width$x}", width = 2 * size));
            }
        }
        if self.count <= SHOWN { format!("[{}]", shown.join(",")) } else { Hash::of(&bytes).to_string() }
    }
}

/// Processors differ in sign and payload of the NaN that they make, so all are shown as one.
fn one_nan(bits: u64, size: usize) -> u64 {
    match size {
        8 if f64::from_bits(bits).is_nan() => f64::NAN.to_bits(),
        4 if f32::from_bits(bits as u32).is_nan() => f32::NAN.to_bits().into(),
        _ => bits,
    }
}

fn scalar(slot: Slot, text: &str) -> Result<u64> {
    Ok(match slot {
        Slot::F64 => text.parse::<f64>()?.to_bits(),
        Slot::F32 => text.parse::<f32>()?.to_bits().into(),
        Slot::Signed(_) => text.parse::<i64>()?.cast_unsigned(),
        Slot::Unsigned(_) | Slot::Bool => text.parse()?,
        Slot::Pointer => bail!("a bare address cannot be given"),
    })
}

fn elements(
    signature: &Signature,
    array: &Array,
    line: &Call<'_>,
    platform: Platform,
    param: usize,
) -> Result<Elements> {
    let count = array.dims.iter().try_fold(1usize, |count, dim| {
        let extent = extent(signature, dim, line)?;
        let extent =
            usize::try_from(extent).map_err(|_| anyhow!("an array cannot have {extent} elements"))?;
        count.checked_mul(extent).context("the array is too large")
    })?;
    let bytes = count.checked_mul(array.element.size(platform) as usize).context("the array is too large")?;
    let words = generate(array, count, bytes, param as u64)
        .with_context(|| format!("`{}`", signature.params[param].name))?;
    Ok(Elements { param, count, bytes, words })
}

fn extent(signature: &Signature, dim: &Dim, line: &Call<'_>) -> Result<i128> {
    let of = |dim: &Dim| extent(signature, dim, line);
    Ok(match dim {
        Dim::Const(extent) => i128::from(*extent),
        Dim::Param(index) => {
            let name = &signature.params[*index].name;
            let text = line.given(name)?;
            text.parse().with_context(|| format!("`{name}={text}`: expected a whole number"))?
        }
        Dim::Add(a, b) => of(a)? + of(b)?,
        Dim::Sub(a, b) => of(a)? - of(b)?,
        Dim::Mul(a, b) => of(a)? * of(b)?,
    })
}

/// `count` elements, `bytes` in all, that depend on nothing but `seed`: floats from 0 to 1, signed integers of at most half
/// their type's bits, so that sums of them do not overflow.
fn generate(array: &Array, count: usize, bytes: usize, seed: u64) -> Result<Vec<u64>> {
    if array.layout != Layout::C {
        bail!("only arrays in C order can be made");
    }
    let size = bytes.checked_div(count).unwrap_or(0);
    let mut state = 0x9e37_79b9_7f4a_7c15 ^ (seed + 1);
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let double = |bits: u64| ((bits >> 11) as f64 / (1u64 << 53) as f64).to_bits();
    let single = |bits: u64| ((bits >> 40) as f32 / (1u64 << 24) as f32).to_bits();
    let mut out = Vec::with_capacity(bytes + 8);
    for _ in 0..count {
        match (array.element.kind(), size) {
            (ScalarKind::Float, 8) => out.extend(double(next()).to_le_bytes()),
            (ScalarKind::Float, _) => out.extend(single(next()).to_le_bytes()),
            (ScalarKind::Complex, 16) => {
                out.extend([double(next()), double(next())].map(u64::to_le_bytes).concat())
            }
            (ScalarKind::Complex, _) => {
                out.extend([single(next()), single(next())].map(u32::to_le_bytes).concat())
            }
            (ScalarKind::Signed, _) => {
                let half = next().cast_signed() >> (64 - 4 * size);
                out.extend(&half.to_le_bytes()[..size]);
            }
            (ScalarKind::Unsigned, _) => out.extend(&next().to_le_bytes()[..size]),
            (ScalarKind::Bool, _) => out.push((next() >> 63) as u8),
        }
    }
    out.resize(bytes.next_multiple_of(8).max(8), 0);
    let (words, _) = out.as_chunks();
    Ok(words.iter().map(|word| u64::from_le_bytes(*word)).collect())
}
