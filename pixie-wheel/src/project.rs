//! `pyproject.toml`.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::error::{Error, Result, plain};
use crate::keys::Keys;
use crate::metadata::Metadata;
use crate::module::ModuleConfig;
use crate::names;
use crate::package;

/// The distribution that a universal wheel depends on.
pub(crate) const RUNTIME: &str = "pixie-runtime";

/// A project: a folder with a `pyproject.toml`.
#[derive(Debug)]
pub struct Project {
    pub(crate) root: PathBuf,
    pub(crate) metadata: Metadata,
    /// Its fat modules.
    pub modules: Vec<ModuleConfig>,
    /// Packages and modules of Python files, relative to the root.
    pub(crate) packages: Vec<PathBuf>,
    /// Patterns of files that a source distribution holds besides.
    pub(crate) sdist_include: Vec<String>,
    /// Patterns of files that a wheel leaves out.
    pub(crate) exclude: Vec<String>,
}

const EXAMPLE: &str = "[tool.pixie]\n  module = \"fastmath._kernels\"\n  sources = [\"src/kernels.c\"]\n  exports = [\"area(radius: f64) -> f64\"]";

impl Project {
    /// Reads the project in the folder `root`.
    pub fn read(root: &Path) -> Result<Project> {
        let file = manifest(root);
        let text = std::fs::read_to_string(&file).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => Error::File {
                path: file.clone(),
                what: "there is no such file\nhint: a project is a folder with a pyproject.toml".to_owned(),
            },
            _ => Error::Read { path: file.clone(), source },
        })?;
        let table: Table = toml::from_str(&text).map_err(|error| Error::Toml {
            path: file.clone(),
            message: error.to_string().trim().to_owned(),
        })?;
        let section = |key: &str| table.get(key).and_then(Value::as_table);
        let missing = |key: &str, hint: &str| Error::Key {
            path: file.clone(),
            key: key.to_owned(),
            what: format!("the table is missing, for example\n  {hint}"),
        };
        let project = section("project")
            .ok_or_else(|| missing("project", "[project]\n  name = \"fastmath\"\n  version = \"0.1.0\""))?;
        let tool = section("tool").and_then(|tool| tool.get("pixie")).and_then(Value::as_table);
        let tool = tool.ok_or_else(|| missing("tool.pixie", EXAMPLE))?;
        let metadata = Metadata::read(&file, root, project)?;
        let mut keys = Keys::new(&file, "tool.pixie", tool);
        let packages = keys.texts("packages")?;
        let sdist_include = keys.texts("sdist-include")?;
        let exclude = keys.texts("exclude")?;
        let version_from = keys.text("version-from")?;
        let mut project = Project {
            root: root.to_owned(),
            metadata,
            modules: Vec::new(),
            packages: Vec::new(),
            sdist_include,
            exclude,
        };
        project.version(&keys, version_from)?;
        match keys.value("modules") {
            None => {
                project.modules.push(ModuleConfig::read(&mut keys, root)?);
                keys.finish()?;
            }
            Some(list) => {
                let tables =
                    list.as_array().map(|list| list.iter().filter_map(Value::as_table).collect::<Vec<_>>());
                let tables = tables.filter(|tables| !tables.is_empty());
                let tables = tables
                    .ok_or_else(|| keys.error("modules", "expected tables, as [[tool.pixie.modules]]"))?;
                let mut shared = tool.clone();
                for key in ["packages", "sdist-include", "exclude", "version-from", "modules"] {
                    shared.remove(key);
                }
                for (index, own) in tables.into_iter().enumerate() {
                    let merged = ModuleConfig::merged(&shared, own);
                    let mut keys = Keys::new(&file, &format!("tool.pixie.modules[{index}]"), &merged);
                    let module = ModuleConfig::read(&mut keys, root)?;
                    if project.modules.iter().any(|other| other.module == module.module) {
                        return Err(
                            keys.error("module", format!("another one is called `{}`", module.module))
                        );
                    }
                    keys.finish()?;
                    project.modules.push(module);
                }
            }
        }
        project.packages =
            package::find(root, &project, &packages).map_err(|what| keys.error("packages", what))?;
        Ok(project)
    }

    fn version(&mut self, keys: &Keys<'_>, from: Option<&str>) -> Result<()> {
        let is_dynamic = self.metadata.version.is_empty();
        let Some(from) = from else {
            let hint = "as version-from = \"fastmath/__init__.py\", which has a line __version__ = \"0.1.0\"";
            return if is_dynamic { Err(keys.missing("version-from", hint)) } else { Ok(()) };
        };
        if !is_dynamic {
            return Err(keys.error(
                "version-from",
                "project.version is given\nhint: write dynamic = [\"version\"] instead",
            ));
        }
        let text = std::fs::read_to_string(self.root.join(from)).map_err(|error| {
            keys.error("version-from", format!("`{from}` cannot be read: {}", plain(&error)))
        })?;
        let found = text.lines().find_map(|line| {
            let value = line.strip_prefix("__version__")?.trim_start();
            // A type may stand between.
            let value = value.split_once('=')?.1.split('#').next()?.trim();
            let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
            value.strip_prefix(quote)?.strip_suffix(quote)
        });
        let found = found.ok_or_else(|| {
            keys.error("version-from", format!("`{from}` has no line __version__ = \"…\" of its own"))
        })?;
        self.metadata.version = names::version(found).map_err(|why| keys.error("version-from", why))?;
        Ok(())
    }

    /// The metadata of a wheel that needs the runtime, of the version `runtime` at least.
    pub(crate) fn universal(&self, runtime: &str) -> Result<Metadata> {
        let mut metadata = self.metadata.clone();
        if metadata.dynamic.iter().any(|key| key == "dependencies") {
            metadata.dependencies = vec![format!("{RUNTIME}>={runtime}")];
        } else if !metadata.depends_on(RUNTIME) {
            let mut wanted = metadata.dependencies.clone();
            wanted.push(format!("{RUNTIME}>={runtime}"));
            let list = wanted.iter().map(|one| format!("{one:?}")).collect::<Vec<_>>().join(", ");
            return Err(Error::Key {
                path: manifest(&self.root),
                key: "project.dependencies".to_owned(),
                what: format!(
                    "`{RUNTIME}` is missing, which loads the modules\nhint: write dependencies = [{list}]"
                ),
            });
        }
        Ok(metadata)
    }

    /// The metadata of a wheel that brings the runtime.
    pub(crate) fn standalone(&self) -> Metadata {
        let mut metadata = self.metadata.clone();
        metadata.dependencies.retain(|one| names::normalized(names::required(one)) != RUNTIME);
        metadata
    }
}

/// The file that says what a project is, by the shortest path.
pub(crate) fn manifest(root: &Path) -> PathBuf {
    let name = Path::new("pyproject.toml");
    if root == Path::new(".") { name.to_owned() } else { root.join(name) }
}
