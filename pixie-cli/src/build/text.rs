//! Bitcode as people read it: IR as it is stored, or the IR or assembly that comes out for a level.

use anyhow::{Result, anyhow};
use pixie_format::{IsaLevel, Manifest, Platform};
use pixie_jit::worker::Request;
use pixie_jit::{CompileRequest, Isa, Output};

use super::{compile_options, export_symbols, pool};

/// Bitcode as text.
pub fn stored_ir(bitcode: &[u8]) -> Result<String> {
    ask(Request::Text(bitcode.to_vec()))
}

/// The IR or the assembly that comes out for a level.
pub fn compiled_text(
    manifest: &Manifest,
    bitcode: &[u8],
    platform: Platform,
    level: &'static IsaLevel,
    assembly: bool,
) -> Result<String> {
    ask(Request::Compile(CompileRequest {
        bitcode: bitcode.to_vec(),
        platform,
        isa: Isa::from(level),
        exports: export_symbols(&manifest.exports)?,
        options: compile_options(&manifest.options),
        output: if assembly { Output::Assembly } else { Output::Ir },
    }))
}

/// One question to a worker.
fn ask(request: Request) -> Result<String> {
    let reply = pool(1)?.run(vec![request]).pop();
    let text = reply.ok_or_else(|| anyhow!("no answer from the compile worker"))??.into_compiled()?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}
