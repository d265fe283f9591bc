//! Code as people read it: IR as it is stored, what comes out of it for a level, or an object disassembled.

use anyhow::{Result, anyhow};
use pixie_format::manifest::Variant;
use pixie_format::{Manifest, Platform};
use pixie_jit::worker::Request;
use pixie_jit::{CompileRequest, DisassembleRequest, Isa};

use super::{compile_options, export_symbols, pool};

pub use pixie_jit::Output as CodeForm;

/// Bitcode as text: of the functions with these symbols, or of the whole module where there are none, as below.
pub fn stored_ir(bitcode: &[u8], functions: Vec<String>) -> Result<String> {
    ask(Request::Text { bitcode: bitcode.to_vec(), functions })
}

/// What comes out for a variant.
pub fn compiled_text(
    manifest: &Manifest,
    bitcode: &[u8],
    platform: Platform,
    variant: &Variant,
    form: CodeForm,
    functions: Vec<String>,
) -> Result<String> {
    ask(Request::Compile(CompileRequest {
        bitcode: bitcode.to_vec(),
        platform,
        isa: isa_of(platform, variant)?,
        exports: export_symbols(&manifest.exports)?,
        options: compile_options(&manifest.options),
        output: form,
        functions,
    }))
}

/// What a variant was compiled for.
fn isa_of(platform: Platform, variant: &Variant) -> Result<Isa> {
    if let Ok(level) = platform.level(&variant.isa) {
        return Ok(Isa::from(level));
    }
    let isa = Isa::for_processor(platform, &variant.isa, variant.feature_set().0);
    isa.ok_or_else(|| anyhow!("the variant `{}` is below every level of {platform}", variant.isa))
}

/// The machine code of an object.
pub fn disassembly(object: &[u8], platform: Platform, functions: Vec<String>) -> Result<String> {
    ask(Request::Disassemble(DisassembleRequest { object: object.to_vec(), platform, functions }))
}

/// One question to a worker.
fn ask(request: Request) -> Result<String> {
    let reply = pool(1)?.run(vec![request]).pop();
    let text = reply.ok_or_else(|| anyhow!("no answer from the compile worker"))??.into_compiled()?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}
