//! What to join: the bitcode of several modules, and a function of them whose arguments are known.

use pixie_format::Platform;
use serde::{Deserialize, Serialize};

use crate::wire;

/// Several modules' bitcode for one platform, to become one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JoinRequest {
    /// The platform.
    #[serde(with = "wire::platform")]
    pub platform: Platform,
    /// The modules.
    pub parts: Vec<Part>,
    /// A function to make of one of theirs.
    pub bound: Option<BoundFunction>,
}

/// One module.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Part {
    /// What stands for it in errors.
    pub name: String,
    /// Its bitcode, neutral or of the platform.
    pub bitcode: Vec<u8>,
    /// The symbols that the others may call, each with its name in the result; every other definition stays the part's own.
    pub visible: Vec<(String, String)>,
}

/// A function that calls another one with some arguments known.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BoundFunction {
    /// Its symbol.
    pub symbol: String,
    /// The function that it calls, by its name in the result.
    pub calls: String,
    /// One for each parameter of that function.
    pub arguments: Vec<Argument>,
}

/// An argument.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Argument {
    /// The caller of the new function gives it.
    Passed,
    /// A number, as the bits of its slot (spec §8.2).
    Bits(u64),
    /// The address of a function, by its name in the result.
    Function(String),
}
