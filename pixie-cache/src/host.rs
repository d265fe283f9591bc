//! Compiling a module for the host that it is loaded on: when, and from where.

use std::cell::Cell;
use std::ffi::OsString;
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use pixie_format::{Hash, Module};
use pixie_ld::{
    Elsewhere, Host, LoadOptions, LoadedModule, Opened, Part, load_bytes, load_file, load_file_or,
    manifest_hash, read_ahead,
};

use crate::cache::{Cache, Entry};
use crate::compile::{self, Request, Watch};
use crate::error::{Error, Result};
use crate::folders::Folders;
use crate::key::Key;
use crate::lock::{Lock, Waited};
use crate::stamp::{self, Stamp};
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
            _ => Err(Error::Load(pixie_ld::Error::Variable {
                variable: JIT,
                found: found.to_string_lossy().into_owned(),
                expected: "`off`, `fallback` or `native`",
            })),
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

/// A module to be made of another one, by the command.
pub struct Special {
    /// The command's arguments.
    pub words: Vec<OsString>,
    /// Other modules that the arguments name.
    pub others: Vec<PathBuf>,
    /// What it is, for people.
    pub what: String,
}

/// Who compiles, and where the results are kept.
struct Place {
    /// The tool, or why there is none.
    tool: Result<Tool>,
    cache: Cache,
}

/// What compiling for this host needs to know.
struct Job {
    key: Key,
    place: Place,
}

/// Looks for the module at `path` in the cache when a loader asks.
struct Asked<'a> {
    jit: &'a Jit<'a>,
    path: &'a Path,
    options: &'a LoadOptions,
    place: Cell<Option<Place>>,
    /// What would have to be compiled.
    missed: Cell<Option<Job>>,
}

