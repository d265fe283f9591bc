//! Processes that LLVM may end: a pool that starts them and the loop that they run.
//!
//! A request is a frame on a worker's stdin, its reply a frame on stdout: four bytes of length, little-endian, then
//! postcard. Both ends are the same program, so the encoding is no format and has no version. A worker ends at the end of
//! its stdin, so none outlives its tool. Start-up costs 13 ms, most of it libLLVM.

mod death;
mod frame;
mod pool;
mod serve;

use serde::{Deserialize, Serialize};

use crate::compile::{CompileRequest, DisassembleRequest, Processor, ProcessorRequest};
use crate::error::Error;
use crate::join::JoinRequest;
use crate::prepare::{PrepareRequest, Prepared};

pub use death::LIMITED;
pub use pool::Pool;
pub use serve::serve;

/// What a worker is asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Request {
    /// To prepare input.
    Prepare(PrepareRequest),
    /// To join.
    Join(JoinRequest),
    /// To compile.
    Compile(CompileRequest),
    /// To print stored bitcode as text.
    Text {
        /// The bitcode.
        bitcode: Vec<u8>,
        /// The symbols of the functions to show; none for the whole module.
        functions: Vec<String>,
    },
    /// To disassemble an object.
    Disassemble(DisassembleRequest),
    /// To tell of a kind of processor.
    Processor(ProcessorRequest),
}

/// What a worker answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Reply {
    /// Prepared input.
    Prepared(Prepared),
    /// An object, joined bitcode, or the text of what was asked for.
    Compiled(Vec<u8>),
    /// A kind of processor.
    Processor(Processor),
}

impl Request {
    /// What is being done, for a message: `compiling for linux-64, x86-64-v3`.
    pub fn task(&self) -> String {
        match self {
            Request::Prepare(request) => {
                let names: Vec<String> =
                    request.sources.iter().map(|source| format!("`{}`", source.name)).collect();
                format!("{} {} for {}", death::READING, names.join(", "), request.platform)
            }
            Request::Join(request) => {
                let names: Vec<String> =
                    request.parts.iter().map(|part| format!("`{}`", part.name)).collect();
                format!("joining {} for {}", names.join(", "), request.platform)
            }
            Request::Compile(request) => {
                format!("compiling for {}, {}", request.platform, request.isa.name)
            }
            Request::Text { .. } => "printing bitcode".to_owned(),
            Request::Disassemble(request) => format!("disassembling for {}", request.platform),
            Request::Processor(request) => {
                format!("asking for the processor `{}`", request.name.as_deref().unwrap_or("native"))
            }
        }
    }
}

impl Reply {
    /// The prepared input; a reply to another question is our bug.
    pub fn into_prepared(self) -> Result<Prepared, Error> {
        match self {
            Reply::Prepared(prepared) => Ok(prepared),
            _ => Err(wrong_reply()),
        }
    }

    /// The compiled bytes; a reply to another question is our bug.
    pub fn into_compiled(self) -> Result<Vec<u8>, Error> {
        match self {
            Reply::Compiled(bytes) => Ok(bytes),
            _ => Err(wrong_reply()),
        }
    }

    /// The processor; a reply to another question is our bug.
    pub fn into_processor(self) -> Result<Processor, Error> {
        match self {
            Reply::Processor(processor) => Ok(processor),
            _ => Err(wrong_reply()),
        }
    }
}

fn wrong_reply() -> Error {
    Error::Worker { message: "answered another question than was asked".to_owned() }
}
