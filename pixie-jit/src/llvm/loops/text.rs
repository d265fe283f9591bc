//! IR text of loops: values, labels, types in memory, and what every loop begins and ends with.

use std::fmt::Write;

use pixie_format::signature::{Scalar, ScalarKind};
use pixie_format::{Arch, Platform};

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

pub fn from_memory(text: &mut Text, value: &str, scalar: Scalar, ty: &str, platform: Platform) -> String {
    let memory = memory_type(scalar, platform);
    let (value, memory) = match scalar.kind() {
        ScalarKind::Bool => (text.value(&format!("icmp ne i8 {value}, 0")), "i1"),
        _ => (value.to_owned(), memory),
    };
    let widen = if scalar.kind() == ScalarKind::Signed { "sext" } else { "zext" };
    cast(text, value, memory, ty, widen)
}

pub fn to_memory(text: &mut Text, value: &str, scalar: Scalar, ty: &str, platform: Platform) -> String {
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
