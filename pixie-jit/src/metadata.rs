//! What metadata says about where and how a module was made: the producers are kept, paths are not.
//!
//! LLVM's C interface can neither remove a named list nor read or change a debug node, so this works on textual IR, as
//! [`crate::debug_info`] does. Quotes and backslashes in the text's strings are hexadecimal: `\22`, `\5C`.

use std::fmt::Write;

use crate::debug_info::Node;

/// The named lists that mean something to LLVM. All others (command lines, linker options, notes of other tools) go.
const KEPT: &[&str] = &["llvm.module.flags", "llvm.dbg.cu", "llvm.ident", "llvm.errno.tbaa"];

/// Fields of debug nodes that tell of the machine: a node's kind and its fields' names.
const DROPPED_FIELDS: &[(&str, &[&str])] = &[
    ("DICompileUnit", &["flags", "splitDebugFilename", "sysroot", "sdk"]),
    ("DIModule", &["includePath", "configMacros", "apinotes"]),
];

/// Whether the named list is kept.
pub fn is_kept(list: &str) -> bool {
    KEPT.contains(&list)
}

/// The producers that a module's compile units name.
pub fn producers(ir: &str) -> impl Iterator<Item = String> {
    let units = ir.lines().filter_map(numbered).filter(|(_, node)| node.kind == "DICompileUnit");
    units.filter_map(|(_, node)| node.text("producer").map(|text| without_path_words(&unescaped(text))))
}

/// A producer's name without words that are paths.
pub fn without_path_words(text: &str) -> String {
    let words = text.split_whitespace();
    let named = words.filter(|word| !is_absolute(word.trim_start_matches(['(', '"', '\''])));
    named.collect::<Vec<_>>().join(" ")
}

/// The module's text without the `dropped` named lists, and with debug files named relative to where they were compiled.
pub fn without_paths(ir: &str, dropped: &[String]) -> String {
    let is_dropped = |line: &str| {
        let name = line.strip_prefix('!').and_then(|line| line.split_once(" = ")).map(|(name, _)| name);
        name.is_some_and(|name| dropped.iter().any(|dropped| *dropped == unescaped(name)))
    };
    let mut text = String::with_capacity(ir.len());
    for line in ir.lines().filter(|line| !is_dropped(line)) {
        text.push_str(&relative_node(line).unwrap_or_else(|| line.to_owned()));
        text.push('\n');
    }
    text
}

/// A line such as `!7 = distinct !DICompileUnit(…)`: what comes before the node, and the node.
fn numbered(line: &str) -> Option<(&str, Node<'_>)> {
    let (id, rest) = line.strip_prefix('!')?.split_once(" = ")?;
    id.parse::<u32>().ok()?;
    let start = line.len() - rest.strip_prefix("distinct ").unwrap_or(rest).len();
    Some((&line[..start], Node::read(rest)?))
}

/// The line of a node that may hold a path, without it; `None` for any other line.
fn relative_node(line: &str) -> Option<String> {
    let (head, node) = numbered(line)?;
    let fields: Vec<String> = if node.kind == "DIFile" {
        let part = |key| unescaped(node.text(key).unwrap_or_default());
        let (name, folder) = (part("filename"), part("directory"));
        let name = relative(&name, &folder);
        let folder = if is_absolute(&folder) { "" } else { &folder };
        let rest = node.fields.iter().filter(|(key, _)| !["filename", "directory"].contains(key));
        let named = [("filename", escaped(name)), ("directory", escaped(folder))]
            .map(|(key, text)| format!("{key}: {text}"));
        named.into_iter().chain(rest.map(|(key, value)| format!("{key}: {value}"))).collect()
    } else {
        let (_, dropped) = DROPPED_FIELDS.iter().find(|(kind, _)| *kind == node.kind)?;
        let rest = node.fields.iter().filter(|(key, _)| !dropped.contains(key));
        rest.map(|(key, value)| format!("{key}: {value}")).collect()
    };
    Some(format!("{head}!{}({})", node.kind, fields.join(", ")))
}

/// A file's name from its folder on; one that lies elsewhere, as system headers do, keeps its last component.
fn relative<'n>(name: &'n str, folder: &str) -> &'n str {
    if !is_absolute(name) {
        return name;
    }
    let inside = name.strip_prefix(folder).filter(|_| !folder.is_empty());
    match inside.and_then(|rest| rest.strip_prefix(['/', '\\'])) {
        Some(rest) => rest,
        None => name.rsplit(['/', '\\']).next().unwrap_or(name),
    }
}

/// Whether a path is absolute on any system.
fn is_absolute(path: &str) -> bool {
    path.starts_with(['/', '\\']) || matches!(path.get(1..3), Some(":\\" | ":/"))
}

/// The text of a string of the IR.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let code = tail.get(..2).and_then(|code| std::str::from_utf8(code).ok());
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) if first == b'\\' => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A quoted string of the IR.
fn escaped(text: &str) -> String {
    let mut quoted = String::from('"');
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' | 0..=0x1f | 0x7f.. => _ = write!(quoted, "\\{byte:02X}"),
            _ => quoted.push(char::from(byte)),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_relative_to_the_folder_of_the_compilation() {
        let file = |line: &str| relative_node(line).unwrap();
        assert_eq!(
            file(
                r#"!1 = !DIFile(filename: "/home/a/src/x.c", directory: "/home/a", checksumkind: CSK_MD5, checksum: "0b")"#
            ),
            r#"!1 = !DIFile(filename: "src/x.c", directory: "", checksumkind: CSK_MD5, checksum: "0b")"#
        );
        let windows = r#"!1 = !DIFile(filename: "C:\5Cq\22, \5Cx.c", directory: "C:\5Cq\22, ")"#;
        assert_eq!(file(windows), r#"!1 = !DIFile(filename: "x.c", directory: "")"#);
        let header = r#"!1 = !DIFile(filename: "/usr/include/math.h", directory: ".")"#;
        assert_eq!(file(header), r#"!1 = !DIFile(filename: "math.h", directory: ".")"#);
        let plain = r#"!1 = !DIFile(filename: "\C3\A9 \22x.c", directory: ".")"#;
        assert_eq!(file(plain), plain);
    }

    #[test]
    fn units_lose_their_command_lines_and_nothing_else_is_touched() {
        let unit = r#"!0 = distinct !DICompileUnit(language: DW_LANG_C11, file: !1, producer: "clang (/opt/x) 22", isOptimized: true, flags: "-I /home/a", runtimeVersion: 0, splitDebugFilename: "/b.dwo", emissionKind: FullDebug)"#;
        let rest = "define void @f() {\n  ret void\n}\n!llvm.dbg.cu = !{!0}\n!9 = !{!\"/kept, as it is none of debug's\"}\n";
        let ir = format!("!llvm.commandline = !{{!5}}\n{rest}{unit}\n");
        let text = without_paths(&ir, &["llvm.commandline".to_owned()]);
        assert_eq!(
            text,
            format!(
                "{rest}!0 = distinct !DICompileUnit(language: DW_LANG_C11, file: !1, producer: \"clang (/opt/x) 22\", isOptimized: true, runtimeVersion: 0, emissionKind: FullDebug)\n"
            )
        );
        assert_eq!(producers(&ir).collect::<Vec<_>>(), ["clang 22"]);
    }
}
