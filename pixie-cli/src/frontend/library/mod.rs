//! What C++ sources need beside headers: the operators and helpers that every program has, and the few parts of the C++ library that
//! are no templates. They are compiled with the sources that call on them, so a module depends on no C++ library.

use std::path::{Path, PathBuf};

use anyhow::Result;
use pixie_format::{IsaLevel, Platform};

use super::{CFlags, Compiler, Language, command, run};

/// A part of the library.
#[derive(Debug, PartialEq, Eq)]
pub struct Unit {
    /// The name of its source.
    file: &'static str,
    /// The source, if it is ours.
    text: Option<&'static str>,
    /// How the symbols begin that it defines. One that a source merely mentions costs compile time: what nothing calls is dropped.
    symbols: &'static [&'static str],
}

/// `new`, `delete` and the like, which most sources need, in one way or another.
const SUPPORT: Unit = Unit { file: "support.cpp", text: Some(include_str!("support.cpp")), symbols: &[] };

/// `std::sort` of numbers, the sizes of hash tables, the counts of `shared_ptr`, slices of `valarray`, and `string`.
const UNITS: &[Unit] = &[
    SUPPORT,
    part("algorithm.cpp", &["_ZNSt3__16__sortI"]),
    part("hash.cpp", &["_ZNSt3__112__next_prime"]),
    part("memory.cpp", &["_ZNSt3__114__shared_count", "_ZNSt3__119__shared_weak_count"]),
    part("valarray.cpp", &["_ZNSt3__16gslice", "_ZNSt3__18valarrayIm", "_ZNSt3__18valarrayIy"]),
    part("string.cpp", &["_ZNSt3__112basic_stringIc", "_ZNKSt3__112basic_stringIc"]),
];

const fn part(file: &'static str, symbols: &'static [&'static str]) -> Unit {
    Unit { file, text: None, symbols }
}

/// The parts that some bitcode needs, by the names that stand in it.
pub fn needed(bitcode: &[u8]) -> impl Iterator<Item = &'static Unit> {
    let has = |symbol: &&str| memchr::memmem::find(bitcode, symbol.as_bytes()).is_some();
    UNITS.iter().filter(move |unit| unit.symbols.is_empty() || unit.symbols.iter().any(has))
}

impl Unit {
    /// For messages.
    pub fn name(&self) -> String {
        format!("C++ library ({})", self.file)
    }

    /// Compiles it as the sources are compiled.
    pub fn compile(
        &self,
        compiler: &Compiler,
        platform: Platform,
        level: Option<&IsaLevel>,
        reproducible: bool,
    ) -> Result<Vec<u8>> {
        let flags = CFlags { include: Vec::new(), define: Vec::new(), other: Vec::new(), reproducible };
        let mut command = command(compiler, platform, level, &flags, Language::Cxx)?;
        command.args(["-g0", "-w", "-D_LIBCPP_BUILDING_LIBRARY", "-c", "-o", "-"]);
        let sources = compiler.cxx_library()?.join("src");
        let path = if self.text.is_some() { PathBuf::from("-") } else { sources.join(self.file) };
        command.arg("-I").arg(sources).args(["-x", Language::Cxx.name()]).arg(path);
        Ok(run(compiler, command, Path::new(self.file), platform, self.text.unwrap_or_default())?.0)
    }
}
