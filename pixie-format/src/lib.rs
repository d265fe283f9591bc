//! The fat-module container: targets, signatures, manifest, reader, writer and validation. Knows no LLVM and no OS.
#![forbid(unsafe_code)]

mod cbor;
mod error;
mod hash;
pub mod header;
pub mod image;
pub mod manifest;
pub mod reader;
pub mod runtime_symbols;
pub mod signature;
pub mod targets;
pub mod thunk;
mod writer;

pub use error::{Error, Result};
pub use hash::{BuildId, Hash};
pub use header::Header;
pub use manifest::{BlobId, BlobKind, Manifest};
pub use reader::Module;
pub use signature::Signature;
pub use targets::{Arch, Feature, FeatureSet, IsaLevel, ObjectFormat, Platform};
pub use writer::{ModuleBuilder, rewrite_presence};

/// The format version that this crate writes: major, minor (spec §2).
pub const FORMAT_VERSION: (u16, u16) = (1, 0);

/// The file suffix of a fat module.
pub const SUFFIX: &str = "pixie";
