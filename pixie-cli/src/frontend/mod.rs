//! C or C++ in, bitcode out: one run of clang for a platform, or for a platform and level.

mod compiler;
mod isa_macros;
pub mod library;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Result, anyhow, bail};
use pixie_format::{IsaLevel, Platform};

use crate::args::FrontArgs;

pub use compiler::Compiler;

/// What a source is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    C,
    Cxx,
}

impl Language {
    /// That of a file, by its suffix.
    pub fn of(path: &Path) -> Option<Language> {
        match path.extension()?.to_str()? {
            "c" => Some(Language::C),
            "cpp" | "cc" | "cxx" => Some(Language::Cxx),
            _ => None,
        }
    }

    /// What the compiler calls it.
    const fn name(self) -> &'static str {
        match self {
            Language::C => "c",
            Language::Cxx => "c++",
        }
    }
}

/// What the C compiler is told beside target and source.
#[derive(Debug, Clone)]
pub struct CFlags {
    pub include: Vec<PathBuf>,
    pub define: Vec<String>,
    pub other: Vec<String>,
    pub reproducible: bool,
}

impl CFlags {
    /// Those of a command line.
    pub fn new(args: &FrontArgs, reproducible: bool) -> CFlags {
        let FrontArgs { include, define, cflags } = args;
        CFlags { include: include.clone(), define: define.clone(), other: cflags.clone(), reproducible }
    }
}

/// The bitcode of one source.
#[derive(Debug)]
pub struct Compiled {
    pub bitcode: Vec<u8>,
    /// What the compiler warned of, as it printed it.
    pub diagnostics: String,
    /// The ISA macros that the source or a header of the user mentions.
    pub isa_macros: BTreeSet<String>,
}

/// Compiles `source` for the baseline of `platform`, or for `level` where ISA macros matter.
pub fn compile(
    compiler: &Compiler,
    source: &Path,
    platform: Platform,
    level: Option<&IsaLevel>,
    flags: &CFlags,
) -> Result<Compiled> {
    let language = Language::of(source).unwrap_or(Language::C);
    let mut command = command(compiler, platform, level, flags, language)?;
    // Relative to the source's folder, so that building elsewhere gives the same bytes.
    for folder in [source.parent().map(Path::to_owned), std::env::current_dir().ok()].into_iter().flatten() {
        if let Ok(folder) = folder.canonicalize() {
            command.arg(format!("-ffile-prefix-map={}=.", folder.display()));
        }
        if !folder.as_os_str().is_empty() {
            command.arg(format!("-ffile-prefix-map={}=.", folder.display()));
        }
    }
    command.arg("-fdebug-compilation-dir=.");
    // Bitcode comes on standard output and the list of headers among the diagnostics, so that no temporary file can be left behind.
    command.args(["-H", "-c", "-o", "-"]);
    // A name that begins with a dash is no option.
    command.arg(if source.as_os_str().as_encoded_bytes().starts_with(b"-") {
        Path::new(".").join(source)
    } else {
        source.to_owned()
    });
    let (bitcode, messages) = run(compiler, command, source, platform, "")?;
    let mut files: Vec<&Path> =
        messages.headers.iter().map(Path::new).filter(|path| !compiler.owns(path)).collect();
    files.insert(0, source);
    Ok(Compiled { bitcode, isa_macros: isa_macros::find(&files), diagnostics: messages.diagnostics })
}

/// Those of the macros `wanted` that are defined at `level`, with their values: where they agree, so does the code.
pub fn macros(
    compiler: &Compiler,
    platform: Platform,
    level: &IsaLevel,
    flags: &CFlags,
    language: Language,
    wanted: &BTreeSet<String>,
) -> Result<BTreeSet<String>> {
    let mut command = command(compiler, platform, Some(level), flags, language)?;
    command.args(["-E", "-dM", "-x", language.name(), "-"]);
    let (list, _) = run(compiler, command, Path::new("-"), platform, "")?;
    Ok(isa_macros::defined(&String::from_utf8_lossy(&list), wanted))
}

/// The compiler with every flag but those that say what to read and write.
fn command(
    compiler: &Compiler,
    platform: Platform,
    level: Option<&IsaLevel>,
    flags: &CFlags,
    language: Language,
) -> Result<Command> {
    let mut command = compiler.command(platform, language)?;
    command.args(target_flags(platform, level.unwrap_or(&platform.levels()[0])));
    command.args(fixed_flags(flags, language));
    command.args(flags.include.iter().flat_map(|folder| ["-I".into(), folder.clone().into_os_string()]));
    command.args(flags.define.iter().map(|define| format!("-D{define}")));
    command.args(&flags.other);
    Ok(command)
}

