//! One LLVM context with its messages: errors are collected, never printed, and never end the process.

use std::cell::RefCell;
use std::ffi::c_void;

use inkwell::context::Context;
use inkwell::llvm_sys::LLVMDiagnosticSeverity;
use inkwell::llvm_sys::core::{
    LLVMContextSetDiagnosticHandler, LLVMCreateMemoryBufferWithMemoryRangeCopy, LLVMGetDiagInfoDescription,
    LLVMGetDiagInfoSeverity, LLVMGetVersion,
};
use inkwell::llvm_sys::error_handling::LLVMEnablePrettyStackTrace;
use inkwell::llvm_sys::prelude::LLVMDiagnosticInfoRef;
use inkwell::memory_buffer::MemoryBuffer;
use inkwell::module::Module;

use super::ir;
use crate::error::{Error, Result};
use crate::source::{Source, SourceKind};
use crate::typed_pointers;

/// LLVM's version, for example `22.1.8`.
pub fn version() -> String {
    let (mut major, mut minor, mut patch) = (0, 0, 0);
    // SAFETY: three places for LLVM to write to.
    unsafe { LLVMGetVersion(&raw mut major, &raw mut minor, &raw mut patch) };
    format!("{major}.{minor}.{patch}")
}

/// Makes LLVM say on stderr which function it was working on when it ends the process.
pub fn enable_stack_trace() {
    // SAFETY: sets a flag of LLVM's; workers call it once, before anything else.
    unsafe { LLVMEnablePrettyStackTrace() };
}

/// A context and the errors that LLVM has reported in it.
pub struct Session {
    context: Context,
    // Boxed because LLVM holds its address.
    errors: Box<RefCell<Vec<String>>>,
}

extern "C" fn collect(info: LLVMDiagnosticInfoRef, errors: *mut c_void) {
    // SAFETY: `errors` is the box of the session whose context reports, and the session outlives its context's use.
    let errors = unsafe { &*errors.cast::<RefCell<Vec<String>>>() };
    // SAFETY: LLVM passes a live diagnostic; it hands the text over.
    let (severity, text) =
        unsafe { (LLVMGetDiagInfoSeverity(info), ir::taken(LLVMGetDiagInfoDescription(info))) };
    if severity == LLVMDiagnosticSeverity::LLVMDSError
        && let Ok(mut errors) = errors.try_borrow_mut()
    {
        // The place is unknown wherever there is no debug metadata; and an instruction that is selected twice is told of twice.
        let text = text.strip_prefix("<unknown>:0:0: ").unwrap_or(&text);
        if !errors.iter().any(|known| known == text) {
            errors.push(text.to_owned());
        }
    }
}

impl Session {
    /// A fresh context.
    pub fn new() -> Session {
        let context = Context::create();
        let errors = Box::new(RefCell::new(Vec::new()));
        let place = (&raw const *errors).cast_mut().cast();
        // SAFETY: the box does not move while the session lives, and the context dies with it.
        unsafe { LLVMContextSetDiagnosticHandler(context.raw(), Some(collect), place) };
        Session { context, errors }
    }

    /// The errors reported since the last time, one a line.
    pub fn take_errors(&self) -> Option<String> {
        let errors = self.errors.take();
        (!errors.is_empty()).then(|| errors.join("\n"))
    }

    /// Reads text or bitcode, and verifies it. Typed pointers in text are rewritten first.
    pub fn parse(&self, source: &Source) -> Result<Module<'_>> {
        let upgraded = match source.kind() {
            SourceKind::Bitcode => None,
            SourceKind::Ir => typed_pointers::upgrade(source)?,
        };
        match upgraded {
            None => self.parse_current(source),
            Some(bytes) => {
                let upgraded = Source { name: source.name.clone(), bytes };
                self.parse_current(&upgraded).map_err(|error| error.hinting(typed_pointers::HINT))
            }
        }
    }

    fn parse_current(&self, source: &Source) -> Result<Module<'_>> {
        let parse_error = |message: &str| Error::Parse {
            file: source.name.clone(),
            kind: source.kind().name().to_owned(),
            message: clean(message),
        };
        let module = self.context.create_module_from_ir(buffer(source)).map_err(|message| {
            // A bitcode error reaches the handler; a parse error of text is the returned message.
            let message = message.to_string();
            parse_error(&self.take_errors().unwrap_or(message))
        })?;
        if let Some(message) = self.take_errors() {
            return Err(parse_error(&message));
        }
        let verify_error = |message| Error::Verify { file: source.name.clone(), message };
        module.verify().map_err(|message| verify_error(clean(&message.to_string())))?;
        match self.take_errors() {
            Some(message) => Err(verify_error(message)),
            None => Ok(module),
        }
    }

    /// Reads bitcode or text that this crate has written or holds.
    pub fn parse_own(&self, name: &str, bytes: &[u8]) -> Result<Module<'_>> {
        self.parse_current(&Source { name: name.to_owned(), bytes: bytes.to_vec() })
    }
}

/// LLVM's copy of a source, with the terminator that its text parser needs.
fn buffer(source: &Source) -> MemoryBuffer<'static> {
    let name = ir::c_string(source.base_name());
    let bytes = &source.bytes;
    // SAFETY: LLVM copies `len` bytes; the buffer that it returns is owned by the wrapper.
    unsafe {
        let raw =
            LLVMCreateMemoryBufferWithMemoryRangeCopy(bytes.as_ptr().cast(), bytes.len(), name.as_ptr());
        MemoryBuffer::new(raw)
    }
}

/// LLVM ends its messages with a line break and sometimes begins them with `error: `.
fn clean(message: &str) -> String {
    let message = message.trim();
    message.strip_prefix("error: ").unwrap_or(message).to_owned()
}