impl Elsewhere for Asked<'_> {
    fn again(&self, file: &Metadata) -> Option<LoadedModule> {
        // What is wrong with the variables is said when it comes to compiling.
        let place = self.jit.place().ok()?;
        let found = place.again(self.path, file, self.options);
        self.place.set(Some(place));
        found
    }

    fn compiled(&self, manifest: Hash, file: Option<&Metadata>) -> Option<LoadedModule> {
        let place = self.place.take().map_or_else(|| self.jit.place(), Ok);
        let job = place.and_then(|place| place.job(manifest, &[])).ok()?;
        let found = job.cached(self.path, file, self.options);
        self.missed.set(Some(job));
        found
    }
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
                let place = self.place()?;
                // As it was before it is read: what is read later is remembered for no file that has changed since.
                let file = path.metadata().ok();
                let again = file.as_ref().filter(|_| options.looks_beside());
                if let Some(module) = again.and_then(|file| place.again(path, file, options)) {
                    return Ok(plain(module));
                }
                let job = place.job(manifest_hash(path)?, &[])?;
                if let Some(module) = job.cached(path, file.as_ref(), options) {
                    return Ok(plain(module));
                }
                match native(path).and_then(|request| job.compile(Some(path), &request, options, watch)) {
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
                let (place, missed) = (Cell::new(None), Cell::new(None));
                let asked = Asked { jit: self, path, options, place, missed };
                match load_file_or(path, options, &asked) {
                    Ok(module) => Ok(plain(module)),
                    Err(error) => match asked.missed.into_inner() {
                        None => Err(error.into()),
                        Some(job) => match native(path)
                            .and_then(|request| job.compile(Some(path), &request, options, watch))
                        {
                            Err(Error::Stopped) => Err(Error::Stopped),
                            other => other.map_err(|why| self.explain(error, Some(why))),
                        },
                    },
                }
            }
        }
    }

    /// The module that the command makes of the one at `path` when it is asked for `special`: from the cache, or made now, whatever the
    /// mode.
    pub fn make(
        &self,
        path: &Path,
        special: &Special,
        options: &LoadOptions,
        watch: &dyn Watch,
    ) -> Result<Loaded> {
        let bytes = read(path)?;
        let mut flags: Vec<String> =
            special.words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
        for other in &special.others {
            flags.push(manifest_hash(other)?.to_string());
        }
        let job = self.place()?.job(parse(path, &bytes)?.header().manifest_hash, &flags)?;
        let what = format!("compiling {}, once; later processes take it from the cache", special.what);
        let request = Request { words: special.words.clone(), what };
        // It is a module of its own, which nobody knows by the path of the one that it was made from.
        match job.find(|entry| load_entry(entry, None, options)) {
            Some(module) => Ok(Loaded { module, warnings: Vec::new() }),
            None => job.compile(None, &request, options, watch),
        }
    }

    fn place(&self) -> Result<Place> {
        read_ahead(Part::Cache);
        let cache = Cache { folders: Folders::from_variables(self.read)? };
        Ok(Place { tool: Tool::find(self.read, self.beside), cache })
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

impl Place {
    fn job(self, manifest: Hash, flags: &[String]) -> Result<Job> {
        Ok(Job { key: Key::new(manifest, Host::detect()?, flags), place: self })
    }

    /// The name of a file and of who would compile it; without a tool any entry will do, the newest, so that nothing is remembered.
    fn stamp(&self, file: &Metadata) -> Option<Stamp> {
        Some(Stamp::new(file, Host::detect().ok()?, self.tool.as_ref().ok()?))
    }

    /// The module that was found before for this file.
    fn again(&self, path: &Path, file: &Metadata, options: &LoadOptions) -> Option<LoadedModule> {
        let link = self.cache.stamped(&self.stamp(file)?)?;
        let opened = Opened::open(&link).ok()?;
        let entry = Entry::new(link.clone(), opened.metadata()?, true)?;
        entry.touch();
        load_opened(&entry, &opened, Some(path), options)
    }
}

impl Job {
    /// The module from the cache, remembered for `file`. An entry that is damaged is removed.
    fn cached(&self, path: &Path, file: Option<&Metadata>, options: &LoadOptions) -> Option<LoadedModule> {
        self.find(|entry| {
            let module = load_entry(entry, Some(path), options)?;
            if let Some(stamp) =
                file.filter(|file| stamp::is_settled(file)).and_then(|file| self.place.stamp(file))
            {
                self.place.cache.remember(&stamp, entry);
            }
            Some(module)
        })
    }

    fn find<T>(&self, load: impl Fn(&Entry) -> Option<T>) -> Option<T> {
        load(&find(&self.place.cache, self.key, self.place.tool.as_ref().ok())?)
    }

    /// Compiles, unless another process does so just now, and loads what was made in the place of the module at `path`.
    fn compile(
        self,
        path: Option<&Path>,
        request: &Request,
        options: &LoadOptions,
        watch: &dyn Watch,
    ) -> Result<Loaded> {
        let Job { key, place: Place { tool, cache } } = self;
        let tool = tool?;
        let mut done = None;
        watch.apart(&mut || {
            // Who the tool is, is asked while it works.
            let run = || {
                std::thread::scope(|scope| {
                    let identity = scope.spawn(|| tool.identity(&cache.folders));
                    let bytes = compile::run(&tool.path, request, watch)?;
                    Ok((bytes, identity.join().unwrap_or(Err(Error::Stopped))))
                })
            };
            let locked = cache.prepare(key);
            let waited = locked.and_then(|lock| {
                Lock::wait(lock, watch, || load_entry(&find(&cache, key, Some(&tool))?, path, options))
            });
            done = Some(match waited {
                Ok(Waited::Done(module)) => Ok(Made::Module(Box::new(module))),
                Err(Error::Stopped) => Err(Error::Stopped),
                Ok(Waited::Mine(lock)) => run().map(|(bytes, identity)| {
                    let kept = identity.and_then(|identity| cache.add(key, identity, &bytes));
                    drop(lock);
                    Made::Bytes(bytes, kept)
                }),
                // Compiled it can be all the same.
                Err(why) => run().map(|(bytes, _)| Made::Bytes(bytes, Err(why))),
            });
        });
        let (module, warnings) = match done.unwrap_or(Err(Error::Stopped))? {
            Made::Module(module) => return Ok(Loaded { module: *module, warnings: Vec::new() }),
            Made::Bytes(_, Ok(file)) => (load_file(&file, &options.clone().alone())?, Vec::new()),
            Made::Bytes(bytes, Err(why)) => {
                let shown = path.map_or_else(
                    || "what was compiled for this machine".into(),
                    |path| format!("`{}`, compiled for this machine", path.display()),
                );
                (load_bytes(&shown, &bytes, options)?, once(&why).into_iter().collect())
            }
        };
        let module = match path {
            Some(path) => module.in_place_of(path),
            None => module,
        };
        Ok(Loaded { module, warnings })
    }
}

/// The entry that `tool` has made; without one, that of any.
fn find(cache: &Cache, key: Key, tool: Option<&Tool>) -> Option<Entry> {
    let identity = match tool {
        None => None,
        Some(tool) => match tool.known(&cache.folders) {
            Some(known) => Some(known),
            // Asking takes a process and reading the whole program, so it is left for when it can matter.
            None if !cache.has(key) => return None,
            None => tool.identity(&cache.folders).ok(),
        },
    };
    cache.find(key, identity)
}

/// What waiting for a compilation has given.
enum Made {
    /// Another process made it.
    Module(Box<LoadedModule>),
    /// The command did, and it is kept in a file, or is not.
    Bytes(Vec<u8>, Result<PathBuf>),
}

fn load_entry(entry: &Entry, path: Option<&Path>, options: &LoadOptions) -> Option<LoadedModule> {
    load_opened(entry, &Opened::open(&entry.path).ok()?, path, options)
}

fn load_opened(
    entry: &Entry,
    opened: &Opened<'_>,
    path: Option<&Path>,
    options: &LoadOptions,
) -> Option<LoadedModule> {
    match opened.load(&options.clone().alone()) {
        Ok(module) => Some(match path {
            Some(path) => module.in_place_of(path),
            None => module,
        }),
        Err(error) => {
            // A failure of the system, short memory say, is not the entry's fault.
            if matches!(error, pixie_ld::Error::Format { .. } | pixie_ld::Error::Changed { .. }) {
                entry.remove();
            }
            None
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|source| Error::Load(pixie_ld::Error::Read { path: path.to_owned(), source }))
}

fn parse<'b>(path: &Path, bytes: &'b [u8]) -> Result<Module<'b>> {
    Module::parse(bytes).map_err(|source| {
        let file = path.display().to_string();
        Error::Load(pixie_ld::Error::Format { file, source: Box::new(source) })
    })
}

/// What the command is asked for to compile a module for this host: the one that is in the file now.
fn native(path: &Path) -> Result<Request> {
    let bytes = read(path)?;
    let build_id = parse(path, &bytes)?.build_id().map_err(|source| {
        let file = path.display().to_string();
        Error::Load(pixie_ld::Error::Format { file, source: Box::new(source) })
    })?;
    let mut words: Vec<OsString> = vec!["specialize".into(), path.into()];
    // What this process has: under an emulator the command, which is another process, may see another processor.
    let features = Host::detect()?.features.to_string();
    let rest = [
        "--cpu",
        "native",
        "--features",
        &features,
        "--build-id",
        &build_id.to_string(),
        "--quiet",
        "-o",
        "-",
    ];
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
