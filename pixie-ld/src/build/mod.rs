//! What an author's machine does: checks objects with two parsers, packs them into a module, thins and merges modules.

mod agree;
mod check;
mod facts;
mod hints;
mod imports;
mod meaning;
mod pack;
mod prelink;
mod thin;

pub use check::{Definition, ObjectReport, Undefined, check_object};
pub use pack::{PackBitcode, PackInput, PackIsa, PackObject, pack};
pub use prelink::{Prelinked, prelink};
pub use thin::{merge, thin};
