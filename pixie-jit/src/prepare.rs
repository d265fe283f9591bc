//! Preparing input: parse, link, normalise, refuse. What comes out is the bitcode that a module stores.

use pixie_format::Platform;
use serde::{Deserialize, Serialize};

use crate::function_info::FunctionInfo;
use crate::source::Source;
use crate::wire;

/// What to prepare, and for which platform.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PrepareRequest {
    /// The inputs, linked in this order.
    pub sources: Vec<Source>,
    /// What the inputs may call on, and nobody else: of it stays what they use, and none of it can be exported.
    pub library: Vec<Source>,
    /// The platform. Input without a triple gives the same bytes for each platform, but is checked against this one.
    #[serde(with = "wire::platform")]
    pub platform: Platform,
    /// The symbols that will be exported, where they are known: what none of them reaches is dropped, and cannot be refused. Empty
    /// keeps everything.
    pub roots: Vec<String>,
    /// How.
    pub options: PrepareOptions,
}

/// How input is prepared.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct PrepareOptions {
    /// The author states that input with a triple holds nothing that depends on it: the triple is dropped.
    pub portable: bool,
    /// Keep debug metadata in the stored bitcode. Signatures are derived from it either way. Its files are named relative to the
    /// folder of the compilation, those elsewhere by their last component: no absolute path is stored.
    pub debug: bool,
}

/// Bitcode ready to be stored and compiled.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Prepared {
    /// The normalised module, before any pass that knows an ISA.
    pub bitcode: Vec<u8>,
    /// Whether it serves every platform: no triple, no data layout.
    pub neutral: bool,
    /// The platform's triple; empty when neutral.
    pub triple: String,
    /// The platform's data layout; empty when neutral.
    pub data_layout: String,
    /// Who made the inputs, sorted, without repeats, without paths.
    pub producers: Vec<String>,
    /// What the author should know.
    pub warnings: Vec<Warning>,
    /// Every function that is not an intrinsic, in the module's order.
    pub functions: Vec<FunctionInfo>,
}

/// Something that works but may surprise.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, thiserror::Error)]
#[non_exhaustive]
pub enum Warning {
    /// The input was vectorised before, so every variant gets that width. Source with explicit vector types looks the same.
    #[error(
        "`{file}` already works on vectors (`{vector}` in {}), so their width is fixed for every variant\nhint: compile the input without vectorisation (-fno-vectorize -fno-slp-vectorize, or before optimisation)",
        some(.functions)
    )]
    Vectorised {
        /// The input.
        file: String,
        /// The functions.
        functions: Vec<String>,
        /// The first vector type met.
        vector: String,
    },
    /// Variables that calls share.
    #[error(
        "`{file}`: {} {} can be written, and {} shared by all threads and callers of the process",
        if globals.len() == 1 { "variable" } else { "variables" },
        some(.globals),
        if globals.len() == 1 { "is" } else { "are" }
    )]
    MutableGlobals {
        /// The input.
        file: String,
        /// The variables.
        globals: Vec<String>,
    },
    /// Rust code that may panic, and the `core` library is not linked in.
    #[error(
        "`{file}`: a panic of this Rust code ends the process without a message\nhint: check arguments first and return a status; `get` and `wrapping_add` do not panic, indexing and division by zero do"
    )]
    Panics {
        /// The inputs.
        file: String,
    },
    /// A parameter is not `const` in the source but read-only in the signature, and the body does not show that it is only read.
    #[error(
        "`{symbol}`: C may write to {}, which the signature takes as read-only\nhint: declare {} in C, or write {}",
        some(&.params.iter().map(|param| param.name.clone()).collect::<Vec<_>>()),
        some(&.params.iter().map(|param| param.constant.clone()).collect::<Vec<_>>()),
        some(&.params.iter().map(|param| param.inout.clone()).collect::<Vec<_>>())
    )]
    MaybeWritten {
        /// The symbol in the IR.
        symbol: String,
        /// The parameters.
        params: Vec<MaybeWritten>,
    },
    /// Every function asks for the same features, and some need them.
    #[error(
        "`{file}`: function `{function}` uses instructions of {features} at every ISA level\nhint: make sure that it is called only on processors that have them, or build this file for the levels that do"
    )]
    FixedFeatures {
        /// The input.
        file: String,
        /// The function.
        function: String,
        /// The features.
        features: String,
    },
}

/// A read-only parameter that the function may write to, with the two ways to settle it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MaybeWritten {
    /// Its name in the signature.
    pub name: String,
    /// The declaration in C that promises not to write: `const double *x`.
    pub constant: String,
    /// The parameter of a signature that lets C write: `x: inout f64[n]`.
    pub inout: String,
}

/// The first three of several names.
fn some(names: &[String]) -> String {
    let mut text: Vec<String> = names.iter().take(3).map(|name| format!("`{name}`")).collect();
    if let Some(more) = names.len().checked_sub(3).filter(|more| *more > 0) {
        text.push(format!("{more} more"));
    }
    text.join(", ")
}
