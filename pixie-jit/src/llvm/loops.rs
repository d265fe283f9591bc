//! Writes the inner loops of element-wise ufuncs (spec §4.3, NumPy's `PyUFuncGenericFunction`): the export, called for each element.
//!
//! A loop is written as text and linked before the optimiser runs, which inlines the export and vectorises. It comes in versions, of
//! which each call takes the first that fits: all operands contiguous; all but one, which is a single number; a reduction; any steps.

use std::collections::HashSet;
use std::fmt::Write;

use inkwell::llvm_sys::debuginfo::LLVMInstructionSetDebugLoc;
use inkwell::module::Module;
use pixie_format::signature::{self, Return, Scalar, ScalarKind, Type};
use pixie_format::{Arch, Platform, Signature, thunk};

use super::builtins::link_text;
use super::ir::{self, Value};
use super::session::Session;
use super::thunk_lines::Lines;
use super::{core_loops, thunks};
use crate::compile::ExportSymbol;
use crate::error::{Error, Result};

/// Up to so many instructions, before any pass, an export is inlined into every version of its loop.
const SMALL: usize = 400;
/// Up to so many inputs each has a version in which it is a single number.
const FEW: usize = 4;

/// Adds the loops of the exports that are ufuncs. Exports of one symbol share a loop, as [`thunks::add_all`] checks that they can.
pub fn add_all(
    session: &Session,
    module: &Module<'_>,
    platform: Platform,
    exports: &[ExportSymbol],
) -> Result<()> {
    let mut done = HashSet::new();
    let lines = Lines::new(module);
    for ExportSymbol { symbol, signature, .. } in exports.iter().filter(|export| export.ufunc) {
        if !done.insert(symbol) {
            continue;
        }
        let error = |message: String| Error::Llvm { message };
        let Some(function) = ir::function(module, symbol).filter(|function| !function.is_declaration())
        else {
            return Err(error(format!("the bitcode does not define `{symbol}`")));
        };
        let name = thunk::loop_symbol(symbol);
        if ir::function(module, &name).is_some() {
            return Err(error(format!("the bitcode already has a function `{name}`")));
        }
        let callee = Callee::new(function, symbol, signature, platform);
        let text = match signature.has_arrays() {
            true => core_loops::text(&name, &callee),
            false => Loop::new(&callee).text(&name),
        };
        link_text(session, module, "loop", &text)?;
        if let Some(made) = ir::function(module, &name) {
            // SAFETY: both are functions of the module, and so is each instruction.
            unsafe {
                thunks::copy_attributes(function, made.raw());
                let place = lines.describe(function, made.raw(), &name);
                if !place.is_null() {
                    made.instructions().iter().for_each(|one| LLVMInstructionSetDebugLoc(one.raw(), place));
                }
            }
        }
    }
    Ok(())
}

/// The export as its loop calls it.
pub struct Callee<'s> {
    pub signature: &'s Signature,
    pub platform: Platform,
    symbol: String,
    /// Types of parameters, with the words that extend them.
    params: Vec<String>,
    ret: String,
    /// Whether calls are to be inlined.
    pub small: bool,
}

impl<'s> Callee<'s> {
    fn new(function: Value<'_>, symbol: &str, signature: &'s Signature, platform: Platform) -> Callee<'s> {
        let ty = function.value_type();
        let param =
            |(index, ty): (usize, ir::Type<'_>)| format!("{ty}{}", thunks::extension(function, index + 1));
        Callee {
            signature,
            platform,
            symbol: quoted(symbol),
            params: ty.param_types().into_iter().enumerate().map(param).collect(),
            ret: ty.return_type().to_string(),
            small: function.instructions().len() <= SMALL,
        }
    }

    /// The declaration that the definition is linked to.
    pub fn declaration(&self) -> String {
        format!("declare {} @{}({})\n", self.ret, self.symbol, self.params.join(", "))
    }

