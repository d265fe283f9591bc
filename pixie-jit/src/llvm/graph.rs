//! Flow graphs as text in Graphviz' language DOT: a box for each block with its instructions, an arrow for each way out of it.

use std::fmt::Write;

use inkwell::module::Module;

use super::ir::Value;
use super::only;

/// A line of a box that is longer is continued on the next one.
const WIDTH: usize = 96;

/// One graph, of several functions with a frame around each; of all functions but the thunks where none are given.
pub fn dot(module: &Module<'_>, functions: &[Value<'_>]) -> Vec<u8> {
    let all: Vec<Value<'_>> =
        if functions.is_empty() { only::defined(module).collect() } else { functions.to_vec() };
    let mut out = String::from(
        "digraph {\n  graph [labelloc=t, labeljust=l, fontname=\"Courier-Bold\", fontsize=12];\n  \
         node [shape=box, fontname=\"Courier\", fontsize=10, margin=\"0.12,0.08\"];\n  \
         edge [fontname=\"Courier\", fontsize=10];\n",
    );
    for (number, function) in all.iter().enumerate() {
        let name = escaped(&function.name());
        // Arrows may cross a frame, so a function that stands alone has none.
        let _ = match all.len() {
            1 => writeln!(out, "  label=\"{name}\";\n  subgraph {{"),
            _ => writeln!(out, "  subgraph \"cluster_{number}\" {{\n    label=\"{name}\";"),
        };
        body(&mut out, number, *function);
        out.push_str("  }\n");
    }
    out.push_str("}\n");
    out.into_bytes()
}

fn body(out: &mut String, number: usize, function: Value<'_>) {
    let text = function.to_string();
    // The printer leaves out the label of a first block without a name: its number is the next after the parameters'.
    let unnamed = function.params().iter().filter(|param| param.name().is_empty()).count();
    for (index, lines) in blocks(&text, unnamed).iter().enumerate() {
        let label: String =
            lines.iter().flat_map(|line| folded(line)).map(|line| escaped(&line) + "\\l").collect();
        let _ = writeln!(out, "    \"f{number}b{index}\" [label=\"{label}\"];");
    }
    for (from, edges) in function.successors().iter().enumerate() {
        for edge in edges {
            let label = match edge.when.is_empty() {
                true => String::new(),
                false => format!(" [label=\" {}\"]", escaped(&edge.when)),
            };
            let _ = writeln!(out, "    \"f{number}b{from}\" -> \"f{number}b{}\"{label};", edge.to);
        }
    }
}

/// The lines of each block of a function's text: its name first, then its instructions; `first` is the number of a first block
/// without a name.
fn blocks(text: &str, first: usize) -> Vec<Vec<String>> {
    let mut blocks: Vec<Vec<String>> = Vec::new();
    let body = text.lines().skip_while(|line| !line.starts_with("define ")).skip(1);
    for line in body.take_while(|line| *line != "}") {
        if line.is_empty() || line.trim_start().starts_with("#dbg_") {
            continue;
        }
        if !line.starts_with(' ') {
            blocks.push(vec![label(line)]);
            continue;
        }
        if blocks.is_empty() {
            blocks.push(vec![format!("{first}:")]);
        }
        if let Some(block) = blocks.last_mut() {
            block.push(without_metadata(line).to_owned());
        }
    }
    blocks
}

/// `name:` without the list of predecessors, which the arrows show.
fn label(line: &str) -> String {
    line.rsplit_once("; preds = ").map_or(line, |(label, _)| label).trim_end().to_owned()
}

/// An instruction without references to attributes and metadata that stand at the end of a module.
fn without_metadata(line: &str) -> &str {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let mut line = line.trim_end();
    while let Some((rest, last)) = line.rsplit_once(", !") {
        match last.split_once(" !") {
            Some((kind, id)) if number(id) && !kind.contains(' ') => line = rest,
            _ => break,
        }
    }
    match line.rsplit_once(" #") {
        Some((rest, id)) if number(id) => rest,
        _ => line,
    }
}

/// A line as several of at most `WIDTH` characters, cut at spaces.
fn folded(line: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest = line.to_owned();
    while rest.chars().count() > WIDTH {
        let end = rest.char_indices().nth(WIDTH).map_or(rest.len(), |(at, _)| at);
        let indent = rest.len() - rest.trim_start().len();
        let Some(cut) = rest[..end].rfind(' ').filter(|cut| *cut > indent + 8) else { break };
        let tail = format!("      {}", &rest[cut + 1..]);
        rest.truncate(cut);
        lines.push(std::mem::replace(&mut rest, tail));
    }
    lines.push(rest);
    lines
}

/// Text inside quotes of DOT. What begins a line is kept apart from what viewers of SVG would drop.
fn escaped(text: &str) -> String {
    let rest = text.trim_start_matches(' ');
    let indent = "&#160;".repeat(text.len() - rest.len());
    indent + &rest.replace('\\', "\\\\").replace('"', "\\\"").replace('&', "&amp;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_told_by_their_labels_and_shed_metadata() {
        let text = "; Function Attrs: nounwind\ndefine i32 @f(i32 %x) #0 !dbg !3 {\n    #dbg_value(i32 %x, !1, !DIExpression(), !2)\n  br label %2, !dbg !9\n\n\
            2:                                                ; preds = %0\n  %c = call i32 @g(i32 %x) #1, !dbg !4, !srcloc !5\n  ret i32 %c\n}";
        let found = blocks(text, 0);
        assert_eq!(found[0], ["0:", "  br label %2"]);
        assert_eq!(found[1], ["2:", "  %c = call i32 @g(i32 %x)", "  ret i32 %c"]);
    }

    #[test]
    fn long_lines_are_folded_at_spaces_and_lose_nothing() {
        let line = format!("  call void @f({})", vec!["double 1.0"; 40].join(", "));
        let lines = folded(&line);
        assert!(lines.len() > 3 && lines.iter().all(|line| line.len() <= WIDTH), "{lines:?}");
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(words(&lines.join(" ")), words(&line));
        let one = "x".repeat(300);
        assert_eq!(folded(&one), ["x".repeat(300)]);
    }

    #[test]
    fn quotes_and_backslashes_survive() {
        assert_eq!(escaped(r#"  c"a\00""#), r#"&#160;&#160;c\"a\\00\""#);
        assert_eq!(escaped("&lt;"), "&amp;lt;");
    }
}
