//! Reads the C types of functions from the debug metadata of textual IR.
//!
//! LLVM's C interface tells names and sizes of debug types but not their encodings, so `unsigned` could not be told from
//! `int`; the text has it all, and its grammar for metadata is simple and stable.

use std::collections::HashMap;

use crate::function_info::{CType, DebugSignature};

/// How deep typedefs and qualifiers may nest before the metadata counts as damaged.
const MAX_DEPTH: u32 = 64;

/// The signature of each `define` of the module, in order; `None` where there is no debug metadata.
pub fn signatures(ir: &str) -> Vec<Option<DebugSignature>> {
    let nodes = Nodes::read(ir);
    let defines = ir.lines().filter(|line| line.starts_with("define "));
    defines.map(|line| subprogram(line).and_then(|id| nodes.signature(id))).collect()
}

/// The number of the subprogram that a `define` line names at its end.
fn subprogram(define: &str) -> Option<u32> {
    let (_, rest) = define.rsplit_once(" !dbg !")?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// A metadata node: its kind and its fields, or a plain list.
pub struct Node<'a> {
    /// `DIFile` and so on; empty for a list.
    pub kind: &'a str,
    /// Names and values; names are empty in a list.
    pub fields: Vec<(&'a str, &'a str)>,
}

struct Nodes<'a> {
    nodes: HashMap<u32, Node<'a>>,
    /// Subprogram to (1-based argument, name).
    args: HashMap<u32, Vec<(usize, &'a str)>>,
}

impl<'a> Node<'a> {
    /// `!DIBasicType(name: "int", size: 32, …)`, perhaps `distinct`, or `!{!1, null}`.
    pub fn read(text: &'a str) -> Option<Node<'a>> {
        let text = text.strip_prefix("distinct ").unwrap_or(text).strip_prefix('!')?;
        let open = text.find(['(', '{'])?;
        let body = text.get(open + 1..text.len().checked_sub(1)?)?;
        let fields = split(body).into_iter().map(|field| match field.split_once(": ") {
            Some((key, value)) if !field.starts_with(['!', '"']) => (key, value),
            _ => ("", field),
        });
        Some(Node { kind: text.get(..open)?, fields: fields.collect() })
    }

    fn field(&self, key: &str) -> Option<&'a str> {
        self.fields.iter().find(|(name, _)| *name == key).map(|(_, value)| *value)
    }

    /// A string, as it is escaped.
    pub fn text(&self, key: &str) -> Option<&'a str> {
        self.field(key)?.strip_prefix('"')?.strip_suffix('"')
    }

    fn reference(&self, key: &str) -> Option<u32> {
        reference(self.field(key)?)
    }

    fn number(&self, key: &str) -> Option<u32> {
        self.field(key)?.parse().ok()
    }
}

fn reference(value: &str) -> Option<u32> {
    value.strip_prefix('!')?.parse().ok()
}