    /// Calls it with values of the operands' types in memory, in the order of its parameters; the result's value, as in memory.
    pub fn call(&self, text: &mut Text, values: &[String]) -> Option<String> {
        let mut arguments = Vec::with_capacity(values.len());
        for ((value, param), ty) in values.iter().zip(&self.signature.params).zip(&self.params) {
            let word = ty.split(' ').next().unwrap_or_default();
            let value = match &param.ty {
                Type::Scalar(scalar) => from_memory(text, value, *scalar, word, self.platform),
                Type::Ptr | Type::Array(_) => value.clone(),
            };
            arguments.push(format!("{ty} {value}"));
        }
        let inline = if self.small { " alwaysinline" } else { "" };
        let call = format!("call {} @{}({}){inline}", self.ret, self.symbol, arguments.join(", "));
        match self.signature.ret {
            Return::Scalar(scalar) => {
                let value = text.value(&call);
                Some(to_memory(text, &value, scalar, &self.ret, self.platform))
            }
            _ => {
                text.line(&call);
                None
            }
        }
    }
}

/// A symbol as IR text has it.
pub fn quoted(symbol: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'$');
    let mut text = "\"".to_owned();
    for byte in symbol.bytes() {
        match plain(byte) {
            true => text.push(byte.into()),
            false => _ = write!(text, "\\{byte:02x}"),
        }
    }
    text + "\""
}

/// IR text that grows.
#[derive(Default)]
pub struct Text {
    pub out: String,
    next: usize,
}

impl Text {
    pub fn line(&mut self, line: &str) {
        self.out.push_str("  ");
        self.out.push_str(line);
        self.out.push('\n');
    }

    pub fn label(&mut self, name: &str) {
        self.out.push_str(name);
        self.out.push_str(":\n");
    }

    /// A new value; its name.
    pub fn value(&mut self, what: &str) -> String {
        let name = format!("%v{}", self.next);
        self.next += 1;
        self.line(&format!("{name} = {what}"));
        name
    }

    /// Whether all of these hold.
    pub fn all(&mut self, conditions: &[String]) -> String {
        let mut whole = "true".to_owned();
        for condition in conditions {
            whole = self.value(&format!("and i1 {whole}, {condition}"));
        }
        whole
    }
}

/// The type of an element in memory.
pub fn memory_type(scalar: Scalar, platform: Platform) -> &'static str {
    match (scalar.kind(), scalar.size(platform)) {
        (ScalarKind::Float, 4) => "float",
        (ScalarKind::Float, _) => "double",
        (_, 1) => "i8",
        (_, 2) => "i16",
        (_, 4) => "i32",
        (_, 8) => "i64",
        _ => "i128",
    }
}

fn bits(ty: &str) -> Option<u32> {
    ty.strip_prefix('i')?.parse().ok()
}

fn from_memory(text: &mut Text, value: &str, scalar: Scalar, ty: &str, platform: Platform) -> String {
    let memory = memory_type(scalar, platform);
    let (value, memory) = match scalar.kind() {
        ScalarKind::Bool => (text.value(&format!("icmp ne i8 {value}, 0")), "i1"),
        _ => (value.to_owned(), memory),
    };
    let widen = if scalar.kind() == ScalarKind::Signed { "sext" } else { "zext" };
    cast(text, value, memory, ty, widen)
}

fn to_memory(text: &mut Text, value: &str, scalar: Scalar, ty: &str, platform: Platform) -> String {
    let memory = memory_type(scalar, platform);
    match scalar.kind() {
        ScalarKind::Bool => {
            let bit = cast(text, value.to_owned(), ty, "i1", "zext");
            text.value(&format!("zext i1 {bit} to i8"))
        }
        _ => cast(text, value.to_owned(), ty, memory, "zext"),
    }
}

