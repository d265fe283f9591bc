//! Disassembly of an object: instructions by LLVM, function by function, with the names of what they refer to.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::{CStr, CString, c_char, c_void};
use std::fmt::Write;
use std::ops::Range;

use inkwell::llvm_sys::disassembler::*;
use object::{
    BinaryFormat, Object, ObjectSection, ObjectSymbol, RelocationKind, SectionIndex, SectionKind, SymbolKind,
};
use pixie_format::{Arch, Platform};

use super::{ir, only, target};
use crate::compile::DisassembleRequest;
use crate::error::{Error, Result};

/// The longest instruction as text, far beyond any that there is.
const TEXT: usize = 512;

/// Disassembles.
pub fn disassemble(request: &DisassembleRequest) -> Result<Vec<u8>> {
    let error = |error: object::Error| Error::Llvm { message: format!("the object cannot be read: {error}") };
    let file = object::File::parse(&*request.object).map_err(error)?;
    let prefix = if file.format() == BinaryFormat::MachO { "_" } else { "" };
    let plain = |name: &str| name.strip_prefix(prefix).unwrap_or(name).to_owned();
    let mut out = String::new();
    let mut found = Vec::new();
    for section in file.sections().filter(|section| section.kind() == SectionKind::Text) {
        let bytes = section.data().map_err(error)?;
        let start = section.address();
        let x86 = request.platform.arch() == Arch::X86_64;
        let code = Code { bytes, start, x86 };
        let functions = functions(&file, section.index(), prefix, code.range());
        let starts: Vec<(u64, String)> =
            functions.iter().map(|(address, name)| (*address, text(name))).collect();
        let references = references(&file, &section, &code);
        let engine = Engine::new(request.platform, Names { functions, references, x86, ..Names::default() })?;
        for (index, (address, name)) in starts.iter().enumerate() {
            let end = starts.get(index + 1).map_or(code.range().end, |(next, _)| *next);
            found.push(plain(name));
            if !request.functions.is_empty() && !request.functions.contains(&plain(name)) {
                continue;
            }
            if !out.is_empty() {
                out.push('\n');
            }
            let _ = writeln!(out, "{name}:");
            engine.function(&mut out, &code, *address..end);
        }
    }
    match request.functions.iter().find(|symbol| !found.contains(symbol)) {
        Some(symbol) => Err(only::missing(symbol, found.into_iter().filter(|name| !only::is_thunk(name)))),
        None => Ok(out.into_bytes()),
    }
}

/// A section of code.
struct Code<'o> {
    bytes: &'o [u8],
    /// The address of its first byte, as symbols count.
    start: u64,
    x86: bool,
}

impl Code<'_> {
    fn range(&self) -> Range<u64> {
        self.start..self.start.saturating_add(self.bytes.len() as u64)
    }

    fn at(&self, range: Range<u64>) -> &[u8] {
        let offset = |address: u64| usize::try_from(address.saturating_sub(self.start)).unwrap_or(usize::MAX);
        self.bytes.get(offset(range.start)..offset(range.end)).unwrap_or_default()
    }
}

/// What the linker will write into a field.
struct Reference {
    symbol: String,
    addend: i64,
    /// Whether it counts from the field itself.
    relative: bool,
}

/// What LLVM asks for while it disassembles.
#[derive(Default)]
struct Names {
    /// The functions of the section.
    functions: BTreeMap<u64, CString>,
    /// The relocations of the section, by the address of the field.
    references: BTreeMap<u64, Reference>,
    /// The places in the function at hand that it branches to; their names once all are known.
    targets: BTreeMap<u64, CString>,
    /// The name that LLVM was given last.
    given: CString,
    /// Whether branches are being collected.
    collecting: bool,
    x86: bool,
}

impl Names {
    /// The relocation in an instruction at `address`, if it is a branch: on x86 behind one or two bytes of opcode.
    fn branch(&self, address: u64) -> Option<&Reference> {
        let fields = if self.x86 { address + 1..=address + 2 } else { address..=address };
        self.references.range(fields).next().map(|(_, reference)| reference)
    }
}

