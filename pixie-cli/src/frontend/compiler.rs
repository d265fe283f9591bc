//! Finding a clang, and the C library headers of the four platforms.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use pixie_format::Platform;

use super::Language;

/// A clang, and the folder of zig's headers where there is one.
#[derive(Debug, Clone)]
pub struct Compiler {
    program: PathBuf,
    /// Whether `program` is zig, which holds a clang behind a subcommand.
    is_zig: bool,
    /// The `lib` folder of a zig installation: headers of every platform's C library.
    headers: Option<PathBuf>,
}

impl Compiler {
    /// `PIXIE_CC` if it is set; else the ziglang package, which brings headers for all four platforms; else a clang.
    pub fn find() -> Result<Compiler> {
        let zig = find_zig();
        if let Some(chosen) = env::var_os("PIXIE_CC").filter(|value| !value.is_empty()) {
            return Compiler::chosen(&chosen, zig.as_deref());
        }
        if let Some(zig) = zig {
            return Ok(Compiler { headers: Some(headers_of(&zig)), program: zig, is_zig: true });
        }
        let clang = ["clang-22", "clang"].into_iter().find_map(|name| on_path(OsStr::new(name)));
        match clang {
            Some(program) => Ok(Compiler { program, is_zig: false, headers: None }),
            None => bail!(
                "no C compiler was found\nhint: `pip install ziglang`, or install clang 22, or name one in the variable PIXIE_CC"
            ),
        }
    }

    fn chosen(name: &OsStr, zig: Option<&Path>) -> Result<Compiler> {
        let Some(program) = on_path(name) else {
            bail!("PIXIE_CC names `{}`, which is not a program that can be run", name.to_string_lossy());
        };
        let is_zig = program.file_stem().is_some_and(|stem| stem == "zig");
        let words: &[&str] = if is_zig { &["clang", "--version"] } else { &["--version"] };
        let said = Command::new(&program).args(words).stdin(Stdio::null()).output();
        if !said.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("clang version")) {
            bail!("PIXIE_CC names `{}`, which is not clang\nhint: name a clang, or zig", program.display());
        }
        let headers = if is_zig { Some(headers_of(&program)) } else { zig.map(headers_of) };
        Ok(Compiler { program, is_zig, headers })
    }

    /// For messages.
    pub fn describe(&self) -> String {
        self.program.display().to_string()
    }

    /// Whether there are C library headers for `platform`.
    pub fn has_headers(&self, platform: Platform) -> bool {
        self.headers.is_some() || Platform::host() == Some(platform)
    }

    /// Whether a header is the compiler's or the C library's own, rather than the user's.
    pub fn owns(&self, header: &Path) -> bool {
        // clang's own stand in `…/lib/clang/VERSION/include`.
        let parts: Vec<_> = header.components().map(|part| part.as_os_str()).collect();
        let in_clang = parts.windows(2).any(|pair| pair[0] == "lib" && pair[1] == "clang");
        in_clang || self.headers.as_ref().is_some_and(|headers| header.starts_with(headers))
    }

    /// The folder of the C++ library, headers and sources.
    pub fn cxx_library(&self) -> Result<PathBuf> {
        let found =
            self.headers.as_ref().map(|headers| headers.join("libcxx")).filter(|folder| folder.is_dir());
        found.with_context(|| {
            let hint = "hint: `pip install ziglang` brings one that serves all four platforms";
            format!("C++ sources need headers of the C++ library, and none were found\n{hint}")
        })
    }

    /// The command with the target and the header folders.
    pub fn command(&self, platform: Platform, language: Language) -> Result<Command> {
        let mut command = Command::new(&self.program);
        if self.is_zig {
            // Plain clang inside zig: 30 ms a run against 60 for `zig cc`, no cache of its own, and `-MD` works.
            command.arg("clang");
        }
        command.arg(format!("--target={}", front_end_triple(platform)));
        if language == Language::Cxx {
            let library = self.cxx_library()?;
            // They stand before those of C, which they include.
            command.arg("-nostdinc++").arg("-isystem").arg(library.join("include"));
            command.args(CXX_LIBRARY.iter().map(|define| format!("-D{define}")));
        }
        match &self.headers {
            Some(headers) => {
                // zig's clang has its own headers there; another clang has better ones of its own version.
                command.arg(if self.is_zig { "-nostdinc" } else { "-nostdlibinc" });
                let folders = if self.is_zig { ["include"].as_slice() } else { &[] };
                for folder in folders.iter().chain(libc_folders(platform)) {
                    command.arg("-isystem").arg(headers.join(folder));
                }
            }
            None if Platform::host() == Some(platform) => {}
            None => {
                command.args(["-ffreestanding", "-nostdlibinc"]);
            }
        }
        Ok(command)
    }
}

