//! The files of a project: which belong into a wheel, which into a source distribution.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::metadata::matching;
use crate::module::ModuleConfig;
use crate::names::file_part;
use crate::project::{Project, manifest};
use crate::shim;

/// What the compiler reads, which a wheel does not need.
const SOURCE_SUFFIXES: &[&str] = &["c", "cpp", "cc", "cxx", "h", "hpp", "hh", "hxx", "ll", "bc", "sig"];
/// Headers and what is included like one.
const HEADER_SUFFIXES: &[&str] = &["h", "hpp", "hh", "hxx", "ipp", "tpp", "inc", "inl", "def", "c"];

/// The packages that the author names; else those that are called like the modules' packages or the distribution.
pub(crate) fn find(
    root: &Path,
    project: &Project,
    named: &[String],
) -> std::result::Result<Vec<PathBuf>, String> {
    if !named.is_empty() {
        let there = |name: &String| {
            let path: PathBuf = Path::new(name).components().collect();
            let inside = !path.is_absolute() && !path.components().any(|part| part.as_os_str() == "..");
            match inside && (root.join(&path).is_dir() || root.join(&path).is_file()) {
                true => Ok(path),
                false => Err(format!(
                    "there is no folder `{name}` in the project\nhint: as packages = [\"src/fastmath\"]"
                )),
            }
        };
        return named.iter().map(there).collect();
    }
    let tops =
        project.modules.iter().map(|module| module.module.split('.').next().unwrap_or_default().to_owned());
    let names: BTreeSet<String> = tops.chain([file_part(&project.metadata.name)]).collect();
    let mut found = Vec::new();
    for name in names {
        let places = ["src", ""].map(|parent| Path::new(parent).join(&name));
        let package = places.iter().find(|place| root.join(place).is_dir());
        let file = places.iter().map(|place| place.with_extension("py"));
        let file = file.into_iter().find(|place| is_authors(root, place));
        // A folder of C sources may have the name by chance.
        let package = package.filter(|place| {
            has_python(&root.join(place))
                || project.modules.iter().any(|module| module.package().split('.').next() == Some(&name))
        });
        found.extend(package.cloned().or(file));
    }
    Ok(found)
}

fn has_python(folder: &Path) -> bool {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| entry.path().extension().is_some_and(|suffix| suffix == "py"))
}

/// The folder, relative to the root, that programs have on `sys.path`.
pub(crate) fn import_root(project: &Project) -> PathBuf {
    let first = project.packages.first().and_then(|package| package.parent()).map(Path::to_owned);
    first.unwrap_or_default()
}

/// The Python files and data of a wheel: path in the wheel, path in the project.
pub(crate) fn wheel_files(project: &Project) -> Result<Vec<(String, PathBuf)>> {
    let inputs: BTreeSet<&Path> = project.modules.iter().flat_map(|module| module.inputs()).collect();
    let mut excluded = BTreeSet::new();
    for pattern in &project.exclude {
        excluded.extend(matching(&project.root, pattern).map_err(Error::Project)?);
    }
    let mut files = Vec::new();
    for package in &project.packages {
        let parent = package.parent().unwrap_or(Path::new(""));
        for path in below(&project.root, package)? {
            let suffix = path.extension().and_then(|suffix| suffix.to_str()).unwrap_or_default();
            if inputs.contains(path.as_path())
                || excluded.contains(&path)
                || SOURCE_SUFFIXES.contains(&suffix)
            {
                continue;
            }
            let place = path.strip_prefix(parent).unwrap_or(&path);
            files.push((slashed(place), path));
        }
    }
    let made = made(project);
    files.retain(|(place, path)| !made.contains(place) || is_authors(&project.root, path));
    Ok(files)
}

/// Whether there is a text that the author wrote: what an editable installation puts into the project is made anew.
pub(crate) fn is_authors(root: &Path, path: &Path) -> bool {
    std::fs::read_to_string(root.join(path)).is_ok_and(|text| !shim::is_ours(&text))
}

/// What building puts into a wheel.
fn made(project: &Project) -> BTreeSet<String> {
    let of = |module: &ModuleConfig| {
        let stem = module.module.replace('.', "/");
        [
            format!("{stem}.pixie"),
            format!("{stem}.py"),
            format!("{stem}.pyi"),
            format!("{stem}.specialized.pixie"),
        ]
    };
    project.modules.iter().flat_map(of).collect()
}

/// The files of a source distribution, relative to the project.
pub(crate) fn sdist_files(project: &Project) -> Result<BTreeSet<PathBuf>> {
    let root = &project.root;
    let mut files = BTreeSet::from([PathBuf::from("pyproject.toml")]);
    files.extend(project.metadata.readme.clone());
    files.extend(project.metadata.licences.iter().cloned());
    let made = made(project);
    let mut generated = BTreeSet::new();
    for package in &project.packages {
        let parent = package.parent().unwrap_or(Path::new(""));
        for path in below(root, package)? {
            let place = slashed(path.strip_prefix(parent).unwrap_or(&path));
            match made.contains(&place) && !is_authors(root, &path) {
                true => generated.insert(path),
                false => files.insert(path),
            };
        }
    }
    for module in &project.modules {
        files.extend(read_by_compiler(root, module)?);
    }
    for pattern in &project.sdist_include {
        let found = matching(root, pattern).map_err(Error::Project)?;
        if found.is_empty() {
            return Err(Error::Key {
                path: manifest(root),
                key: "tool.pixie.sdist-include".to_owned(),
                what: format!("no file matches `{pattern}`"),
            });
        }
        files.extend(found);
    }
    files.retain(|path| !generated.contains(path));
    Ok(files)
}

/// What the compiler reads, as far as it can be told without it: inputs, headers in their folders, folders of headers.
pub(crate) fn read_by_compiler(root: &Path, module: &ModuleConfig) -> Result<BTreeSet<PathBuf>> {
    let mut files = BTreeSet::new();
    for input in module.inputs() {
        files.insert(input.to_owned());
        let folder = input.parent().unwrap_or(Path::new(""));
        let beside = match folder.as_os_str().is_empty() {
            // Not the whole project.
            true => entries(root, folder)?.into_iter().filter(|path| root.join(path).is_file()).collect(),
            false => below(root, folder)?,
        };
        files.extend(beside.into_iter().filter(|path| is_header(path)));
    }
    for folder in &module.include_dirs {
        files.extend(below(root, folder)?);
    }
    Ok(files)
}

fn is_header(path: &Path) -> bool {
    path.extension()
        .and_then(|suffix| suffix.to_str())
        .is_some_and(|suffix| HEADER_SUFFIXES.contains(&suffix))
}

/// Every file at or below a path of the project but hidden and compiled ones, in order.
fn below(root: &Path, path: &Path) -> Result<Vec<PathBuf>> {
    if root.join(path).is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in entries(root, path)? {
        match root.join(&entry).is_dir() {
            true => files.extend(below(root, &entry)?),
            false => files.push(entry),
        }
    }
    Ok(files)
}

fn entries(root: &Path, folder: &Path) -> Result<Vec<PathBuf>> {
    let whole = root.join(folder);
    let failed = |source| Error::Read { path: whole.clone(), source };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(&whole).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        let text = name.to_string_lossy();
        let left_out =
            text.starts_with('.') || text == "__pycache__" || text.ends_with(".pyc") || text.ends_with('~');
        if !left_out {
            paths.push(folder.join(name));
        }
    }
    paths.sort();
    Ok(paths)
}

/// A path as archives write it.
pub(crate) fn slashed(path: &Path) -> String {
    let parts: Vec<_> = path.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}
