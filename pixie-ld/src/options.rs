//! How to load a module: what a caller chooses, by itself or by what environment variables say.

use std::ffi::OsString;
use std::str::FromStr;

use pixie_format::Platform;

use crate::error::{Error, Result};

/// How to load.
#[derive(Clone, Default, Debug)]
#[non_exhaustive]
pub struct LoadOptions {
    /// Takes this level, or `baseline`, instead of the best one; `PIXIE_USE_ISA`.
    pub isa: Option<String>,
    /// Which memory holds the code; `PIXIE_MEMORY`.
    pub memory: CodeMemory,
    /// Executes the objects of this platform instead of the host's own. Needs the feature `foreign` and the same processor; for tests
    /// and for the curious.
    pub platform: Option<Platform>,
    /// Adds the functions to the map of addresses that perf reads, `/tmp/perf-PID.map`; `PIXIE_PERF_MAP`. Linux.
    pub perf_map: bool,
    /// Links the object though the module holds its image: for comparing the two roads.
    from_object: bool,
    /// Takes what is in the file alone.
    alone: bool,
    /// Tells gdb about the object, so that it shows names and, of objects with line tables, lines; `PIXIE_GDB_JIT`. ELF objects.
    pub gdb_jit: bool,
}

impl LoadOptions {
    /// Takes the level `isa`, the best one if `None`.
    pub fn with_isa(isa: Option<String>) -> LoadOptions {
        LoadOptions { isa, ..LoadOptions::default() }
    }

    /// The same with the level `isa`, the best one if `None`.
    pub fn at_level(&self, isa: Option<String>) -> LoadOptions {
        LoadOptions { isa, ..self.clone() }
    }

    /// The same by linking the object, though the module holds its image.
    pub fn by_object(self) -> LoadOptions {
        LoadOptions { from_object: true, ..self }
    }

    /// The same with the objects of `platform`, the host's own if `None`.
    pub fn run_as(self, platform: Option<Platform>) -> LoadOptions {
        LoadOptions { platform, ..self }
    }

    /// The same with what is in the file alone, though a specialised copy may lie beside it.
    pub fn alone(self) -> LoadOptions {
        LoadOptions { alone: true, ..self }
    }

    /// Whether a specialised copy beside the file is taken: not where a level or another platform is asked for.
    pub fn looks_beside(&self) -> bool {
        !self.alone && self.isa.is_none() && self.platform.is_none()
    }

    /// Whether the object itself is needed: an image has neither its lines nor the names of functions that nobody calls from outside.
    pub(crate) fn needs_object(&self) -> bool {
        self.from_object || self.perf_map || self.gdb_jit
    }

    /// What the environment variables say; the caller reads them. An empty one is one that is not set.
    pub fn from_variables(read: impl Fn(&'static str) -> Option<OsString>) -> Result<LoadOptions> {
        let read = |name| read(name).filter(|value| !value.is_empty());
        let isa = read(ISA).map(|isa| isa.to_string_lossy().into_owned());
        let memory = read(MEMORY).map_or(Ok(CodeMemory::Auto), |found| {
            let found = found.to_string_lossy();
            found.parse().map_err(|()| Error::Variable {
                variable: MEMORY,
                found: found.into_owned(),
                expected: "`auto`, `anonymous` or `file`",
            })
        })?;
        let switch = |variable| match read(variable) {
            None => Ok(false),
            Some(value) if value == "0" || value == "1" => Ok(value == "1"),
            Some(value) => {
                let found = value.to_string_lossy().into_owned();
                Err(Error::Variable { variable, found, expected: "`0` or `1`" })
            }
        };
        let (perf_map, gdb_jit) = (switch(PERF_MAP)?, switch(GDB_JIT)?);
        Ok(LoadOptions { isa, memory, platform: None, perf_map, from_object: false, alone: false, gdb_jit })
    }
}

/// The variable that forces an ISA level.
const ISA: &str = "PIXIE_USE_ISA";
/// The variable that says which memory holds code.
const MEMORY: &str = "PIXIE_MEMORY";
/// The variable that asks for perf's map.
const PERF_MAP: &str = "PIXIE_PERF_MAP";
/// The variable that asks for gdb's interface.
const GDB_JIT: &str = "PIXIE_GDB_JIT";

/// Which memory holds the code of an image. It is never writable and executable at once.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum CodeMemory {
    /// Anonymous memory, and where the system refuses to make that executable, a file.
    #[default]
    Auto,
    /// Anonymous memory or an error.
    Anonymous,
    /// A file that has no name, mapped anew once it is written: what systems allow that deny executable anonymous memory. Linux.
    File,
}

impl FromStr for CodeMemory {
    type Err = ();

    fn from_str(text: &str) -> std::result::Result<CodeMemory, ()> {
        match text {
            "auto" => Ok(CodeMemory::Auto),
            "anonymous" => Ok(CodeMemory::Anonymous),
            "file" => Ok(CodeMemory::File),
            _ => Err(()),
        }
    }
}