/// How libc++ is configured, which elsewhere a file of its own says. What would throw ends the process.
const CXX_LIBRARY: &[&str] = &[
    "_LIBCPP_ABI_VERSION=1",
    "_LIBCPP_ABI_NAMESPACE=__1",
    "_LIBCPP_HAS_THREADS=1",
    "_LIBCPP_HAS_MONOTONIC_CLOCK=1",
    "_LIBCPP_HAS_TERMINAL=1",
    "_LIBCPP_HAS_MUSL_LIBC=0",
    "_LIBCPP_HAS_VENDOR_AVAILABILITY_ANNOTATIONS=0",
    "_LIBCPP_HAS_FILESYSTEM=1",
    "_LIBCPP_HAS_RANDOM_DEVICE=1",
    "_LIBCPP_HAS_LOCALIZATION=1",
    "_LIBCPP_HAS_UNICODE=1",
    "_LIBCPP_HAS_WIDE_CHARACTERS=1",
    "_LIBCPP_HAS_TIME_ZONE_DATABASE=0",
    "_LIBCPP_DISABLE_VISIBILITY_ANNOTATIONS",
    "_LIBCXXABI_DISABLE_VISIBILITY_ANNOTATIONS",
    "_LIBCPP_PSTL_BACKEND_SERIAL",
    "_LIBCPP_HARDENING_MODE=_LIBCPP_HARDENING_MODE_NONE",
    "_LIBCPP_ASSERTION_SEMANTIC_DEFAULT=_LIBCPP_ASSERTION_SEMANTIC_IGNORE",
    "_LIBCPP_VERBOSE_ABORT(...)=__builtin_abort()",
];

/// What the C dialect is that of: on Windows, mingw's headers. The back end sets the object's own triple.
const fn front_end_triple(platform: Platform) -> &'static str {
    match platform {
        Platform::Win64 => "x86_64-unknown-windows-gnu",
        _ => platform.triple(),
    }
}

const fn libc_folders(platform: Platform) -> &'static [&'static str] {
    match platform {
        Platform::Linux64 => &[
            "libc/include/x86-linux-gnu",
            "libc/include/generic-glibc",
            "libc/include/x86-linux-any",
            "libc/include/any-linux-any",
        ],
        Platform::LinuxAarch64 => &[
            "libc/include/aarch64-linux-gnu",
            "libc/include/generic-glibc",
            "libc/include/aarch64-linux-any",
            "libc/include/any-linux-any",
        ],
        Platform::OsxArm64 => &["libc/include/any-darwin-any"],
        Platform::Win64 => &["libc/include/any-windows-any"],
    }
}

fn headers_of(zig: &Path) -> PathBuf {
    let zig = zig.canonicalize().unwrap_or_else(|_| zig.to_owned());
    let folder = zig.parent().unwrap_or(Path::new("."));
    // A distribution's package keeps them one folder up.
    let beside = folder.join("lib");
    if beside.join("libc").is_dir() { beside } else { folder.join("../lib/zig") }
}

/// zig on PATH, or in the Python environment that is active, that this program was installed into, or that stands in the
/// checkout it was built in, or that `python3` is.
fn find_zig() -> Option<PathBuf> {
    if let Some(zig) = on_path(OsStr::new("zig")) {
        return Some(zig);
    }
    let mut environments: Vec<PathBuf> = env::var_os("VIRTUAL_ENV").map(PathBuf::from).into_iter().collect();
    if let Ok(program) = env::current_exe().and_then(|program| program.canonicalize()) {
        environments.extend(
            program.ancestors().skip(1).take(4).flat_map(|folder| [folder.to_owned(), folder.join(".venv")]),
        );
    }
    environments.iter().find_map(|environment| zig_in(environment)).or_else(zig_of_python)
}

fn zig_in(environment: &Path) -> Option<PathBuf> {
    let windows = environment.join("Lib/site-packages/ziglang/zig.exe");
    if windows.is_file() {
        return Some(windows);
    }
    let versions = std::fs::read_dir(environment.join("lib")).ok()?;
    let mut found: Vec<PathBuf> = versions
        .flatten()
        .map(|version| version.path().join("site-packages/ziglang/zig"))
        .filter(|zig| zig.is_file())
        .collect();
    found.sort();
    found.pop()
}

fn zig_of_python() -> Option<PathBuf> {
    let script = "import importlib.util as u; s = u.find_spec('ziglang'); print(s.submodule_search_locations[0] if s else '')";
    let python = on_path(OsStr::new("python3")).or_else(|| on_path(OsStr::new("python")))?;
    let output =
        Command::new(python).args(["-c", script]).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let folder = String::from_utf8(output.stdout).ok()?;
    let zig = Path::new(folder.trim()).join(if cfg!(windows) { "zig.exe" } else { "zig" });
    zig.is_file().then_some(zig)
}

fn on_path(name: &OsStr) -> Option<PathBuf> {
    let path = Path::new(name);
    if path.components().count() > 1 {
        return path.is_file().then(|| path.to_owned());
    }
    let suffix = if cfg!(windows) { ".exe" } else { "" };
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders)
        .map(|folder| folder.join(format!("{}{suffix}", name.to_string_lossy())))
        .find(|candidate| candidate.is_file())
}
