//! The LLVM seam: the only folder of the project that knows LLVM. What leaves it is plain data.

mod access;
mod blame;
mod builtins;
mod classify;
mod compile;
mod describe;
mod disassemble;
mod features;
mod fp;
mod graph;
mod ir;
mod jam;
mod join;
mod loops;
mod lower;
mod only;
mod panics;
mod prepare;
mod processor;
mod reach;
mod refuse;
mod retarget;
mod session;
mod target;
mod thunk_lines;
mod thunks;

pub use compile::compile;
pub use describe::{text, vector_types};
pub use disassemble::disassemble;
pub use join::join;
pub use prepare::prepare;
pub use processor::processor;
pub use session::{enable_stack_trace, version};
