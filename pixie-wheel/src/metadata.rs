//! `[project]` to the metadata of a distribution (PEP 621, PEP 639; core metadata 2.4).

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use pep440_rs::VersionSpecifiers;
use toml::{Table, Value};

use crate::error::{Result, plain};
use crate::keys::{Keys, strings_by_name};
use crate::names::{self, is_distribution, normalized};

/// What a distribution says of itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Metadata {
    pub name: String,
    pub version: String,
    /// Lines of headers between the version and the dependencies.
    headers: Vec<(&'static str, String)>,
    pub dependencies: Vec<String>,
    /// Dependencies of extras, by the extra's name.
    extras: BTreeMap<String, Vec<String>>,
    description: Option<(String, String)>,
    /// `entry_points.txt`; empty where there are none.
    pub entry_points: String,
    /// The readme, relative to the project.
    pub readme: Option<PathBuf>,
    /// Licence files, relative to the project.
    pub licences: Vec<PathBuf>,
    /// What the author leaves to the tool.
    pub dynamic: Vec<String>,
}

/// Licence files where nobody names them.
const LICENCE_FILES: &[&str] = &["LICEN[CS]E*", "COPYING*", "NOTICE*", "AUTHORS*"];
/// Keys of `[project]` that the tool can fill in.
const FILLED_IN: &[&str] = &["version", "dependencies"];

impl Metadata {
    /// Reads `[project]`; the version stays empty where it is dynamic.
    pub(crate) fn read(file: &Path, root: &Path, table: &Table) -> Result<Metadata> {
        let keys = &mut Keys::new(file, "project", table);
        let name = keys.required("name", "a name for the package index, as name = \"fastmath\"")?.to_owned();
        if !is_distribution(&name) {
            let what = format!(
                "`{name}` is not a name of a distribution\nhint: use letters, digits, `-`, `_` and `.`"
            );
            return Err(keys.error("name", what));
        }
        let dynamic = keys.texts("dynamic")?;
        if let Some(other) = dynamic.iter().find(|key| !FILLED_IN.contains(&key.as_str())) {
            let what = format!("`{other}` cannot be dynamic here\nhint: expected {}", FILLED_IN.join(" or "));
            return Err(keys.error("dynamic", what));
        }
        let is_dynamic = |key: &str| dynamic.iter().any(|name| name == key);
        let version = match keys.text("version")? {
            Some(_) if is_dynamic("version") => {
                return Err(keys.error("version", "it is given and dynamic at once\nhint: leave one out"));
            }
            Some(text) => names::version(text).map_err(|why| keys.error("version", why))?,
            None if is_dynamic("version") => String::new(),
            None => return Err(keys.missing("version", "as version = \"0.1.0\"")),
        };
        let mut metadata = Metadata { name, version, dynamic: dynamic.clone(), ..Metadata::default() };
        metadata.about(keys)?;
        metadata.people(keys, "authors", "Author", "Author-email")?;
        metadata.people(keys, "maintainers", "Maintainer", "Maintainer-email")?;
        metadata.licence(keys, root)?;
        metadata.readme(keys, root)?;
        if table.contains_key("dependencies") && is_dynamic("dependencies") {
            return Err(keys.error("dependencies", "they are given and dynamic at once\nhint: leave one out"));
        }
        metadata.dependencies = keys.texts("dependencies")?;
        for requirement in &metadata.dependencies {
            check_requirement(requirement).map_err(|what| keys.error("dependencies", what))?;
        }
        for (extra, requirements) in keys.lists_by_name("optional-dependencies")? {
            for requirement in &requirements {
                let what = |what| keys.error("optional-dependencies", format!("{extra}: {what}"));
                check_requirement(requirement).map_err(what)?;
            }
            metadata.extras.insert(normalized(&extra), requirements);
        }
        metadata.entry_points(keys)?;
        for known in ["import-names", "import-namespaces"] {
            keys.value(known);
        }
        keys.finish()?;
        Ok(metadata)
    }

    fn header(&mut self, name: &'static str, value: impl Into<String>) {
        // A line break would end the header.
        let value = value.into().split_whitespace().collect::<Vec<_>>().join(" ");
        self.headers.push((name, value));
    }

    fn about(&mut self, keys: &mut Keys<'_>) -> Result<()> {
        if let Some(summary) = keys.text("description")? {
            if summary.contains('\n') {
                return Err(
                    keys.error("description", "expected one line\nhint: longer text belongs into the readme")
                );
            }
            self.header("Summary", summary);
        }
        let keywords = keys.texts("keywords")?;
        if !keywords.is_empty() {
            self.header("Keywords", keywords.join(","));
        }
        for classifier in keys.texts("classifiers")? {
            self.header("Classifier", classifier);
        }
        if let Some(python) = keys.text("requires-python")? {
            let parsed = VersionSpecifiers::from_str(python);
            parsed.map_err(|error| keys.error("requires-python", first_line(&error)))?;
            self.header("Requires-Python", python);
        }
        for (label, url) in keys.texts_by_name("urls")? {
            self.header("Project-URL", format!("{label}, {url}"));
        }
        Ok(())
    }