/// Between integers; other types are the same on both sides.
fn cast(text: &mut Text, value: String, from: &str, to: &str, widen: &str) -> String {
    match (bits(from), bits(to)) {
        (Some(from_bits), Some(to_bits)) if from_bits < to_bits => {
            text.value(&format!("{widen} {from} {value} to {to}"))
        }
        (Some(from_bits), Some(to_bits)) if from_bits > to_bits => {
            text.value(&format!("trunc {from} {value} to {to}"))
        }
        _ => value,
    }
}

/// Reads the processor's floating-point status flags; what [`restore_flags`] takes.
///
/// A vectorised loop computes what the scalar function would not (both sides of a branch, lanes behind the end), so flags that it raises say
/// nothing, and NumPy would warn of them.
pub fn save_flags(text: &mut Text, platform: Platform) -> String {
    match platform.arch() {
        Arch::X86_64 => {
            let place = text.value("alloca i32");
            text.line(&format!("call void @llvm.x86.sse.stmxcsr(ptr {place})"));
            place
        }
        Arch::Aarch64 => text.value("call i64 @llvm.aarch64.get.fpsr()"),
    }
}

/// Sets them as they were.
pub fn restore_flags(text: &mut Text, platform: Platform, saved: &str) {
    match platform.arch() {
        Arch::X86_64 => text.line(&format!("call void @llvm.x86.sse.ldmxcsr(ptr {saved})")),
        Arch::Aarch64 => text.line(&format!("call void @llvm.aarch64.set.fpsr(i64 {saved})")),
    }
}

pub fn flag_declarations(platform: Platform) -> &'static str {
    match platform.arch() {
        Arch::X86_64 => "declare void @llvm.x86.sse.stmxcsr(ptr)\ndeclare void @llvm.x86.sse.ldmxcsr(ptr)\n",
        Arch::Aarch64 => "declare i64 @llvm.aarch64.get.fpsr()\ndeclare void @llvm.aarch64.set.fpsr(i64)\n",
    }
}

/// Loads the pointer and the step of each of `count` operands into `%p0`, `%s0` and so on.
pub fn load_operands(text: &mut Text, count: usize) {
    for index in 0..count {
        for (base, name, ty) in [("args", "p", "ptr"), ("steps", "s", "i64")] {
            let at = text.value(&format!("getelementptr inbounds i64, ptr %{base}, i64 {index}"));
            text.line(&format!("%{name}{index} = load {ty}, ptr {at}, align 8"));
        }
    }
}

/// What a loop goes over.
struct Operand {
    /// The index of its parameter; `None` for the result.
    param: Option<usize>,
    ty: &'static str,
    size: u32,
    is_output: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    Contiguous,
    /// The input with this index is a single number, all else contiguous.
    Number(usize),
    /// The first input and the output are the same number.
    Reduction,
    AnySteps,
}

struct Loop<'c> {
    callee: &'c Callee<'c>,
    operands: Vec<Operand>,
    inputs: usize,
    text: Text,
    metadata: String,
}

