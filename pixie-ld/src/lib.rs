//! ld in both senses: at run time detects the processor, selects a variant and links its object into memory; at build time
//! (feature `build`) packs, thins and merges modules; for tests (feature `foreign`) executes another platform's objects. Knows no LLVM and no Python.
//!
//! The run-time phases, each a file, in order: [`parse`] → [`select`] → [`layout`] → [`resolve`] → [`relocate`] → `map` →
//! `protect` → [`bind`]. All up to `relocate` are pure, so any platform's object can be linked on any host; only mapping
//! memory and looking up the host's symbols ask the operating system, behind `sys`.

mod ahead;
pub mod bind;
#[cfg(feature = "build")]
pub mod build;
#[cfg(all(target_arch = "x86_64", any(windows, all(target_os = "linux", feature = "foreign"))))]
mod chkstk;
#[cfg(any(test, target_os = "macos"))]
#[cfg_attr(not(target_os = "macos"), allow(dead_code, reason = "only its tests run elsewhere"))]
mod compact_unwind;
pub mod cpu;
mod debug;
#[cfg(any(target_os = "linux", target_os = "macos"))]
mod eh_frame;
pub mod error;
#[cfg(feature = "foreign")]
mod foreign;
#[cfg(not(feature = "foreign"))]
#[path = "foreign/none.rs"]
mod foreign;
pub mod host;
pub mod image;
mod instance;
mod islands;
pub mod layout;
mod load;
mod map;
mod module;
pub mod object;
mod options;
pub mod parse;
pub mod prelinked;
mod protect;
pub mod relocate;
pub mod resolve;
pub mod select;
mod side;
mod source;
mod symbols;
mod sys;

pub use ahead::{Part, read_ahead};
pub use bind::{LoadedExport, Thunk};
pub use error::{Error, Result};
pub use host::Host;
pub use image::{Address, Image, PageSize, Protection, Segment};
pub use load::{Elsewhere, Opened, load_bytes, load_file, load_file_or, manifest_hash};
pub use module::LoadedModule;
pub use object::Object;
pub use options::{CodeMemory, LoadOptions};
pub use relocate::link;
pub use resolve::{Resolved, ResolvedKind};
pub use select::{Refusal, Selection};
pub use side::side_file;
