//! What stands in the place of `build` in a command without the feature `jit`: each request for the compiler is refused.

use anyhow::{Result, bail};
use pixie_format::manifest::Variant;
use pixie_format::{Manifest, Platform};

use crate::args::{BitcodeArgs, BuildArgs, FuseArgs, LinkArgs, SpecializeArgs, WheelArgs};

pub fn run(_args: &BuildArgs) -> Result<()> {
    refuse("cannot build a module")
}

pub fn bitcode_of(_args: &BitcodeArgs) -> Result<()> {
    refuse("cannot compile C")
}

/// There is no LLVM.
pub fn llvm_version() -> Option<String> {
    None
}

pub fn specialize(_args: &SpecializeArgs) -> Result<()> {
    refuse("cannot compile for a processor")
}

pub fn link(_args: &LinkArgs) -> Result<()> {
    refuse("cannot link modules")
}

pub fn fuse(_args: &FuseArgs) -> Result<()> {
    refuse("cannot fuse functions")
}

pub fn wheel(_args: &WheelArgs) -> Result<()> {
    refuse("cannot build a wheel")
}

/// The worker is a part of the compiler.
pub fn serve(_memory: Option<u64>) -> Result<()> {
    refuse("cannot serve compile requests")
}

/// The forms of code that are asked for.
pub enum CodeForm {
    Assembly,
    Ir,
    Graph,
}

/// Bitcode as text.
pub fn stored_ir(_bitcode: &[u8], _functions: Vec<String>) -> Result<String> {
    refuse("cannot print LLVM IR")
}

/// What comes out for a variant.
pub fn compiled_text(
    _manifest: &Manifest,
    _bitcode: &[u8],
    _platform: Platform,
    _variant: &Variant,
    _form: CodeForm,
    _functions: Vec<String>,
) -> Result<String> {
    refuse("cannot compile for a variant")
}

/// The machine code of an object.
pub fn disassembly(_object: &[u8], _platform: Platform, _functions: Vec<String>) -> Result<String> {
    refuse("cannot disassemble")
}

fn refuse<T>(what: &str) -> Result<T> {
    bail!(
        "{what}: this build of pixie has no compiler\nhint: use a build with the feature `jit`; a module that is built on any machine runs here"
    )
}
