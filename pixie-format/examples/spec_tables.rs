//! Writes the generated parts of spec/ from this crate's tables, or checks them: `spec_tables -- write|check`.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[path = "support/blessed.rs"]
#[allow(dead_code, reason = "each program uses a part")]
mod blessed;

use pixie_format::targets::Platform;
use pixie_format::{FeatureSet, runtime_symbols};

const LEVELS_BEGIN: &str =
    "<!-- levels: made by `cargo run -p pixie-format --example spec_tables -- write` -->\n";
const LEVELS_END: &str = "<!-- end of levels -->\n";

fn main() -> ExitCode {
    let spec = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec");
    blessed::main(|| generated(&spec))
}

/// Every file that this program makes, with its bytes.
pub fn generated(spec: &Path) -> Result<Vec<(PathBuf, Vec<u8>)>, String> {
    let isa = spec.join("isa.md");
    let text = std::fs::read_to_string(&isa).map_err(|error| format!("{}: {error}", isa.display()))?;
    let (before, rest) = text.split_once(LEVELS_BEGIN).ok_or("isa.md: no beginning of the levels")?;
    let (_, after) = rest.split_once(LEVELS_END).ok_or("isa.md: no end of the levels")?;
    let isa_text = format!("{before}{LEVELS_BEGIN}{}{LEVELS_END}{after}", levels());
    Ok(vec![(isa, isa_text.into_bytes()), (spec.join("runtime-symbols.md"), symbols().into_bytes())])
}

fn levels() -> String {
    let mut text = String::new();
    for (platforms, platform) in [
        ("`linux-64`, `win-64`", Platform::Linux64),
        ("`linux-aarch64`", Platform::LinuxAarch64),
        ("`osx-arm64`", Platform::OsxArm64),
    ] {
        let _ = write!(
            text,
            "\n### {platforms}\n\n| level | features | LLVM `target-cpu` | LLVM `target-features` |\n|---|---|---|---|\n"
        );
        let mut below: Option<(&str, FeatureSet)> = None;
        for level in platform.levels() {
            // What a level adds to the one above it in the table is what a reader of the table looks for.
            let features = match below {
                Some((name, set)) if level.features.contains_all(set) => {
                    format!("{name}, {}", code(level.features.difference(set)))
                }
                _ => code(level.features),
            };
            let features = if features.is_empty() { "none".to_owned() } else { features };
            let flags = level.llvm_features;
            let flags = if flags.is_empty() { String::new() } else { format!("`{flags}`") };
            let _ = writeln!(text, "| `{}` | {features} | `{}` | {flags} |", level.name, level.llvm_cpu);
            below = Some((level.name, level.features)).filter(|(_, set)| !set.is_empty());
        }
    }
    text.push('\n');
    text
}

fn code(features: FeatureSet) -> String {
    features.iter().map(|feature| format!("`{}`", feature.name())).collect::<Vec<_>>().join(" ")
}

fn symbols() -> String {
    let mut text = String::from(
        "# Runtime symbols (§9)\n\n\
        Made by `cargo run -p pixie-format --example spec_tables -- write` from the table in pixie-format.\n\n\
        An object may need these symbols from outside and still load on every system of its platform. Any other needs `foreign` in the\n\
        manifest. Names are those of the IR: the linker's name has one more leading underscore on `osx-arm64`.\n\n\
        - **Resolving.** Every runtime of a platform provides the symbols of that platform, by address, when it loads a module. Nothing is bound to a\n  \
          version of a library: `libc` and `libm` mean the host's own, found by name in the process. Where a system's library lacks the name, or has it\n  \
          only as a macro (some `float` functions of Windows), the runtime provides a function of its own with the same meaning.\n\
        - **ABI.** That of C on the platform ([thunk.md](thunk.md)), with the prototype given, unless the table says otherwise. `long` and\n  \
          `size_t` have the platform's width. No function is variadic. `special` means: not callable from C.\n\
        - **Kinds.** *function*: it is called, and its address may be taken. *data*: memory that is read, never written by an object. *absolute*: a reference must\n  \
          resolve, the value does not matter.\n\
        - **Rounding.** `libm` functions are the host's: their results may differ between systems in the last digits. `runtime` functions are exact.\n\
        - **Compiler builtins** (128-bit division and the like) are not here: they are linked into the object when it is built.\n\
        - **`__cpu_model`, `__cpu_features2`, `__cpu_indicator_init`** are those of LLVM's compiler-rt, for `__builtin_cpu_supports` on x86-64. The runtime fills\n  \
          the data before it loads the first module that needs it.\n\
        - **`__chkstk`**: `rax` holds the bytes that the caller will take from the stack. It touches each page on the way down, keeps every register\n  \
          but the flags and does not move the stack pointer.\n\
        - **`__sincos_stret`, `__sincosf_stret`** return a structure of two floating-point members in `d0`, `d1` and `s0`, `s1`.\n\n\
        | symbol | kind | provider | platforms | prototype |\n|---|---|---|---|---|\n",
    );
    for symbol in runtime_symbols::ALL {
        let platforms = if symbol.platforms.len() == Platform::ALL.len() {
            "all".to_owned()
        } else {
            symbol.platforms.iter().map(|platform| platform.name()).collect::<Vec<_>>().join(", ")
        };
        let prototype = match symbol.prototype.split_once("special: ") {
            Some((_, words)) => format!("special: {words}"),
            None => format!("`{}`", symbol.prototype),
        };
        let (kind, provider) = (symbol.kind.name(), symbol.provider.name());
        let _ = writeln!(text, "| `{}` | {kind} | {provider} | {platforms} | {prototype} |", symbol.name);
    }
    text
}