/// Tells LLVM the name of what a branch at `pc` leads to.
extern "C" fn look_up(
    names: *mut c_void,
    value: u64,
    kind: *mut u64,
    pc: u64,
    _reference: *mut *const c_char,
) -> *const c_char {
    // SAFETY: LLVM passes the box of the engine that it works for, which outlives it; `kind` is a place of LLVM's own.
    let (names, asked) = unsafe {
        (&*names.cast::<RefCell<Names>>(), kind.replace(LLVMDisassembler_ReferenceType_InOut_None))
    };
    let Ok(mut names) = names.try_borrow_mut() else { return std::ptr::null() };
    if asked != LLVMDisassembler_ReferenceType_In_Branch {
        return std::ptr::null();
    }
    // Each text that is returned stays as it is until the next question at least.
    if let Some(reference) = names.branch(pc) {
        names.given = ir::c_string(&reference.symbol);
        return names.given.as_ptr();
    }
    if let Some(name) = names.functions.get(&value) {
        return name.as_ptr();
    }
    if names.collecting {
        names.targets.insert(value, CString::default());
    }
    names.targets.get(&value).map_or(std::ptr::null(), |name| name.as_ptr())
}

/// LLVM's disassembler for a platform.
struct Engine {
    raw: LLVMDisasmContextRef,
    // Boxed because LLVM holds its address.
    names: Box<RefCell<Names>>,
    comment: &'static str,
}

impl Engine {
    fn new(platform: Platform, names: Names) -> Result<Engine> {
        target::initialise();
        let x86 = names.x86;
        let names = Box::new(RefCell::new(names));
        let triple = ir::c_string(platform.triple());
        // Whatever a function asked for on top of its level is to be read too; on x86 everything always is.
        let (features, comment) = match (x86, platform) {
            (true, _) => (c"", "#"),
            (false, Platform::OsxArm64) => (c"+all", ";"),
            (false, _) => (c"+all", "//"),
        };
        let place = (&raw const *names).cast_mut().cast();
        // SAFETY: the texts are terminated; the box does not move while the engine lives.
        let raw = unsafe {
            LLVMCreateDisasmCPUFeatures(
                triple.as_ptr(),
                c"".as_ptr(),
                features.as_ptr(),
                place,
                0,
                None,
                Some(look_up),
            )
        };
        if raw.is_null() {
            return Err(Error::Llvm { message: format!("no disassembler for `{}`", platform.triple()) });
        }
        // SAFETY: a live disassembler.
        unsafe { LLVMSetDisasmOptions(raw, LLVMDisassembler_Option_PrintImmHex) };
        Ok(Engine { raw, names, comment })
    }

    /// Writes the instructions of one function, and a label at each place that it branches to itself.
    fn function(&self, out: &mut String, code: &Code<'_>, range: Range<u64>) {
        let names = |collecting| {
            let mut names = self.names.borrow_mut();
            names.collecting = collecting;
            names
        };
        names(true).targets.clear();
        self.walk(code, &range, |_, _, _| ());
        let mut found = names(false);
        found.targets.retain(|target, _| range.contains(target));
        for (number, name) in found.targets.values_mut().enumerate() {
            *name = ir::c_string(&format!(".L{number}"));
        }
        drop(found);
        self.walk(code, &range, |address, len, instruction| {
            let names = self.names.borrow();
            if let Some(name) = names.targets.get(&address) {
                let _ = writeln!(out, "{}:", text(name));
            }
            let note = names.note(address..address + len, instruction);
            let _ = writeln!(out, "{address:>8x}:  {instruction}{note}");
        });
    }