    fn people(
        &mut self,
        keys: &mut Keys<'_>,
        key: &'static str,
        by_name: &'static str,
        by_address: &'static str,
    ) -> Result<()> {
        let Some(value) = keys.value(key) else { return Ok(()) };
        let expected = "expected a list of tables, as [{name = \"Ada\", email = \"ada@example.org\"}]";
        let (mut named, mut addressed) = (Vec::new(), Vec::new());
        for person in value.as_array().ok_or_else(|| keys.error(key, expected))? {
            let text =
                |part: &str| person.get(part).map(|value| value.as_str().unwrap_or_default().to_owned());
            match (text("name"), text("email")) {
                (Some(name), None) if !name.is_empty() => named.push(name),
                (None, Some(email)) if !email.is_empty() => addressed.push(email),
                (Some(name), Some(email)) if !name.is_empty() && !email.is_empty() => {
                    // Commas part people.
                    let name = if name.contains([',', '.', '"']) {
                        format!("\"{}\"", name.replace('"', ""))
                    } else {
                        name
                    };
                    addressed.push(format!("{name} <{email}>"));
                }
                _ => return Err(keys.error(key, expected)),
            }
        }
        for (header, people) in [(by_name, named), (by_address, addressed)] {
            if !people.is_empty() {
                self.header(header, people.join(", "));
            }
        }
        Ok(())
    }

    fn licence(&mut self, keys: &mut Keys<'_>, root: &Path) -> Result<()> {
        let named = keys.value("license-files").is_some();
        let patterns = match named {
            true => keys.texts("license-files")?,
            false => LICENCE_FILES.iter().map(|pattern| (*pattern).to_owned()).collect(),
        };
        match keys.value("license") {
            None => {}
            Some(Value::String(expression)) => self.header("License-Expression", expression.as_str()),
            Some(Value::Table(table)) => match (table.get("text"), table.get("file")) {
                (Some(Value::String(text)), None) => self.header("License", text.as_str()),
                (None, Some(Value::String(name))) => {
                    if !root.join(name).is_file() {
                        return Err(keys.error("license.file", format!("there is no file `{name}`")));
                    }
                    self.licences.push(name.into());
                }
                _ => return Err(keys.error("license", "expected an SPDX expression, as license = \"MIT\"")),
            },
            Some(_) => return Err(keys.error("license", "expected an SPDX expression, as license = \"MIT\"")),
        }
        for pattern in &patterns {
            let found = matching(root, pattern).map_err(|what| keys.error("license-files", what))?;
            if found.is_empty() && named {
                return Err(keys.error("license-files", format!("no file matches `{pattern}`")));
            }
            self.licences.extend(found);
        }
        self.licences.sort();
        self.licences.dedup();
        for file in self.licences.clone() {
            self.header("License-File", crate::package::slashed(&file));
        }
        Ok(())
    }

    fn readme(&mut self, keys: &mut Keys<'_>, root: &Path) -> Result<()> {
        let (file, text, kind) = match keys.value("readme") {
            None => return Ok(()),
            Some(Value::String(file)) => (Some(file.clone()), None, None),
            Some(Value::Table(table)) => {
                let get = |key: &str| table.get(key).and_then(Value::as_str).map(str::to_owned);
                (get("file"), get("text"), get("content-type"))
            }
            Some(_) => (None, None, None),
        };
        let body = match (&file, text) {
            (Some(name), None) => std::fs::read_to_string(root.join(name)).map_err(|error| {
                keys.error(
                    "readme",
                    format!(
                        "`{name}` cannot be read: {}\nhint: paths are relative to the project",
                        plain(&error)
                    ),
                )
            })?,
            (None, Some(text)) => text,
            _ => return Err(keys.error("readme", "expected the name of a file, as readme = \"README.md\"")),
        };
        let suffix =
            file.as_deref().and_then(|name| Path::new(name).extension()).and_then(|suffix| suffix.to_str());
        let kind = match (kind, suffix.map(str::to_ascii_lowercase).as_deref()) {
            (Some(kind), _) => kind,
            (None, Some("md")) => "text/markdown".to_owned(),
            (None, Some("rst")) => "text/x-rst".to_owned(),
            (None, Some("txt") | None) if file.is_some() => "text/plain".to_owned(),
            _ => {
                let what = "its kind is unknown\nhint: as readme = {file = \"README\", content-type = \"text/markdown\"}";
                return Err(keys.error("readme", what));
            }
        };
        self.readme = file.map(PathBuf::from);
        self.description = Some((kind, body));
        Ok(())
    }

