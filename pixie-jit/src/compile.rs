//! What to compile: one (platform, ISA level) of a module.

use pixie_format::{IsaLevel, Platform, Signature};
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
    /// LLVM's `prefer-vector-width` in bits; `None` leaves it to the processor model.
    pub vector_width: Option<u32>,
}

impl From<&IsaLevel> for Isa {
    fn from(level: &IsaLevel) -> Isa {
        Isa {
            name: level.name.to_owned(),
            cpu: level.llvm_cpu.to_owned(),
            features: level.llvm_features.to_owned(),
            vector_width: level.prefer_vector_width,
        }
    }
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
