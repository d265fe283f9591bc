//! `pixie inspect --pyi`: a stub of the module, which tells type checkers and editors what its functions take and return.

use std::collections::BTreeSet;
use std::fmt::Write;

use anyhow::Result;
use pixie_format::signature::{Array, Default, Mode, Param, Return, Scalar, ScalarKind, Type};
use pixie_format::{Manifest, Signature};

/// What the runtime itself puts into a module, and what no Python file can define: exports of these names are not seen there.
const OWN: &[&str] =
    &["__PIXIE__", "__all__", "__debug__", "__dir__", "__doc__", "__getattr__", "__name__", "__pixie__"];

/// mypy's objection to overloads that both fit some call, as of an `int` or a `memoryview`; the runtime, too, takes the first.
const OVERLAP: &str = "  # type: ignore[overload-overlap, unused-ignore]";

/// The text of the stub.
pub fn stub(manifest: &Manifest) -> Result<String> {
    let mut signatures = Vec::new();
    for export in manifest.exports.iter().filter(|export| !OWN.contains(&export.name.as_str())) {
        signatures.push((Signature::parse(&export.signature)?, export.doc.as_deref()));
    }
    let mut names: Vec<&str> = Vec::new();
    for (signature, _) in &signatures {
        if !names.contains(&signature.name.as_str()) {
            names.push(&signature.name);
        }
    }
    let mut stub = Stub {
        numpy: signatures.iter().any(|(signature, _)| signature.has_arrays()),
        taken: names.iter().copied().collect(),
        imports: BTreeSet::new(),
        types: Vec::new(),
    };
    let mut functions = String::new();
    for name in &names {
        // NumPy's own stub knows what a ufunc does with any arguments.
        let mut ufuncs = manifest.exports.iter().filter(|export| export.name == *name);
        if ufuncs.all(|export| export.ufunc.is_some()) {
            let numpy = stub.numpy();
            let _ = writeln!(functions, "\n{name}: {numpy}.ufunc");
            continue;
        }
        let all: Vec<_> = signatures.iter().filter(|(signature, _)| signature.name == *name).collect();
        stub.overloads(&mut functions, &all);
    }
    let (pixie, any) = (stub.import("import pixie as {}", "_pixie"), stub.any());
    let dict = stub.builtin("dict");
    let mut out = String::new();
    if let Some(doc) = &manifest.doc {
        let _ = writeln!(out, "{}\n", docstring("", doc.trim_end()));
    }
    for import in &stub.imports {
        let _ = writeln!(out, "{import}");
    }
    out.push('\n');
    for (_, definition) in &stub.types {
        let _ = writeln!(out, "{definition}");
    }
    if !stub.types.is_empty() {
        out.push('\n');
    }
    let listed: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    let _ = writeln!(out, "__all__ = [{}]\n", listed.join(", "));
    let _ = writeln!(out, "__pixie__: {pixie}.FatModule\n__PIXIE__: {dict}[{}, {any}]", stub.builtin("str"));
    out += &functions;
    Ok(out)
}

struct Stub<'m> {
    /// Whether NumPy's types are named: where there are arrays.
    numpy: bool,
    /// The names of the functions, which nothing else in the stub may have.
    taken: BTreeSet<&'m str>,
    imports: BTreeSet<String>,
    /// Names of types and what defines them, in order.
    types: Vec<(String, String)>,
}

