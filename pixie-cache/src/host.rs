//! Compiling a module for the host that it is loaded on: when, and from where.

use std::cell::Cell;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use pixie_format::{Hash, Module};
use pixie_ld::{Host, LoadOptions, LoadedModule, load_bytes, load_file, load_file_or, manifest_hash};

use crate::cache::{Cache, Entry};
use crate::compile::{self, Request, Watch};
use crate::error::{Error, Result};
use crate::folders::Folders;
use crate::key::Key;
use crate::lock::{Lock, Waited};
use crate::tool::Tool;

/// The variable that says when to compile.
const JIT: &str = "PIXIE_JIT";

/// When bitcode is compiled for this host.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Mode {
    /// Never.
    Off,
    /// Where no variant fits.
    #[default]
    Fallback,
    /// Always, once.
    Native,
}

impl Mode {
    /// What `PIXIE_JIT` says.
    pub fn from_variables(read: impl Fn(&'static str) -> Option<OsString>) -> Result<Mode> {
        let Some(found) = read(JIT).filter(|value| !value.is_empty()) else { return Ok(Mode::default()) };
        match found.to_str() {
            Some("off") => Ok(Mode::Off),
            Some("fallback") => Ok(Mode::Fallback),
            Some("native") => Ok(Mode::Native),
            _ => Err(Error::Variable {
                variable: JIT,
                found: found.to_string_lossy().into_owned(),
                expected: "`off`, `fallback` or `native`",
            }),
        }
    }
}

/// Loads modules, compiled for this host where that is wanted.
pub struct Jit<'a> {
    mode: Mode,
    read: &'a dyn Fn(&'static str) -> Option<OsString>,
    /// Gives the folder of the interpreter, where the command may lie.
    beside: &'a dyn Fn() -> Option<PathBuf>,
}

/// A module that was loaded, and what did not work though it was.
pub struct Loaded {
    /// The module.
    pub module: LoadedModule,
    /// Warnings for people.
    pub warnings: Vec<String>,
}

/// What compiling for this host needs to know.
struct Job {
    key: Key,
    /// The tool, or why there is none.
    tool: Result<(Tool, Hash)>,
    cache: Cache,
}

impl<'a> Jit<'a> {
    /// As the environment variables say, which `read` reads.
    pub fn new(
        read: &'a dyn Fn(&'static str) -> Option<OsString>,
        beside: &'a dyn Fn() -> Option<PathBuf>,
    ) -> Result<Jit<'a>> {
        Ok(Jit { mode: Mode::from_variables(read)?, read, beside })
    }

    /// Loads the module at `path`; `watch` waits for a compilation.
    pub fn load(&self, path: &Path, options: &LoadOptions, watch: &dyn Watch) -> Result<Loaded> {
        let plain = |module: LoadedModule| Loaded { module, warnings: Vec::new() };
        if options.isa.is_some() {
            return Ok(load_file(path, options).map(plain)?);
        }
        match self.mode {
            Mode::Off => load_file(path, options).map(plain).map_err(|error| self.explain(error, None)),
            Mode::Native => {
                let job = self.job(manifest_hash(path)?)?;
                if let Some(module) = job.cached(path, options) {
                    return Ok(plain(module));
                }
                match job.compile(path, options, watch) {
                    Ok(loaded) => Ok(loaded),
                    Err(Error::Stopped) => Err(Error::Stopped),
                    // There may still be a variant that fits.
                    Err(why) => match load_file(path, options) {
                        Ok(module) => {
                            let what = format!("not compiled for this processor: {why}");
                            Ok(Loaded { module, warnings: vec![what] })
                        }
                        Err(error) => Err(self.explain(error, Some(why))),
                    },
                }
            }
            Mode::Fallback => {
                let missed = Cell::new(None);
                let elsewhere = |manifest| {
                    // What is wrong with the variables is said below.
                    let job = self.job(manifest).ok()?;
                    let found = job.cached(path, options);
                    missed.set(Some(job));
                    found
                };
                match load_file_or(path, options, &elsewhere) {
                    Ok(module) => Ok(plain(module)),
                    Err(error) => match missed.into_inner() {
                        None => Err(error.into()),
                        Some(job) => match job.compile(path, options, watch) {
                            Err(Error::Stopped) => Err(Error::Stopped),
                            other => other.map_err(|why| self.explain(error, Some(why))),
                        },
                    },
                }
            }
        }
    }

    fn job(&self, manifest: Hash) -> Result<Job> {
        let cache = Cache { folders: Folders::from_variables(self.read)? };
        let key = Key::new(manifest, Host::detect()?, &[]);
        let tool = Tool::find(self.read, (self.beside)().as_deref()).and_then(|tool| {
            let identity = tool.identity(&cache.folders)?;
            Ok((tool, identity))
        });
        Ok(Job { key, tool, cache })
    }

    /// The error of a module that has no code for this host, with why it got none.
    fn explain(&self, error: pixie_ld::Error, why: Option<Error>) -> Error {
        use pixie_ld::Error::{NoPlatform, NoVariant, Thinned};
        if !matches!(error, NoPlatform { .. } | NoVariant { .. } | Thinned { .. }) {
            return error.into();
        }
        Error::Compile(match why {
            None => format!(
                "{error}\nhint: the variable {JIT} is set to `off`; `fallback` compiles the module's bitcode for this machine"
            ),
            Some(Error::NoTool(why)) => {
                let why = why.replacen("\nhint: ", "; ", 1);
                format!("{error}\nhint: or compile its bitcode for this machine: {why}")
            }
            Some(why) => format!("{error}\ncompiling its bitcode for this machine failed: {why}"),
        })
    }
}

