//! What to compile: one (platform, ISA level) of a module.

use pixie_format::{FeatureSet, IsaLevel, Platform, Signature};
use serde::{Deserialize, Serialize};

use crate::wire;

/// One compilation.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CompileRequest {
    /// Prepared bitcode, neutral or of this platform.
    pub bitcode: Vec<u8>,
    /// The platform.
    #[serde(with = "wire::platform")]
    pub platform: Platform,
    /// The processor to compile for.
    pub isa: Isa,
    /// What callers see; every other definition becomes local.
    pub exports: Vec<ExportSymbol>,
    /// How.
    pub options: CompileOptions,
    /// What to return.
    pub output: Output,
    /// The symbols of the functions to show; none for all. An object always holds the whole module.
    pub functions: Vec<String>,
}

/// A function to export, with its signature.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ExportSymbol {
    /// The symbol in the IR.
    pub symbol: String,
    /// Its checked signature.
    #[serde(with = "wire::signature")]
    pub signature: Signature,
    /// Whether it gets the loop of a ufunc.
    pub ufunc: bool,
}

/// The processor to compile for: an ISA level, or a custom one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Isa {
    /// The name that messages give it.
    pub name: String,
    /// LLVM's `target-cpu`.
    pub cpu: String,
    /// LLVM's `target-features`, on top of the processor's own.
    pub features: String,
    /// LLVM's `tune-cpu`: the model whose latencies and preferences count; `None` for that of `cpu`.
    pub tune: Option<String>,
    /// LLVM's `prefer-vector-width` in bits; `None` leaves it to the processor model.
    pub vector_width: Option<u32>,
}

impl From<&IsaLevel> for Isa {
    fn from(level: &IsaLevel) -> Isa {
        Isa {
            name: level.name.to_owned(),
            cpu: level.llvm_cpu.to_owned(),
            features: level.llvm_features.to_owned(),
            tune: None,
            vector_width: level.prefer_vector_width,
        }
    }
}

impl Isa {
    /// One kind of processor, by LLVM's name, which has these of the features of spec §6.2: the highest level that it has, with what it
    /// has beyond, tuned for it. So code uses no feature that a manifest cannot name. `None` for one below the lowest level.
    pub fn for_processor(platform: Platform, name: &str, features: FeatureSet) -> Option<Isa> {
        let level = platform.highest_level(features)?;
        let mut isa = Isa { name: name.to_owned(), tune: Some(name.to_owned()), ..Isa::from(level) };
        for feature in features.difference(level.features).iter() {
            isa.features += if isa.features.is_empty() { "+" } else { ",+" };
            isa.features += feature.name();
        }
        Some(isa)
    }
}

/// A question about a kind of processor.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ProcessorRequest {
    /// The platform.
    #[serde(with = "wire::platform")]
    pub platform: Platform,
    /// LLVM's name of it; `None` for the one that this runs on.
    pub name: Option<String>,
}

/// A kind of processor.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Processor {
    /// LLVM's name.
    pub name: String,
    /// The features of a processor that was named, those of spec §6.2 in its order. What this one has is for its own process to say:
    /// hypervisors and emulators hide some of the model's.
    pub features: Vec<String>,
}

/// How to compile.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CompileOptions {
    /// The optimisation level, 0 to 3; higher counts as 3.
    pub opt: u8,
    /// Keep debug metadata, as DWARF or CodeView sections.
    pub debug: bool,
    /// No contraction of multiplication and addition, so that all variants agree bit for bit.
    pub reproducible: bool,
}

impl Default for CompileOptions {
    fn default() -> CompileOptions {
        CompileOptions { opt: 3, debug: false, reproducible: false }
    }
}

/// What a compilation returns.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub enum Output {
    /// A relocatable object.
    #[default]
    Object,
    /// Assembly text.
    Assembly,
    /// The optimised IR, as text.
    Ir,
    /// The flow graphs of the optimised functions, as text in Graphviz' language DOT.
    Graph,
}

/// The disassembly of an object.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DisassembleRequest {
    /// The object.
    pub object: Vec<u8>,
    /// The platform that it is for.
    #[serde(with = "wire::platform")]
    pub platform: Platform,
    /// The symbols of the functions to show; none for all.
    pub functions: Vec<String>,
}
