//! CPU attributes: the producer's defaults go, what a single function asks for beyond them stays.
//!
//! A function with `target("avx2")` must keep `+avx2`, or instruction selection aborts on its intrinsics. The default is
//! what all functions of an input have in common; declarations count too, since clang gives them the default. The
//! intersection rather than the most common set: in a file of five AVX2 functions and a dispatcher the common set is
//! that of the five.

use std::collections::BTreeSet;

use inkwell::module::Module;

use super::ir::{self, Value};
use crate::compile::Isa;
use crate::prepare::Warning;

/// Attributes that say how the producer's processor, runtime or operating system is.
const PRODUCER_ATTRIBUTES: &[&str] = &[
    "target-cpu",
    "target-features",
    "tune-cpu",
    "min-legal-vector-width",
    "prefer-vector-width",
    "probe-stack",
    "stack-probe-size",
    "stack-protector-buffer-size",
    "frame-pointer",
    "no-frame-pointer-elim",
    "no-frame-pointer-elim-non-leaf",
    "use-soft-float",
    "stackrealign",
];

const STACK_PROTECTORS: &[&str] = &["ssp", "sspstrong", "sspreq"];

/// Beginnings of feature names that stand for instructions beyond every baseline. The others are tuning (zig writes
/// `macrofusion`, `idivq-to-divl`, `enable-select-opt` …) or part of the baseline.
const INSTRUCTION_SETS: &[&str] = &[
    "adx",
    "aes",
    "amx",
    "avx",
    "bf16",
    "bmi",
    "clflushopt",
    "complxnum",
    "crc",
    "cx16",
    "dotprod",
    "f16c",
    "fma",
    "fp16fml",
    "fp8",
    "fullfp16",
    "gfni",
    "i8mm",
    "jsconv",
    "lse",
    "lzcnt",
    "movbe",
    "pclmul",
    "popcnt",
    "rcpc",
    "rdm",
    "rdrnd",
    "rdseed",
    "sha",
    "sm4",
    "sme",
    "sse3",
    "sse4",
    "ssse3",
    "sve",
    "tbm",
    "v8.",
    "v9",
    "vaes",
    "vpclmulqdq",
    "xop",
    "xsave",
];

/// Strips the defaults of one input, before it is linked with others.
pub fn normalise(file: &str, module: &Module<'_>) -> Vec<Warning> {
    let functions: Vec<_> = ir::functions(module).into_iter().filter(|value| !value.is_intrinsic()).collect();
    let sets: Vec<_> = functions.iter().map(|function| asked_for(*function)).collect();
    let default = default_of(&sets);
    let mut warnings = Vec::new();
    for (function, set) in functions.iter().zip(&sets) {
        strip(*function);
        let Some(set) = set else { continue };
        if function.is_declaration() {
            continue;
        }
        let mut kept: BTreeSet<&str> = set.difference(&default).map(String::as_str).collect();
        if uses_target_intrinsics(*function) {
            // Whether the default is a flag or what each single function asks for cannot be told, and dropping what an intrinsic
            // needs would abort LLVM.
            let common: Vec<&str> = set
                .intersection(&default)
                .map(String::as_str)
                .filter(|name| is_instruction_set(name))
                .collect();
            if !common.is_empty() {
                warnings.push(Warning::FixedFeatures {
                    file: file.to_owned(),
                    function: function.name(),
                    features: common.join(" "),
                });
                kept.extend(common);
            }
        }
        if !kept.is_empty() {
            let text: Vec<String> = kept.iter().map(|name| format!("+{name}")).collect();
            function.set_attribute("target-features", &text.join(","));
        }
    }
    warnings
}

fn is_instruction_set(name: &str) -> bool {
    INSTRUCTION_SETS.iter().any(|start| name.starts_with(start))
}

/// Features that a function asks for; `None` when it says nothing about the processor, as generated functions do.
fn asked_for(function: Value<'_>) -> Option<BTreeSet<String>> {
    let features = function.attribute("target-features");
    if features.is_none() && function.attribute("target-cpu").is_none() {
        return None;
    }
    let features = features.unwrap_or_default();
    let plus = features.split(',').filter_map(|feature| feature.strip_prefix('+'));
    Some(plus.filter(|name| *name != "outline-atomics").map(str::to_owned).collect())
}

fn default_of(sets: &[Option<BTreeSet<String>>]) -> BTreeSet<String> {
    let mut sets = sets.iter().flatten();
    let Some(first) = sets.next() else { return BTreeSet::new() };
    sets.fold(first.clone(), |common, set| common.intersection(set).cloned().collect())
}

fn strip(function: Value<'_>) {
    for key in PRODUCER_ATTRIBUTES {
        function.remove_attribute(key);
    }
    for name in STACK_PROTECTORS {
        function.remove_enum_attribute(name);
    }
    for instruction in function.instructions() {
        if instruction.callee().is_some() {
            for key in PRODUCER_ATTRIBUTES {
                instruction.remove_call_attribute(key);
            }
        }
    }
}

fn uses_target_intrinsics(function: Value<'_>) -> bool {
    let callees = function.instructions().into_iter().filter_map(Value::callee);
    callees.filter(|callee| callee.is_function()).any(|callee| {
        let name = callee.name();
        name.starts_with("llvm.x86.") || name.starts_with("llvm.aarch64.")
    })
}

/// Gives every definition the processor to compile for, below what it asks for itself.
pub fn apply(module: &Module<'_>, isa: &Isa) {
    for function in ir::functions(module) {
        if function.is_declaration() {
            continue;
        }
        let own = function.attribute("target-features").unwrap_or_default();
        let mut all: Vec<&str> = isa.features.split(',').filter(|feature| !feature.is_empty()).collect();
        // Applied again after builtins were linked, so what is there already is left out.
        let extra: Vec<&str> =
            own.split(',').filter(|feature| !feature.is_empty() && !all.contains(feature)).collect();
        all.extend(extra);
        function.set_attribute("target-cpu", &isa.cpu);
        if let Some(tune) = &isa.tune {
            function.set_attribute("tune-cpu", tune);
        }
        if all.is_empty() {
            function.remove_attribute("target-features");
        } else {
            function.set_attribute("target-features", &all.join(","));
        }
        if let Some(bits) = isa.vector_width {
            function.set_attribute("prefer-vector-width", &bits.to_string());
        }
    }
}
