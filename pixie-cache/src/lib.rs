//! Modules compiled for one host: when that is wanted ([`Jit`]), who does it ([`Tool`]), and where the result is kept ([`Cache`]).
//!
//! The runtime compiles nothing itself: it starts the `pixie` command, so that neither LLVM nor what it does to a process when it
//! fails comes in. What the command returns is a fat module again, with one variant, whose `origin` is the module that it was
//! made from. It is loaded like any other, and kept in the cache, so that the next process needs no command. Knows no LLVM and no
//! Python.

mod cache;
mod compile;
mod error;
mod evict;
mod folders;
mod host;
mod key;
mod lock;
mod owner;
mod stamp;
mod tool;

pub use cache::{Cache, Entry};
pub use compile::Watch;
pub use error::{Error, Result};
pub use folders::Folders;
pub use host::{Jit, Loaded, Mode, Special};
pub use key::Key;
pub use stamp::Stamp;
pub use tool::Tool;