    /// Calls `each` with the address, the length and the text of each instruction.
    fn walk(&self, code: &Code<'_>, range: &Range<u64>, mut each: impl FnMut(u64, u64, &str)) {
        let mut address = range.start;
        while address < range.end {
            let bytes = code.at(address..range.end);
            if bytes.is_empty() {
                break;
            }
            let mut buffer = [0; TEXT];
            // SAFETY: a live disassembler, which writes a terminated text into the buffer; it only reads the bytes.
            let len = unsafe {
                LLVMDisasmInstruction(
                    self.raw,
                    bytes.as_ptr().cast_mut(),
                    bytes.len() as u64,
                    address,
                    buffer.as_mut_ptr(),
                    buffer.len(),
                )
            } as u64;
            // SAFETY: terminated by LLVM, or still by the zeros that it was made of.
            let instruction = unsafe { CStr::from_ptr(buffer.as_ptr()) }.to_string_lossy().into_owned();
            if len == 0 {
                let step = if code.x86 { 1 } else { 4 }.min(bytes.len());
                let shown: Vec<String> = bytes[..step].iter().map(|byte| format!("{byte:#04x}")).collect();
                each(address, step as u64, &format!(".byte\t{}", shown.join(", ")));
                address += step as u64;
            } else {
                // What LLVM remarks is said better by the relocation.
                let said = instruction.split(self.comment).next().unwrap_or_default();
                each(address, len, said.trim());
                address += len;
            }
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // SAFETY: made by `new` and used by nobody after this.
        unsafe { LLVMDisasmDispose(self.raw) }
    }
}

impl Names {
    /// What an instruction refers to, where its text does not say it.
    fn note(&self, instruction: Range<u64>, said: &str) -> String {
        let end = instruction.end;
        let Some((field, reference)) = self.references.range(instruction).next() else {
            return String::new();
        };
        if said.ends_with(&reference.symbol) {
            return String::new();
        }
        // An x86 processor counts from the end of the instruction, a relocation from its own field.
        let bias = if self.x86 && reference.relative { (end - field) as i64 } else { 0 };
        let addend = match reference.addend.wrapping_add(bias) {
            0 => String::new(),
            addend if addend < 0 => format!("-{:#x}", addend.unsigned_abs()),
            addend => format!("+{addend:#x}"),
        };
        format!("{}{}{addend}", if self.x86 { "  # " } else { "  ; " }, reference.symbol)
    }
}

/// The functions that a section defines within its bytes; labels of the compiler's own begin with a point, or without the prefix.
fn functions(
    file: &object::File<'_>,
    section: SectionIndex,
    prefix: &str,
    range: Range<u64>,
) -> BTreeMap<u64, CString> {
    let mut functions = BTreeMap::new();
    for symbol in file.symbols().filter(|symbol| symbol.section_index() == Some(section)) {
        let Ok(name) = symbol.name() else { continue };
        let ours = symbol.kind() == SymbolKind::Text && name.starts_with(prefix) && !name.starts_with('.');
        if ours && symbol.is_definition() && range.contains(&symbol.address()) && !name.is_empty() {
            // Of aliases, the first one is shown.
            functions.entry(symbol.address()).or_insert_with(|| ir::c_string(name));
        }
    }
    functions
}

/// What the relocations of a section refer to.
fn references<'o>(
    file: &object::File<'o>,
    section: &object::Section<'o, '_>,
    code: &Code<'_>,
) -> BTreeMap<u64, Reference> {
    let mut references = BTreeMap::new();
    for (offset, relocation) in section.relocations() {
        let object::RelocationTarget::Symbol(index) = relocation.target() else { continue };
        let Ok(symbol) = file.symbol_by_index(index) else { continue };
        // A section's symbol has no name of its own in ELF.
        let own = symbol.name().ok().filter(|name| !name.is_empty()).map(str::to_owned);
        let of_section = || {
            let section = file.section_by_index(symbol.section_index()?).ok()?;
            section.name().ok().map(str::to_owned)
        };
        let Some(name) = own.or_else(of_section) else { continue };
        let address = code.start.wrapping_add(offset);
        let mut addend = relocation.addend();
        let relative = !matches!(relocation.kind(), RelocationKind::Absolute);
        if relocation.has_implicit_addend() && code.x86 {
            let field = code.at(address..address.saturating_add(4)).try_into().map_or(0, i32::from_le_bytes);
            // COFF counts from the end of the field.
            addend = i64::from(field) - if relative { 4 } else { 0 };
        }
        references.entry(address).or_insert(Reference { symbol: name, addend, relative });
    }
    references
}

fn text(name: &CStr) -> String {
    name.to_string_lossy().into_owned()
}