    fn entry_points(&mut self, keys: &mut Keys<'_>) -> Result<()> {
        let mut groups = BTreeMap::new();
        groups.insert("console_scripts".to_owned(), keys.texts_by_name("scripts")?);
        groups.insert("gui_scripts".to_owned(), keys.texts_by_name("gui-scripts")?);
        if let Some(table) = keys.table("entry-points")? {
            for (group, entries) in table {
                let entries = strings_by_name(entries).ok_or_else(|| {
                    keys.error("entry-points", format!("{group}: expected a table of strings"))
                })?;
                if groups.insert(group.clone(), entries).is_some_and(|before| !before.is_empty()) {
                    return Err(keys
                        .error("entry-points", format!("`{group}` has a key of its own: project.scripts")));
                }
            }
        }
        for (group, entries) in groups.iter().filter(|(_, entries)| !entries.is_empty()) {
            let _ = writeln!(self.entry_points, "[{group}]");
            for (name, object) in entries {
                let _ = writeln!(self.entry_points, "{name} = {object}");
            }
            self.entry_points.push('\n');
        }
        Ok(())
    }

    /// Whether it depends on the distribution `name`.
    pub(crate) fn depends_on(&self, name: &str) -> bool {
        self.dependencies.iter().any(|requirement| normalized(names::required(requirement)) == name)
    }

    /// `NAME-VERSION` as in file names.
    pub(crate) fn stem(&self) -> String {
        format!("{}-{}", names::file_part(&self.name), self.version)
    }

    /// The text of `METADATA` or `PKG-INFO`.
    pub(crate) fn text(&self) -> String {
        let mut out = format!("Metadata-Version: 2.4\nName: {}\nVersion: {}\n", self.name, self.version);
        for (name, value) in &self.headers {
            let _ = writeln!(out, "{name}: {value}");
        }
        for requirement in &self.dependencies {
            let _ = writeln!(out, "Requires-Dist: {requirement}");
        }
        for (extra, requirements) in &self.extras {
            let _ = writeln!(out, "Provides-Extra: {extra}");
            for requirement in requirements {
                let _ = writeln!(out, "Requires-Dist: {}", with_extra(requirement, extra));
            }
        }
        if let Some((kind, body)) = &self.description {
            let _ = writeln!(out, "Description-Content-Type: {kind}\n\n{}", body.trim_end());
        }
        out
    }
}

/// What a parser says, without the picture below it.
fn first_line(error: &dyn std::fmt::Display) -> String {
    error.to_string().lines().next().unwrap_or_default().trim_end_matches(':').to_owned()
}

/// The requirement where this extra is asked for.
fn with_extra(requirement: &str, extra: &str) -> String {
    // A URL may hold a semicolon of its own; a marker behind it stands apart.
    let separator = if requirement.contains('@') { " ;" } else { ";" };
    match requirement.split_once(separator) {
        Some((what, marker)) => format!("{} ; ({}) and extra == '{extra}'", what.trim(), marker.trim()),
        None => format!("{} ; extra == '{extra}'", requirement.trim()),
    }
}

fn check_requirement(requirement: &str) -> std::result::Result<(), String> {
    let name = names::required(requirement);
    let rest = requirement.get(name.len()..).unwrap_or_default().trim_start();
    let (versions, _) = rest.split_once(';').unwrap_or((rest, ""));
    let versions = match versions.strip_prefix('[') {
        Some(extras) => extras.split_once(']').map(|(_, rest)| rest),
        None => Some(versions),
    };
    let versions = versions.map(|text| text.trim().trim_start_matches('(').trim_end_matches(')').trim());
    let fault = match versions {
        Some(text) if text.starts_with('@') || text.is_empty() => None,
        Some(text) => VersionSpecifiers::from_str(text).err().map(|error| first_line(&error)),
        None => Some("a bracket is missing".to_owned()),
    };
    let fault = if is_distribution(name) { fault } else { Some("it begins with no name".to_owned()) };
    fault.map_or(Ok(()), |why| {
        Err(format!("`{requirement}` is not a requirement: {why}\nhint: as \"numpy>=2\""))
    })
}

/// The files that a pattern matches, relative to `root`, in order.
pub(crate) fn matching(root: &Path, pattern: &str) -> std::result::Result<Vec<PathBuf>, String> {
    if Path::new(pattern).is_absolute() || pattern.split(['/', '\\']).any(|part| part == "..") {
        return Err(format!("`{pattern}` leads out of the project"));
    }
    let whole = format!("{}/{pattern}", glob::Pattern::escape(&root.to_string_lossy()));
    let found = glob::glob(&whole).map_err(|error| format!("`{pattern}`: {error}"))?;
    let files = found.filter_map(std::result::Result::ok).filter(|path| path.is_file());
    // Of the current folder the paths are relative already.
    Ok(files.map(|path| path.strip_prefix(root).unwrap_or(&path).to_owned()).collect())
}
