//! What `[tool.pixie]` says of a fat module.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use toml::Table;

use crate::error::{Error, Result};
use crate::keys::Keys;
use crate::names::is_identifier;

/// A fat module of a project. Paths are relative to the project's folder.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ModuleConfig {
    /// The name that programs import, with its packages: `fastmath._kernels`.
    pub module: String,
    /// C, LLVM IR or bitcode.
    pub sources: Vec<PathBuf>,
    /// Signatures of functions.
    pub exports: Vec<String>,
    /// Files of signatures.
    pub export_files: Vec<PathBuf>,
    /// Signatures of functions that become NumPy ufuncs.
    pub ufuncs: Vec<String>,
    /// What reductions of ufuncs begin with, by name.
    pub identities: BTreeMap<String, String>,
    /// What results of `status` functions mean, by name and code.
    pub statuses: BTreeMap<String, BTreeMap<String, String>>,
    /// Platforms; all where empty.
    pub platforms: Vec<String>,
    /// ISA levels by platform; all where there are none.
    pub levels: BTreeMap<String, Vec<String>>,
    /// The optimisation level.
    pub opt: Option<u8>,
    /// Whether line tables are kept.
    pub debug: bool,
    /// Folders of headers.
    pub include_dirs: Vec<PathBuf>,
    /// Macros, as `NAME` or `NAME=VALUE`.
    pub defines: Vec<String>,
    /// Flags of the C compiler.
    pub cflags: Vec<String>,
    /// Symbols that the process must have.
    pub allow_imports: Vec<String>,
    /// Whether the C compiler runs once for each level: `auto`, `always`, `never`.
    pub per_level: Option<String>,
    /// Whether all variants give the same results, bit for bit.
    pub reproducible: bool,
    /// Whether functions of bare addresses are offered.
    pub unsafe_pointers: bool,
    /// Functions that keep Python's lock.
    pub gil: Vec<String>,
    /// Functions that always release it.
    pub nogil: Vec<String>,
    /// The module's docstring.
    pub doc: Option<String>,
    /// The author's own text.
    pub metadata: Option<String>,
    /// The author's own text about functions, by name.
    pub export_metadata: BTreeMap<String, String>,
    /// Whether bitcode is compiled for platforms other than the one that its triple names.
    pub portable: bool,
}

impl ModuleConfig {
    /// Reads the keys of one module from `[tool.pixie]`, which are all of `keys` but those that were read before.
    pub(crate) fn read(keys: &mut Keys<'_>, root: &Path) -> Result<ModuleConfig> {
        let example = "name what programs import, as module = \"package._kernels\"";
        let module = keys.required("module", example)?.to_owned();
        if module.split('.').any(|part| !is_identifier(part)) {
            let what = format!("`{module}` is not a name that Python can import\nhint: {example}");
            return Err(keys.error("module", what));
        }
        let sources = keys.texts("sources")?;
        if sources.is_empty() {
            return Err(
                keys.missing("sources", "list what it is built from, as sources = [\"src/kernels.c\"]")
            );
        }
        let mut config = ModuleConfig {
            module,
            exports: keys.texts("exports")?,
            ufuncs: keys.texts("ufuncs")?,
            identities: keys.texts_by_name("identities")?,
            statuses: keys.tables_by_name("statuses")?,
            platforms: keys.texts("platforms")?,
            levels: keys.lists_by_name("levels")?,
            debug: keys.flag("debug")?,
            defines: defines(keys)?,
            cflags: keys.texts("cflags")?,
            allow_imports: keys.texts("allow-imports")?,
            per_level: keys.text("per-level")?.map(str::to_owned),
            reproducible: keys.flag("reproducible")?,
            unsafe_pointers: keys.flag("unsafe-pointers")?,
            gil: keys.texts("gil")?,
            nogil: keys.texts("nogil")?,
            doc: keys.text("doc")?.map(str::to_owned),
            metadata: keys.text("metadata")?.map(str::to_owned),
            export_metadata: keys.texts_by_name("export-metadata")?,
            portable: keys.flag("portable")?,
            ..ModuleConfig::default()
        };
        config.opt = match keys.integer("opt")? {
            None => None,
            Some(opt @ 0..=3) => Some(opt as u8),
            Some(other) => return Err(keys.error("opt", format!("expected 0 to 3, found {other}"))),
        };
        for source in sources {
            config.sources.push(inside(keys, "sources", root, &source)?);
        }
        for file in keys.texts("export-files")? {
            config.export_files.push(inside(keys, "export-files", root, &file)?);
        }
        for folder in keys.texts("include-dirs")? {
            config.include_dirs.push(inside(keys, "include-dirs", root, &folder)?);
        }
        Ok(config)
    }

    /// The name of the module itself.
    pub fn name(&self) -> &str {
        self.module.rsplit('.').next().unwrap_or_default()
    }

    /// The package that it lies in; empty for a module of its own.
    pub fn package(&self) -> &str {
        self.module.rsplit_once('.').map_or("", |(package, _)| package)
    }

    /// What it is built from and how it is described: files of which a change makes what was built stale.
    pub fn inputs(&self) -> impl Iterator<Item = &Path> {
        self.sources.iter().chain(&self.export_files).map(PathBuf::as_path)
    }

    /// The table of one of several modules, with what is said for all of them.
    pub(crate) fn merged(shared: &Table, own: &Table) -> Table {
        let mut merged = shared.clone();
        merged.extend(own.clone());
        merged
    }
}

/// Macros, as a list or as a table of values.
fn defines(keys: &mut Keys<'_>) -> Result<Vec<String>> {
    match keys.value("defines") {
        Some(toml::Value::Table(table)) => table
            .iter()
            .map(|(name, value)| match value {
                toml::Value::String(text) => Ok(format!("{name}={text}")),
                toml::Value::Integer(number) => Ok(format!("{name}={number}")),
                toml::Value::Float(number) => Ok(format!("{name}={number}")),
                toml::Value::Boolean(true) => Ok(name.clone()),
                _ => Err(keys.error("defines", format!("{name}: expected a string, a number, or true"))),
            })
            .collect(),
        _ => keys.texts("defines"),
    }
}

/// A path that a key names: it must be there, and within the project, since a source distribution holds nothing else.
fn inside(keys: &Keys<'_>, key: &str, root: &Path, text: &str) -> Result<PathBuf> {
    let path = Path::new(text);
    let clean: PathBuf = path.components().filter(|part| *part != Component::CurDir).collect();
    let outside = || {
        keys.error(
            key,
            format!(
                "`{text}` is outside the project, so it would be missing in a source distribution\nhint: copy the file into the project, and name it relative to that"
            ),
        )
    };
    if clean.is_absolute() || clean.components().any(|part| part == Component::ParentDir) {
        return Err(outside());
    }
    let found = root.join(&clean).canonicalize().map_err(|source| {
        let what = match source.kind() {
            std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
            _ => source.to_string(),
        };
        keys.error(key, format!("`{text}`: {what}\nhint: paths are relative to the project's folder"))
    })?;
    let home = root.canonicalize().map_err(|source| Error::Read { path: root.to_owned(), source })?;
    // A symbolic link may lead out.
    if !found.starts_with(&home) {
        return Err(outside());
    }
    Ok(clean)
}