impl Job {
    /// The module from the cache. An entry that is damaged is removed.
    fn cached(&self, path: &Path, options: &LoadOptions) -> Option<LoadedModule> {
        let tool = match &self.tool {
            Ok((_, identity)) => Some(*identity),
            Err(_) => None,
        };
        let entry = self.cache.find(self.key, tool)?;
        load_entry(&entry, path, options)
    }

    fn compile(self, path: &Path, options: &LoadOptions, watch: &dyn Watch) -> Result<Loaded> {
        let (key, cache) = (self.key, &self.cache);
        let (tool, identity) = self.tool?;
        let request = request(path)?;
        let mut done = None;
        watch.apart(&mut || {
            let waited = cache.prepare(key, identity).and_then(|lock| {
                Lock::wait(lock, watch, || load_entry(&cache.find(key, Some(identity))?, path, options))
            });
            done = Some(match waited {
                Ok(Waited::Done(module)) => Ok(Made::Module(Box::new(module))),
                Err(Error::Stopped) => Err(Error::Stopped),
                Ok(Waited::Mine(lock)) => compile::run(&tool.path, &request, watch).map(|bytes| {
                    let kept = cache.add(key, identity, &bytes);
                    drop(lock);
                    Made::Bytes(bytes, kept)
                }),
                // Compiled it can be all the same.
                Err(why) => {
                    compile::run(&tool.path, &request, watch).map(|bytes| Made::Bytes(bytes, Err(why)))
                }
            });
        });
        let (bytes, why) = match done.unwrap_or(Err(Error::Stopped))? {
            Made::Module(module) => return Ok(Loaded { module: *module, warnings: Vec::new() }),
            Made::Bytes(_, Ok(file)) => {
                let module = load_file(&file, &options.clone().alone())?.in_place_of(path);
                return Ok(Loaded { module, warnings: Vec::new() });
            }
            Made::Bytes(bytes, Err(why)) => (bytes, why),
        };
        let shown = format!("`{}`, compiled for this machine", path.display());
        let module = load_bytes(&shown, &bytes, options)?.in_place_of(path);
        Ok(Loaded { module, warnings: once(&why).into_iter().collect() })
    }
}

/// What waiting for a compilation has given.
enum Made {
    /// Another process made it.
    Module(Box<LoadedModule>),
    /// The command did, and it is kept in a file, or is not.
    Bytes(Vec<u8>, Result<PathBuf>),
}

fn load_entry(entry: &Entry, path: &Path, options: &LoadOptions) -> Option<LoadedModule> {
    match load_file(&entry.path, &options.clone().alone()) {
        Ok(module) => Some(module.in_place_of(path)),
        Err(error) => {
            // A failure of the system, short memory say, is not the entry's fault.
            if matches!(error, pixie_ld::Error::Format { .. } | pixie_ld::Error::Changed { .. }) {
                entry.remove();
            }
            None
        }
    }
}

/// What the command is asked for: the module in the file as it is now.
fn request(path: &Path) -> Result<Request> {
    let read = |source| Error::File { what: "read", path: path.to_owned(), source };
    let bytes = std::fs::read(path).map_err(read)?;
    let format = |source: pixie_format::Error| {
        let file = path.display().to_string();
        Error::Load(pixie_ld::Error::Format { file, source: Box::new(source) })
    };
    let build_id = Module::parse(&bytes).and_then(|module| module.build_id()).map_err(format)?;
    let mut words: Vec<OsString> = vec!["specialize".into(), path.into()];
    let rest = ["--cpu", "native", "--build-id", &build_id.to_string(), "--quiet", "-o", "-"];
    words.extend(rest.map(OsString::from));
    let what = format!(
        "compiling {} for this processor, once; later processes take it from the cache",
        path.display()
    );
    Ok(Request { words, what })
}

/// A warning that nothing can be kept, once a process.
fn once(why: &Error) -> Option<String> {
    static SAID: AtomicBool = AtomicBool::new(false);
    if SAID.swap(true, Ordering::Relaxed) {
        return None;
    }
    Some(format!(
        "what was compiled for this machine is not kept, so that the next process compiles it again: {why}"
    ))
}
