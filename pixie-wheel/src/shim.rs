//! The few lines of Python in the place of a fat module, which load it.

/// How such a file begins.
const MARK: &str = "# Loads the fat module beside it; written by `pixie wheel`.";
/// How a stub begins.
const STUB_MARK: &str = "# Types of the fat module beside it; written by `pixie wheel`.";

/// Whether a file is one that is written here.
pub(crate) fn is_ours(text: &str) -> bool {
    text.starts_with(MARK) || text.starts_with(STUB_MARK)
}

/// The stub of a module.
pub(crate) fn stub(text: &str) -> String {
    format!("{STUB_MARK}\n{text}")
}

/// Loads `NAME.pixie` through the runtime `pixie`, of the version `runtime` at least. `sources` are what it was built from where it lies,
/// relative to it: whoever changed them is told.
pub(crate) fn universal(distribution: &str, name: &str, runtime: &str, sources: &[String]) -> String {
    let sources = match sources {
        [] => String::new(),
        sources => {
            format!(", sources=[{}]", sources.iter().map(|path| literal(path)).collect::<Vec<_>>().join(", "))
        }
    };
    let file = literal(&format!("{name}.pixie"));
    let needs = literal(&format!("{distribution} needs pixie-runtime>={runtime}: "));
    let hint = literal(&format!("\nhint: pip install 'pixie-runtime>={runtime}'"));
    format!(
        "{MARK}
try:
    from pixie import load_into
except ImportError as _error:
    import sys

    _found = sys.modules.get(\"pixie\")
    _version = getattr(_found, \"__version__\", \"unknown\")
    _found = f\"{{_found.__file__}} is an older one, or another package (version {{_version}})\" if _found else str(_error)
    raise ImportError({needs} + _found + {hint}, name=__name__) from _error
load_into(__name__, {file}{sources})
"
    )
}

/// The stub of a module that loads through a runtime of its own.
pub(crate) fn standalone_stub(text: &str, depth: usize, package: &str) -> String {
    let dots = ".".repeat(depth);
    let line = |line: &str| match line.strip_prefix("import pixie as ") {
        Some(name) => format!("from {dots} import {package} as {name}\n"),
        None => format!("{line}\n"),
    };
    stub(&text.lines().map(line).collect::<String>())
}

/// Loads `NAME.pixie` through the runtime that the package itself brings, `depth` packages up.
pub(crate) fn standalone(name: &str, depth: usize, package: &str) -> String {
    let dots = ".".repeat(depth);
    format!(
        "{MARK}\nfrom {dots}{package} import load_into\n\nload_into(__name__, {})\n",
        literal(&format!("{name}.pixie"))
    )
}

/// A string of Python.
fn literal(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
