//! Bitcode in, objects out: the only crate that knows LLVM.
//!
//! The road of a module, each step a function:
//!
//! 1. [`prepare()`] parses and links `.ll` and `.bc` input, removes what is the producer's own (CPU defaults, stack
//!    protectors), refuses what cannot be compiled for the platform, and returns the bitcode that is stored, with a
//!    description of its [`functions`](Prepared::functions).
//! 2. [`signatures`] derives a signature from that description or checks a written one. No LLVM is involved.
//! 3. [`compile()`] turns the bitcode into an object for one platform and ISA level, with thunks for the exports.
//!
//! LLVM ends the process on some input. So tools do not call 1 and 3 themselves but through [`worker`]: a [`worker::Pool`]
//! starts processes that run [`worker::serve`], and turns the death of one into an [`Error`].

mod compile;
mod debug_info;
mod error;
mod function_info;
mod join;
mod llvm;
mod metadata;
mod prepare;
pub mod signatures;
mod source;
mod typed_pointers;
mod wire;
pub mod worker;

pub use compile::{
    CompileOptions, CompileRequest, DisassembleRequest, ExportSymbol, Isa, Output, Processor,
    ProcessorRequest,
};
pub use error::{Error, Result};
pub use function_info::{Access, CType, DebugSignature, FunctionInfo, IrParam, IrType};
pub use join::{Argument, BoundFunction, JoinRequest, Part};
pub use llvm::vector_types;
pub use prepare::{MaybeWritten, PrepareOptions, PrepareRequest, Prepared, Warning};
pub use source::{Source, SourceKind};

/// The version of the LLVM in use, for example `22.1.8`.
pub fn llvm_version() -> String {
    llvm::version()
}

/// Prepares input. LLVM may end the process on hostile input: see [`worker`].
pub fn prepare(request: &PrepareRequest) -> Result<Prepared> {
    llvm::prepare(request)
}

/// Compiles prepared bitcode. LLVM may end the process on hostile input: see [`worker`].
pub fn compile(request: &CompileRequest) -> Result<Vec<u8>> {
    llvm::compile(request)
}

/// Makes one of several modules' bitcode. LLVM may end the process on hostile input: see [`worker`].
pub fn join(request: &JoinRequest) -> Result<Vec<u8>> {
    llvm::join(request)
}

/// What LLVM knows of a kind of processor.
pub fn processor(request: &ProcessorRequest) -> Result<Processor> {
    llvm::processor(request)
}

/// Disassembles an object. LLVM may end the process on hostile input: see [`worker`].
pub fn disassemble(request: &DisassembleRequest) -> Result<Vec<u8>> {
    llvm::disassemble(request)
}