impl Stub<'_> {
    /// A name of the stub's own, private and not that of a function.
    fn private(&self, wanted: &str) -> String {
        let mut name = wanted.to_owned();
        while self.taken.contains(name.as_str()) {
            name.insert(0, '_');
        }
        name
    }

    /// Imports something under a private name; `{}` in the statement stands for it.
    fn import(&mut self, statement: &str, wanted: &str) -> String {
        let name = self.private(wanted);
        self.imports.insert(statement.replace("{}", &name));
        name
    }

    /// A built-in type, also where a function has its name.
    fn builtin(&mut self, name: &str) -> String {
        match self.taken.contains(name) {
            true => format!("{}.{name}", self.import("import builtins as {}", "_builtins")),
            false => name.to_owned(),
        }
    }

    fn any(&mut self) -> String {
        self.import("from typing import Any as {}", "_Any")
    }

    /// NumPy is optional: without it, what only it can tell is left unchecked.
    fn numpy(&mut self) -> String {
        self.import("import numpy as {}  # type: ignore[import-not-found, unused-ignore]", "_numpy")
    }

    /// A type with a name of its own, which messages and editors show.
    fn define(&mut self, wanted: &str, definition: impl FnOnce(&mut Self, &str) -> String) -> String {
        let name = self.private(wanted);
        if !self.types.iter().any(|(known, _)| *known == name) {
            let text = definition(self, &name);
            self.types.push((name.clone(), text));
        }
        name
    }

    fn alias(&mut self, wanted: &str, union: impl FnOnce(&mut Self) -> String) -> String {
        self.define(wanted, |stub, name| {
            let alias = stub.import("from typing import TypeAlias as {}", "_TypeAlias");
            format!("{name}: {alias} = {}", union(stub))
        })
    }

    /// All functions of one name, in the order in which a call tries them.
    fn overloads(&mut self, out: &mut String, all: &[&(Signature, Option<&str>)]) {
        // One that an earlier one leaves nothing for is never called, and type checkers complain of it.
        let reached = all
            .iter()
            .enumerate()
            .filter(|(index, later)| !all[..*index].iter().any(|earlier| covers(&earlier.0, &later.0)));
        let reached: Vec<_> = reached.map(|(_, function)| function).collect();
        let overload =
            (reached.len() > 1).then(|| self.import("from typing import overload as {}", "_overload"));
        for (index, (signature, doc)) in reached.iter().copied().enumerate() {
            out.push('\n');
            if let Some(overload) = &overload {
                let _ = writeln!(out, "@{overload}");
            }
            let note = if index + 1 < reached.len() { OVERLAP } else { "" };
            let _ = writeln!(out, "{}:{note}", self.head(signature));
            let text = match doc {
                Some(doc) => format!("{}\n\n{signature}", doc.trim_end()),
                None => signature.to_string(),
            };
            let _ = writeln!(out, "{}", docstring("    ", &text));
        }
    }

    /// `def name(parameters) -> result`
    fn head(&mut self, signature: &Signature) -> String {
        let mut params = Vec::new();
        for (_, param) in signature.positional() {
            let ty = self.taken_type(param);
            let default =
                param.default.map(|default| format!(" = {}", self.default(default))).unwrap_or_default();
            params.push(format!("{}: {ty}{default}", param.name));
        }
        let mut results = match signature.ret {
            Return::Void | Return::Status => Vec::new(),
            Return::Ptr => vec![format!("{} | None", self.builtin("int"))],
            Return::Scalar(scalar) => vec![self.scalar(scalar)],
        };
        let mut outs = Vec::new();
        for (_, param) in signature.outputs() {
            let Type::Array(array) = &param.ty else { continue };
            if array.is_scalar_out() {
                results.push(self.scalar(array.element));
                continue;
            }
            let same = outs.iter().filter(|element| **element == array.element).count();
            outs.push(array.element);
            let ty = self.output(array.element, same);
            if outs.len() == 1 {
                params.push("*".to_owned());
            }
            params.push(format!("{}: {ty} | None = None", param.name));
            results.push(ty);
        }
        let result = match results.as_slice() {
            [] => "None".to_owned(),
            [one] => one.clone(),
            several => format!("{}[{}]", self.builtin("tuple"), several.join(", ")),
        };
        format!("def {}({}) -> {result}", signature.name, params.join(", "))
    }

    /// What a parameter takes.
    fn taken_type(&mut self, param: &Param) -> String {
        match &param.ty {
            Type::Scalar(scalar) => self.number(*scalar),
            Type::Ptr => self.pointer(),
            Type::Array(Array { element, optional, .. }) => {
                let ty = self.array(*element, param.mode != Mode::In);
                if *optional { format!("{ty} | None") } else { ty }
            }
        }
    }

    /// Python's type of a result.
    fn scalar(&mut self, scalar: Scalar) -> String {
        self.builtin(match scalar.kind() {
            ScalarKind::Bool => "bool",
            ScalarKind::Signed | ScalarKind::Unsigned => "int",
            ScalarKind::Float => "float",
            ScalarKind::Complex => "complex",
        })
    }

    /// A number as an argument: beside arrays, NumPy's scalars too.
    fn number(&mut self, scalar: Scalar) -> String {
        let plain = self.scalar(scalar);
        if !self.numpy {
            return plain;
        }
        let (name, kinds): (_, &[&str]) = match scalar.kind() {
            ScalarKind::Bool => ("_Bool", &["bool_"]),
            ScalarKind::Signed | ScalarKind::Unsigned => ("_Int", &["integer[{}]"]),
            ScalarKind::Float | ScalarKind::Complex => ("_Float", &["floating[{}]", "integer[{}]"]),
        };
        self.alias(name, |stub| {
            let (numpy, any) = (stub.numpy(), stub.any());
            let more = kinds.iter().map(|kind| format!("{numpy}.{}", kind.replace("{}", &any)));
            std::iter::once(plain).chain(more).collect::<Vec<_>>().join(" | ")
        })
    }

    /// A bare address as an argument.
    fn pointer(&mut self) -> String {
        self.alias("_Pointer", |stub| {
            let (int, any) = (stub.builtin("int"), stub.any());
            let ctypes = stub.import("import ctypes as {}", "_ctypes");
            let function = stub.import("from _ctypes import CFuncPtr as {}", "_CFuncPtr");
            format!(
                "{int} | {ctypes}._Pointer[{any}] | {ctypes}.c_void_p | {ctypes}.c_char_p | {ctypes}.c_wchar_p | {function} | None  # pyright: ignore[reportPrivateUsage]"
            )
        })
    }

    /// An array as an argument. The type of elements is checked where the object's type tells it; any other buffer goes as
    /// a `memoryview` of it, which copies nothing. (`collections.abc.Buffer` would let every NumPy array pass.)
    fn array(&mut self, element: Scalar, written: bool) -> String {
        let access = if written { "Write" } else { "Read" };
        self.alias(&format!("_{access}{}", capitalised(element)), |stub| {
            let mut union = vec![stub.numpy_array(element)];
            let item = match element.kind() {
                ScalarKind::Signed | ScalarKind::Unsigned => Some(stub.builtin("int")),
                ScalarKind::Float => Some(stub.builtin("float")),
                ScalarKind::Bool | ScalarKind::Complex => None,
            };
            if let Some(item) = item {
                let array = stub.import("from array import array as {}", "_array");
                union.push(format!("{array}[{item}]"));
            }
            if matches!(element, Scalar::U8 | Scalar::I8) {
                union.push(stub.builtin("bytearray"));
                if !written {
                    union.push(stub.builtin("bytes"));
                }
            }
            let any = stub.any();
            union.push(format!("{}[{any}]", stub.builtin("memoryview")));
            union.join(" | ")
        })
    }

    /// An `out` array: what is given is what is returned, and without one NumPy makes it. Each of a function needs a variable of its
    /// own; `number` tells those of one element type apart.
    fn output(&mut self, element: Scalar, number: usize) -> String {
        let bound = self.array(element, true);
        let suffix = if number == 0 { String::new() } else { format!("{}", number + 1) };
        self.define(&format!("_Out{}{suffix}", capitalised(element)), |stub, name| {
            // Type checkers know this module by themselves; it need not be installed.
            let variable = stub.import("from typing_extensions import TypeVar as {}", "_TypeVar");
            format!("{name} = {variable}(\"{name}\", bound={bound}, default={})", stub.numpy_array(element))
        })
    }

    fn numpy_array(&mut self, element: Scalar) -> String {
        let numpy = self.numpy();
        let array = self.import(
            "from numpy.typing import NDArray as {}  # type: ignore[import-not-found, unused-ignore]",
            "_NDArray",
        );
        let names: &[&str] = match element {
            Scalar::Bool => &["bool_"],
            Scalar::I8 => &["int8"],
            Scalar::I16 => &["int16"],
            Scalar::I32 => &["int32"],
            // NumPy's own default integer has no fixed width for type checkers.
            Scalar::I64 => &["int64", "int_"],
            Scalar::U8 => &["uint8"],
            Scalar::U16 => &["uint16"],
            Scalar::U32 => &["uint32"],
            Scalar::U64 | Scalar::Usize => &["uint64", "uint"],
            // 32 bits on Windows, 64 elsewhere.
            Scalar::Long => &["int32", "int64", "int_"],
            Scalar::Ulong => &["uint32", "uint64", "uint"],
            Scalar::F32 => &["float32"],
            Scalar::F64 => &["float64"],
            Scalar::C64 => &["complex64"],
            Scalar::C128 => &["complex128"],
        };
        let union: Vec<String> = names.iter().map(|name| format!("{numpy}.{name}")).collect();
        format!("{array}[{}]", union.join(" | "))
    }

    /// A default as Python writes it.
    fn default(&mut self, default: Default) -> String {
        match default {
            Default::Float(bits) if !f64::from_bits(bits).is_finite() => {
                let value = f64::from_bits(bits);
                let sign = if value < 0.0 { "-" } else { "" };
                let name = if value.is_nan() { "nan" } else { "inf" };
                format!("{sign}{}(\"{name}\")", self.builtin("float"))
            }
            default => default.to_string(),
        }
    }
}