impl<'c> Loop<'c> {
    fn new(callee: &'c Callee<'c>) -> Loop<'c> {
        let operands = callee.signature.operands();
        let inputs = operands.inputs;
        let operand = |(index, operand): (usize, signature::Operand)| Operand {
            param: operand.param,
            ty: memory_type(operand.element, callee.platform),
            size: operand.element.size(callee.platform),
            is_output: index >= inputs,
        };
        let operands = operands.all.into_iter().enumerate().map(operand).collect();
        Loop { callee, operands, inputs, text: Text::default(), metadata: String::new() }
    }

    fn versions(&self) -> Vec<Version> {
        let mut versions = Vec::new();
        // A call that is not inlined is not vectorised either.
        if self.callee.small {
            versions.push(Version::Contiguous);
            if (2..=FEW).contains(&self.inputs) {
                versions.extend((0..self.inputs).map(Version::Number));
            }
        }
        if let [first, _, output] = self.operands.as_slice()
            && self.inputs == 2
            && output.param.is_none()
            && first.ty == output.ty
        {
            versions.push(Version::Reduction);
        }
        versions.push(Version::AnySteps);
        versions
    }

    fn text(mut self, name: &str) -> String {
        let (callee, platform) = (self.callee, self.callee.platform);
        self.text.label("entry");
        for operand in &self.operands {
            // An output that is a parameter goes through memory of the loop's own, which the optimiser turns into a value.
            if let (Some(param), true) = (operand.param, operand.is_output) {
                self.text.line(&format!("%out{param} = alloca {}, align {}", operand.ty, operand.size));
            }
        }
        let saved = save_flags(&mut self.text, platform);
        self.text.line("%n = load i64, ptr %dimensions, align 8");
        load_operands(&mut self.text, self.operands.len());
        for (index, operand) in self.operands.iter().enumerate() {
            self.text.line(&format!("%a{index} = ptrtoint ptr %p{index} to i64"));
            let bytes = self.text.value(&format!("mul i64 %n, {}", operand.size));
            self.text.line(&format!("%e{index} = add i64 %a{index}, {bytes}"));
        }
        let some = self.text.value("icmp sgt i64 %n, 0");
        self.text.line(&format!("br i1 {some}, label %test0, label %done"));
        let versions = self.versions();
        for (number, version) in versions.into_iter().enumerate() {
            self.version(number, version);
        }
        self.text.label("done");
        restore_flags(&mut self.text, platform, &saved);
        self.text.line("ret void");
        format!(
            "{}{}define void @{}(ptr %args, ptr %dimensions, ptr %steps, ptr %data) {{\n{}}}\n{}",
            flag_declarations(platform),
            callee.declaration(),
            quoted(name),
            self.text.out,
            self.metadata
        )
    }

    fn version(&mut self, number: usize, version: Version) {
        self.text.label(&format!("test{number}"));
        let conditions = self.conditions(version);
        let fits = self.text.all(&conditions);
        match version {
            Version::AnySteps => self.text.line(&format!("br label %before{number}")),
            _ => {
                let next = number + 1;
                self.text.line(&format!("br i1 {fits}, label %before{number}, label %test{next}"));
            }
        }
        self.text.label(&format!("before{number}"));
        let single = match version {
            Version::Number(index) => Some(index),
            Version::Reduction => Some(0),
            _ => None,
        };
        let single = single.map(|index| {
            let ty = self.operands[index].ty;
            (index, self.text.value(&format!("load {ty}, ptr %p{index}, align 1")))
        });
        self.text.line(&format!("br label %loop{number}"));
        self.text.label(&format!("loop{number}"));
        let index = format!("%i{number}");
        self.text.line(&format!("{index} = phi i64 [ 0, %before{number} ], [ {index}.next, %loop{number} ]"));
        let mut fixed = single.clone();
        if let (Version::Reduction, Some((_, first))) = (version, &single) {
            let ty = self.operands[0].ty;
            // The new value is known only further down.
            self.text
                .line(&format!("%sum = phi {ty} [ {first}, %before{number} ], [ %sum.next, %loop{number} ]"));
            fixed = Some((0, "%sum".to_owned()));
        }
        let parallel = matches!(version, Version::Contiguous | Version::Number(_));
        let group = if parallel { format!(", !llvm.access.group !{}", 3 * number) } else { String::new() };
        self.element(version, &index, fixed, &group);
        self.text.line(&format!("{index}.next = add nuw nsw i64 {index}, 1"));
        let more = self.text.value(&format!("icmp slt i64 {index}.next, %n"));
        let after = if version == Version::Reduction { format!("after{number}") } else { "done".to_owned() };
        let mut branch = format!("br i1 {more}, label %loop{number}, label %{after}");
        if parallel {
            let (group, id, says) = (3 * number, 3 * number + 1, 3 * number + 2);
            _ = write!(branch, ", !llvm.loop !{id}");
            _ = writeln!(self.metadata, "!{group} = distinct !{{}}\n!{id} = distinct !{{!{id}, !{says}}}");
            _ = writeln!(self.metadata, "!{says} = !{{!\"llvm.loop.parallel_accesses\", !{group}}}");
        }
        self.text.line(&branch);
        if version == Version::Reduction {
            self.text.label(&after);
            let ty = self.operands[0].ty;
            self.text.line(&format!("store {ty} %sum.next, ptr %p2, align 1"));
            self.text.line("br label %done");
        }
    }

    /// When a version may run.
    fn conditions(&mut self, version: Version) -> Vec<String> {
        let mut conditions = Vec::new();
        let single = match version {
            Version::AnySteps => return conditions,
            Version::Reduction => {
                for condition in ["i64 %s0, 0", "i64 %s2, 0", "i64 %a0, %a2"] {
                    conditions.push(self.text.value(&format!("icmp eq {condition}")));
                }
                return conditions;
            }
            Version::Contiguous => None,
            Version::Number(index) => Some(index),
        };
        for (index, operand) in self.operands.iter().enumerate() {
            let step = if Some(index) == single { 0 } else { operand.size };
            conditions.push(self.text.value(&format!("icmp eq i64 %s{index}, {step}")));
        }
        // Elements may be computed in any order only if each output is an input, or apart from it: `accumulate` reads what the
        // element before has written.
        for (output, _) in self.operands.iter().enumerate().skip(self.inputs) {
            for other in 0..output {
                let text = &mut self.text;
                let (mut end, mut same) =
                    (format!("%e{other}"), self.operands[other].size == self.operands[output].size);
                if Some(other) == single {
                    end = text.value(&format!("add i64 %a{other}, {}", self.operands[other].size));
                    same = false;
                }
                same &= other < self.inputs;
                let below = text.value(&format!("icmp ule i64 {end}, %a{output}"));
                let above = text.value(&format!("icmp ule i64 %e{output}, %a{other}"));
                let mut apart = text.value(&format!("or i1 {below}, {above}"));
                if same {
                    let equal = text.value(&format!("icmp eq i64 %a{other}, %a{output}"));
                    apart = text.value(&format!("or i1 {apart}, {equal}"));
                }
                conditions.push(apart);
            }
        }
        conditions
    }

    /// One element: inputs are loaded, the export called, outputs stored.
    fn element(&mut self, version: Version, index: &str, fixed: Option<(usize, String)>, group: &str) {
        let mut places = Vec::with_capacity(self.operands.len());
        for (number, operand) in self.operands.iter().enumerate() {
            places.push(match version {
                Version::Contiguous | Version::Number(_) => self
                    .text
                    .value(&format!("getelementptr inbounds {}, ptr %p{number}, i64 {index}", operand.ty)),
                Version::Reduction | Version::AnySteps => {
                    let bytes = self.text.value(&format!("mul i64 {index}, %s{number}"));
                    self.text.value(&format!("getelementptr i8, ptr %p{number}, i64 {bytes}"))
                }
            });
        }
        let mut values = vec![String::new(); self.callee.signature.params.len()];
        for (number, operand) in self.operands.iter().enumerate() {
            let Some(param) = operand.param else { continue };
            values[param] = match &fixed {
                _ if operand.is_output => format!("%out{param}"),
                Some((single, value)) if *single == number => value.clone(),
                _ => self.text.value(&format!("load {}, ptr {}, align 1{group}", operand.ty, places[number])),
            };
        }
        let result = self.callee.call(&mut self.text, &values);
        for (number, operand) in self.operands.iter().enumerate().filter(|(_, operand)| operand.is_output) {
            let value = match (operand.param, &result) {
                (Some(param), _) => {
                    self.text.value(&format!("load {}, ptr %out{param}, align {}", operand.ty, operand.size))
                }
                (None, Some(result)) => result.clone(),
                (None, None) => continue,
            };
            match version {
                Version::Reduction => self.text.line(&format!("%sum.next = freeze {} {value}", operand.ty)),
                _ => self
                    .text
                    .line(&format!("store {} {value}, ptr {}, align 1{group}", operand.ty, places[number])),
            }
        }
    }
}