/// What the compiler printed on standard error.
struct Messages {
    headers: Vec<String>,
    diagnostics: String,
}

/// Parts the lines of `-H`, which are dots for the depth and a path, from the diagnostics.
fn messages(text: &str) -> Messages {
    let header = |line: &str| {
        let path = line.trim_start_matches('.').strip_prefix(' ')?;
        line.starts_with('.').then(|| path.to_owned())
    };
    let (listed, rest): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| header(line).is_some());
    Messages { headers: listed.into_iter().filter_map(header).collect(), diagnostics: rest.join("\n") }
}

fn run(
    compiler: &Compiler,
    mut command: Command,
    source: &Path,
    platform: Platform,
    input: &str,
) -> Result<(Vec<u8>, Messages)> {
    let output = output(&mut command, input).map_err(|error| {
        anyhow!("cannot run the C compiler `{}`: {}", compiler.describe(), crate::files::plain(&error))
    })?;
    let messages = messages(&String::from_utf8_lossy(&output.stderr));
    if output.status.success() {
        return Ok((output.stdout, messages));
    }
    let says = |what: &str| messages.diagnostics.contains(what);
    let hint = if says("file not found") && !compiler.has_headers(platform) {
        "\nhint: this clang has no C library headers for this platform; `pip install ziglang` brings them for all four"
    } else if says("with exceptions disabled") {
        "\nhint: no exception can leave a module, so C++ is compiled without them; return a status, and Python raises"
    } else {
        ""
    };
    bail!(
        "`{}` does not compile for {platform}:\n{}{hint}",
        source.display(),
        messages.diagnostics.trim_end()
    );
}

/// Runs the command with the text on its standard input.
fn output(command: &mut Command, input: &str) -> std::io::Result<Output> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // A compiler that does not read it says why on its own.
        _ = stdin.write_all(input.as_bytes());
    }
    child.wait_with_output()
}

/// The level's own processor and features, from the same table that the back end uses.
fn target_flags(platform: Platform, level: &IsaLevel) -> Vec<String> {
    let mut flags = Vec::new();
    let mut cc1 = |name: &str, value: &str| {
        flags.extend(["-Xclang", name, "-Xclang", value].map(str::to_owned));
    };
    cc1("-target-cpu", level.llvm_cpu);
    for feature in level.llvm_features.split(',').filter(|feature| !feature.is_empty()) {
        cc1("-target-feature", feature);
    }
    match platform {
        Platform::Linux64 | Platform::LinuxAarch64 => flags.push("-D__GLIBC_MINOR__=17".to_owned()),
        // Apple's headers check the lengths of string functions unless told not to, with functions that other systems lack.
        Platform::OsxArm64 => flags.push("-D_FORTIFY_SOURCE=0".to_owned()),
        Platform::Win64 => {
            let defines = ["-D__MSVCRT_VERSION__=0xE00", "-D_WIN32_WINNT=0x0a00"];
            flags.extend(defines.map(str::to_owned));
        }
    }
    flags
}

fn fixed_flags(flags: &CFlags, language: Language) -> Vec<&'static str> {
    let of_language: &[&str] = match language {
        Language::C => &["-std=gnu17"],
        // What runs when a process ends never would: modules stay, and no system calls them.
        Language::Cxx => &["-std=gnu++20", "-fno-exceptions", "-fno-rtti", "-fno-c++-static-destructors"],
    };
    let common = [
        // Lower levels mark loops "do not unroll", which spoils the later pipeline.
        "-O2",
        "-Xclang",
        "-disable-llvm-passes",
        "-emit-llvm",
        "-fPIC",
        "-fno-math-errno",
        "-fno-stack-protector",
        "-fomit-frame-pointer",
        if flags.reproducible { "-ffp-contract=off" } else { "-ffp-contract=on" },
        // Signatures are derived from the debug metadata and checked against it; what is stored keeps it only on request.
        "-g",
        "-gdwarf-4",
        "-fno-color-diagnostics",
        // Flags for one platform may be idle on another.
        "-Qunused-arguments",
    ];
    [of_language, &common].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_lines_are_told_from_diagnostics() {
        let text = ". /usr/include/a.h\n.. /a b/c.h\nx.c:1:2: warning: ...\n... and more\n    1 | . 2\n";
        let parted = messages(text);
        assert_eq!(parted.headers, ["/usr/include/a.h", "/a b/c.h", "and more"]);
        assert_eq!(parted.diagnostics, "x.c:1:2: warning: ...\n    1 | . 2");
    }
}