/// `f64` as part of a type's name.
fn capitalised(element: Scalar) -> String {
    let name = element.name();
    name[..1].to_uppercase() + &name[1..]
}

/// Whether `earlier` takes every call that `later` could.
fn covers(earlier: &Signature, later: &Signature) -> bool {
    let (a, b): (Vec<_>, Vec<_>) = (earlier.positional().collect(), later.positional().collect());
    let outs =
        |signature: &Signature| signature.outputs().map(|(_, param)| param.clone()).collect::<Vec<_>>();
    a.len() == b.len()
        && outs(earlier) == outs(later)
        && a.iter().zip(&b).all(|((_, a), (_, b))| {
            let types = match (&a.ty, &b.ty) {
                (Type::Scalar(a), Type::Scalar(b)) => rank(*a) >= rank(*b),
                (Type::Array(a), Type::Array(b)) => a.element == b.element && a.optional == b.optional,
                (a, b) => a == b,
            };
            types && a.name == b.name && a.mode == b.mode && a.default.is_some() == b.default.is_some()
        })
}

/// Floats take integers, and integers take booleans.
fn rank(scalar: Scalar) -> u8 {
    match scalar.kind() {
        ScalarKind::Bool => 0,
        ScalarKind::Signed | ScalarKind::Unsigned => 1,
        ScalarKind::Float | ScalarKind::Complex => 2,
    }
}

/// Text as a docstring whose value, cleaned of its indentation, is the text again.
fn docstring(indent: &str, text: &str) -> String {
    let mut escaped = String::new();
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '\\' => escaped += "\\\\",
            '"' if rest.peek().is_none_or(|next| *next == '"') => escaped += "\\\"",
            '\n' => escaped.push('\n'),
            // The runtime, too, leaves NULs out.
            '\0' => {}
            control if control.is_control() => {
                let _ = write!(escaped, "\\x{:02x}", control as u32);
            }
            other => escaped.push(other),
        }
    }
    let mut lines = escaped.lines();
    let first = lines.next().unwrap_or_default();
    let mut out = format!("{indent}\"\"\"{first}");
    let mut more = false;
    for line in lines {
        more = true;
        out.push('\n');
        if !line.is_empty() {
            out += indent;
            out += line;
        }
    }
    if more {
        out.push('\n');
        out += indent;
    }
    out + "\"\"\""
}