/// Splits at commas outside quotes and brackets.
fn split(body: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth, mut quoted) = (Vec::new(), 0, 0_i32, false);
    for (at, c) in body.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '(' | '{' if !quoted => depth += 1,
            ')' | '}' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                parts.push(body[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    let last = body[start..].trim();
    if !last.is_empty() {
        parts.push(last);
    }
    parts
}

impl<'a> Nodes<'a> {
    fn read(ir: &'a str) -> Nodes<'a> {
        let mut nodes = Nodes { nodes: HashMap::new(), args: HashMap::new() };
        for line in ir.lines() {
            let Some((id, text)) = line.strip_prefix('!').and_then(|line| line.split_once(" = ")) else {
                continue;
            };
            let (Ok(id), Some(node)) = (id.parse(), Node::read(text)) else { continue };
            if node.kind == "DILocalVariable"
                && let (Some(arg), Some(name)) = (node.number("arg"), node.text("name"))
                && let Some(scope) = node.reference("scope")
            {
                nodes.args.entry(scope).or_default().push((arg as usize, name));
            }
            nodes.nodes.insert(id, node);
        }
        nodes
    }

    fn signature(&self, subprogram: u32) -> Option<DebugSignature> {
        let node = self.nodes.get(&subprogram)?;
        let types = self.nodes.get(&self.nodes.get(&node.reference("type")?)?.reference("types")?)?;
        let mut types = types.fields.iter().map(|(_, value)| *value);
        let ret = match types.next() {
            None | Some("null") => CType::Void,
            Some(value) => self.c_type(reference(value), 0),
        };
        let names = self.args.get(&subprogram);
        let params = types.enumerate().map(|(index, value)| {
            let name = names
                .and_then(|names| names.iter().find(|(arg, _)| *arg == index + 1))
                .map(|(_, name)| (*name).to_owned());
            match value {
                "null" => (None, CType::Variadic),
                _ => (name, self.c_type(reference(value), 0)),
            }
        });
        let params = params.collect();
        let file =
            node.reference("file").and_then(|id| self.nodes.get(&id)).and_then(|file| file.text("filename"));
        let location = file.map(|file| match node.number("line") {
            Some(line) => format!("{file}:{line}"),
            None => file.to_owned(),
        });
        Some(DebugSignature { location, params, ret })
    }

    /// What a pointer to the type with this number gives access to, and whether that is `const`.
    fn pointee(&self, id: Option<u32>, depth: u32) -> (CType, bool) {
        let mut constant = false;
        let mut id = id;
        for depth in depth..=MAX_DEPTH {
            let Some(node) = id.and_then(|id| self.nodes.get(&id)) else { break };
            match (node.kind, node.field("tag").unwrap_or(""), node.text("name")) {
                ("DIDerivedType", "DW_TAG_pointer_type", _) => return (self.c_type(id, depth), constant),
                ("DIDerivedType", "DW_TAG_typedef", Some(name)) if named(name).is_some() => break,
                ("DIDerivedType", tag, _) => constant |= tag == "DW_TAG_const_type",
                ("DICompositeType", "DW_TAG_array_type", _) => {}
                _ => break,
            }
            id = node.reference("baseType");
        }
        (self.c_type(id, depth), constant)
    }

    /// The type with this number; none is `void`.
    fn c_type(&self, id: Option<u32>, depth: u32) -> CType {
        let Some(node) = id.and_then(|id| self.nodes.get(&id)) else { return CType::Void };
        if depth > MAX_DEPTH {
            return CType::Other("a type of endless depth".to_owned());
        }
        let base = || self.c_type(node.reference("baseType"), depth + 1);
        let name = node.text("name").unwrap_or("");
        match (node.kind, node.field("tag").unwrap_or("")) {
            ("DIBasicType", _) => basic(node, name),
            (
                "DIDerivedType",
                "DW_TAG_pointer_type" | "DW_TAG_reference_type" | "DW_TAG_rvalue_reference_type",
            ) => {
                // Rust has no type that is `const`: the pointer says it.
                let constant =
                    name.starts_with("*const ") || name.starts_with('&') && !name.starts_with("&mut ");
                let (to, target_constant) = self.pointee(node.reference("baseType"), depth + 1);
                CType::Pointer { to: Box::new(to), constant: constant || target_constant }
            }
            ("DIDerivedType", "DW_TAG_typedef") => named(name).unwrap_or_else(base),
            ("DIDerivedType", _) => base(),
            ("DICompositeType", "DW_TAG_enumeration_type") => match base() {
                // Metadata of some producers leaves the underlying type out; an enum is then an `int`.
                CType::Void => CType::Int { bits: node.number("size").unwrap_or(32), signed: true },
                other => other,
            },
            ("DICompositeType", tag) => {
                let word = match tag {
                    "DW_TAG_structure_type" | "DW_TAG_class_type" => "struct",
                    "DW_TAG_union_type" => "union",
                    // GNU vectors are arrays with a flag.
                    "DW_TAG_array_type" => "vector",
                    _ => "type",
                };
                CType::Other(format!("{word} {name} by value").replace("  ", " "))
            }
            (kind, _) => CType::Other(kind.to_owned()),
        }
    }
}

/// Typedefs whose meaning is the same on every platform though the type behind them is not.
fn named(name: &str) -> Option<CType> {
    let int = |bits, signed| Some(CType::Int { bits, signed });
    match name {
        "size_t" | "uintptr_t" => Some(CType::Usize),
        "ssize_t" | "ptrdiff_t" | "intptr_t" | "int64_t" | "intmax_t" | "__int64_t" => int(64, true),
        "uint64_t" | "uintmax_t" | "__uint64_t" => int(64, false),
        _ => None,
    }
}

fn basic(node: &Node<'_>, name: &str) -> CType {
    let bits = node.number("size").unwrap_or(0);
    let known = matches!(bits, 8 | 16 | 32 | 64);
    match (node.field("encoding").unwrap_or(""), name) {
        ("DW_ATE_boolean", _) if bits == 8 => CType::Bool,
        ("DW_ATE_signed", "long" | "long int") => CType::Long { signed: true },
        ("DW_ATE_unsigned", "unsigned long" | "long unsigned int") => CType::Long { signed: false },
        ("DW_ATE_unsigned", "usize") => CType::Usize,
        ("DW_ATE_signed_char", "char") if bits == 8 => CType::Char { signed: true },
        ("DW_ATE_unsigned_char", "char") if bits == 8 => CType::Char { signed: false },
        ("DW_ATE_complex_float", _) if matches!(bits, 64 | 128) => CType::Complex { part_bits: bits / 2 },
        ("DW_ATE_signed" | "DW_ATE_signed_char", _) if known => CType::Int { bits, signed: true },
        ("DW_ATE_unsigned" | "DW_ATE_unsigned_char" | "DW_ATE_UTF", _) if known => {
            CType::Int { bits, signed: false }
        }
        ("DW_ATE_float", name) if name != "long double" => match bits {
            32 => CType::Float,
            64 => CType::Double,
            _ => CType::Other(name.to_owned()),
        },
        _ => CType::Other(name.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IR: &str = r#"
define dso_local double @dot(ptr %0, i64 %1, i1 %2, i32 %3) #0 !dbg !10 {
define void @plain() {
!1 = !DIFile(filename: "a, b.c", directory: "")
!2 = !{!3, !4, !5, !6, !7, null}
!3 = !DIBasicType(name: "double", size: 64, encoding: DW_ATE_float)
!4 = !DIDerivedType(tag: DW_TAG_restrict_type, baseType: !20)
!5 = !DIDerivedType(tag: DW_TAG_typedef, name: "size_t", file: !1, line: 18, baseType: !21)
!6 = !DIBasicType(name: "_Bool", size: 8, encoding: DW_ATE_boolean)
!7 = !DICompositeType(tag: DW_TAG_structure_type, name: "pair", size: 128, elements: !{})
!10 = distinct !DISubprogram(name: "dot", scope: !1, file: !1, line: 3, type: !11, unit: !0)
!11 = !DISubroutineType(types: !2)
!12 = !DILocalVariable(name: "x", arg: 1, scope: !10, file: !1, line: 3, type: !4)
!20 = !DIDerivedType(tag: DW_TAG_pointer_type, baseType: !3, size: 64)
!21 = !DIBasicType(name: "unsigned long", size: 64, encoding: DW_ATE_unsigned)
"#;

    #[test]
    fn types_names_and_location_come_from_the_metadata() {
        let found = signatures(IR);
        assert_eq!(found.len(), 2);
        assert_eq!(found[1], None);
        let dot = found[0].clone().unwrap();
        assert_eq!(dot.location.as_deref(), Some("a, b.c:3"));
        assert_eq!(dot.ret, CType::Double);
        let expected = vec![
            (Some("x".to_owned()), CType::pointer_to(CType::Double)),
            (None, CType::Usize),
            (None, CType::Bool),
            (None, CType::Other("struct pair by value".to_owned())),
            (None, CType::Variadic),
        ];
        assert_eq!(dot.params, expected);
    }

    #[test]
    fn what_a_pointer_points_to_is_found_behind_qualifiers_typedefs_and_arrays() {
        let ir = r#"
define void @f(ptr %0, ptr %1, ptr %2, ptr %3, ptr %4) !dbg !1 {
!1 = distinct !DISubprogram(type: !5)
!3 = !{null, !10, !20, !30, !40, !50}
!5 = !DISubroutineType(types: !3)
!10 = !DIDerivedType(tag: DW_TAG_restrict_type, baseType: !11)
!11 = !DIDerivedType(tag: DW_TAG_pointer_type, baseType: !12, size: 64)
!12 = !DIDerivedType(tag: DW_TAG_const_type, baseType: !13)
!13 = !DIDerivedType(tag: DW_TAG_typedef, name: "real", baseType: !14)
!14 = !DIDerivedType(tag: DW_TAG_volatile_type, baseType: !15)
!15 = !DIBasicType(name: "double", size: 64, encoding: DW_ATE_float)
!20 = !DIDerivedType(tag: DW_TAG_pointer_type, baseType: !21, size: 64)
!21 = !DICompositeType(tag: DW_TAG_array_type, baseType: !12, size: 192, elements: !{})
!30 = !DIDerivedType(tag: DW_TAG_pointer_type, baseType: null, size: 64)
!40 = !DIDerivedType(tag: DW_TAG_pointer_type, baseType: !11, size: 64)
!50 = !DIDerivedType(tag: DW_TAG_pointer_type, name: "*const u8", baseType: !51, size: 64)
!51 = !DIBasicType(name: "u8", size: 8, encoding: DW_ATE_unsigned)
"#;
        let found = signatures(ir);
        let types: Vec<String> =
            found[0].as_ref().unwrap().params.iter().map(|(_, ty)| ty.to_string()).collect();
        assert_eq!(
            types,
            ["const double *", "const double *", "void *", "const double **", "const uint8_t *"]
        );
    }

    #[test]
    fn a_type_that_contains_itself_ends() {
        let ir = "define void @f() !dbg !1 {\n!1 = distinct !DISubprogram(type: !2)\n\
                  !2 = !DISubroutineType(types: !3)\n!3 = !{null, !4}\n\
                  !4 = !DIDerivedType(tag: DW_TAG_const_type, baseType: !4)\n";
        let found = signatures(ir);
        let params = &found[0].as_ref().unwrap().params;
        assert!(matches!(params[0].1, CType::Other(_)));
    }
}
