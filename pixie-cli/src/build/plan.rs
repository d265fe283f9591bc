//! What a build is to do, worked out and checked before any work starts.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use pixie_format::manifest::{Gil, Identity, Options, StatusText};
use pixie_format::signature::ExportSpec;
use pixie_format::{IsaLevel, Platform, SUFFIX};

use crate::args::{BuildArgs, PerLevel, status_text};
use crate::files;
use crate::frontend::{CFlags, Language};

/// A source file, by what must be done to it.
#[derive(Debug, Clone)]
pub enum Source {
    /// C or C++, which the front end compiles once for each platform or level.
    C(PathBuf, Language),
    /// LLVM IR or bitcode.
    Llvm(PathBuf),
}

/// An export that was asked for.
#[derive(Debug, Clone)]
pub struct Wanted {
    pub spec: ExportSpec,
    pub doc: Option<String>,
    /// Whether it becomes a NumPy ufunc.
    pub ufunc: bool,
    /// What its results mean that are not 0.
    pub status: Vec<StatusText>,
}

/// A build.
#[derive(Debug)]
pub struct Plan {
    pub name: String,
    pub output: PathBuf,
    pub sources: Vec<Source>,
    pub platforms: Vec<(Platform, Vec<&'static IsaLevel>)>,
    /// Empty: every function that takes and returns only numbers.
    pub exports: Vec<Wanted>,
    pub options: Options,
    pub flags: CFlags,
    pub per_level: PerLevel,
    pub unsafe_pointers: bool,
    /// The lock policy of exports by name.
    pub gil: Vec<(String, Gil)>,
    /// What reductions of ufuncs begin with, by name.
    pub identities: Vec<(String, Identity)>,
    /// What results of `status` functions mean, by name.
    pub statuses: Vec<(String, StatusText)>,
    /// The module's docstring.
    pub doc: Option<String>,
    /// The author's text about the module.
    pub metadata: Option<String>,
    /// The author's text about exports, by name.
    pub export_metadata: Vec<(String, String)>,
    pub portable: bool,
    pub allowed_imports: Vec<String>,
    pub jobs: usize,
    pub quiet: bool,
}

impl Plan {
    pub fn new(args: &BuildArgs) -> Result<Plan> {
        let sources = args.sources.iter().map(|path| source(path)).collect::<Result<Vec<_>>>()?;
        let name = name(args)?;
        let output = args.output.clone().unwrap_or_else(|| PathBuf::from(format!("{name}.{SUFFIX}")));
        let exports = exports(args)?;
        Ok(Plan {
            name,
            output,
            sources,
            platforms: platforms(args)?,
            exports,
            options: super::options(args),
            flags: CFlags::new(&args.front, args.reproducible),
            per_level: args.per_level,
            unsafe_pointers: args.unsafe_pointers,
            gil: gil(args)?,
            identities: args.identities.clone(),
            statuses: args.statuses.clone(),
            doc: args.doc.clone(),
            metadata: args.metadata.clone(),
            export_metadata: args.export_metadata.clone(),
            portable: args.portable,
            allowed_imports: args.allow_imports.clone(),
            jobs: args
                .jobs
                .map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from),
            quiet: args.quiet || args.json,
        })
    }

    /// Every platform and level, in order.
    pub fn targets(&self) -> impl Iterator<Item = (Platform, &'static IsaLevel)> {
        self.platforms.iter().flat_map(|(platform, levels)| levels.iter().map(|level| (*platform, *level)))
    }

    /// Whether some source is C++.
    pub fn has_cxx(&self) -> bool {
        self.sources.iter().any(|source| matches!(source, Source::C(_, Language::Cxx)))
    }

    /// What to take the compiler's macros from, which differ by level alone: C where there is some, since flags may be for one language.
    pub fn language(&self) -> Language {
        let is_c = |source: &Source| matches!(source, Source::C(_, Language::C));
        if self.sources.iter().any(is_c) { Language::C } else { Language::Cxx }
    }

    /// Whether some source goes through the C compiler.
    pub fn has_c(&self) -> bool {
        self.sources.iter().any(|source| matches!(source, Source::C(..)))
    }
}

impl Source {
    pub fn path(&self) -> &Path {
        match self {
            Source::C(path, _) | Source::Llvm(path) => path,
        }
    }
}

fn gil(args: &BuildArgs) -> Result<Vec<(String, Gil)>> {
    if let Some(name) = args.gil.iter().find(|name| args.nogil.contains(name)) {
        bail!("`{name}` is given both with --gil and with --nogil\nhint: leave one out");
    }
    let held = args.gil.iter().map(|name| (name.clone(), Gil::Hold));
    Ok(held.chain(args.nogil.iter().map(|name| (name.clone(), Gil::Release))).collect())
}

/// What must be done to a source, by its suffix.
pub fn source(path: &Path) -> Result<Source> {
    let suffix = path.extension().and_then(|extension| extension.to_str());
    let source = match (Language::of(path), suffix) {
        (Some(language), _) => Source::C(path.to_owned(), language),
        (None, Some("ll" | "bc")) => Source::Llvm(path.to_owned()),
        _ => bail!(
            "`{}` is not a kind of source that is known\nhint: expected a file that ends in .c, .cpp, .cc, .cxx, .ll or .bc",
            path.display()
        ),
    };
    if !path.is_file() {
        // Reading it gives the system's own reason.
        files::read(path)?;
    }
    Ok(source)
}

fn name(args: &BuildArgs) -> Result<String> {
    let from = args.output.as_ref().unwrap_or(&args.sources[0]);
    let stem = from.file_stem().and_then(|stem| stem.to_str());
    let (name, explicit) = match &args.name {
        Some(name) => (name.clone(), true),
        None => (stem.unwrap_or_default().to_owned(), false),
    };
    let mut chars = name.chars();
    let valid = chars.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !valid {
        let hint = if explicit { "use letters, digits and underscores" } else { "choose one with --name" };
        bail!("`{name}` is not a name that Python can import\nhint: {hint}");
    }
    if let (Some(output), Some(given)) = (&args.output, &args.name)
        && stem.is_some_and(|stem| stem != given)
    {
        // Python finds a module by its file's name.
        eprintln!(
            "note: the module is called `{given}`, but Python imports it by its file's name, `{}`",
            output.display()
        );
    }
    Ok(name)
}

fn platforms(args: &BuildArgs) -> Result<Vec<(Platform, Vec<&'static IsaLevel>)>> {
    let mut chosen = if args.platforms.is_empty() { Platform::ALL.to_vec() } else { args.platforms.clone() };
    chosen.sort_unstable();
    chosen.dedup();
    if let Some(choice) = args.isas.iter().find(|choice| !chosen.contains(&choice.platform)) {
        bail!(
            "--isa names {}, which is not built\nhint: add --platform {}",
            choice.platform,
            choice.platform
        );
    }
    Ok(chosen
        .into_iter()
        .map(|platform| {
            let levels = args.isas.iter().find(|choice| choice.platform == platform);
            (
                platform,
                levels.map_or_else(|| platform.levels().iter().collect(), |choice| choice.levels.clone()),
            )
        })
        .collect())
}

fn exports(args: &BuildArgs) -> Result<Vec<Wanted>> {
    let mut exports = Vec::new();
    for text in &args.exports {
        exports.push(Wanted { spec: ExportSpec::parse(text)?, doc: None, ufunc: false, status: Vec::new() });
    }
    for text in &args.ufuncs {
        exports.push(Wanted { spec: ExportSpec::parse(text)?, doc: None, ufunc: true, status: Vec::new() });
    }
    for path in &args.export_files {
        let text = String::from_utf8(files::read(path)?)
            .map_err(|_| anyhow!("`{}` is not UTF-8 text", path.display()))?;
        let text = text.trim_start_matches('\u{feff}');
        read_exports(text, &mut exports).with_context(|| format!("`{}`", path.display()))?;
    }
    Ok(exports)
}

/// One signature a line; the comment lines just above it are its documentation.
fn read_exports(text: &str, exports: &mut Vec<Wanted>) -> Result<()> {
    let mut doc: Vec<&str> = Vec::new();
    // Whether a signature of this text came before.
    let mut own = false;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(comment) = line.strip_prefix('#') {
            doc.push(comment.strip_prefix(' ').unwrap_or(comment));
        } else if line.is_empty() {
            doc.clear();
        } else if let (Some(rest), true, Some(last)) = (line.strip_prefix("status "), own, exports.last_mut())
            && rest.trim_start().starts_with(|first: char| first.is_ascii_digit() || first == '-')
        {
            let rest = rest.trim_start();
            let (code, text) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            let status = status_text(code, text).ok_or_else(|| {
                anyhow!(
                    "line {}: expected `status CODE TEXT` with a code of 32 bits other than 0, found `{line}`",
                    number + 1
                )
            })?;
            last.status.push(status);
        } else {
            // A function may be called `ufunc` too.
            let marked = line.strip_prefix("ufunc ").map(str::trim_start);
            let marked = marked.filter(|rest| !rest.starts_with(['(', '=']));
            let text = marked.unwrap_or(line);
            let spec = ExportSpec::parse(text).with_context(|| format!("line {}", number + 1))?;
            let doc = std::mem::take(&mut doc);
            let doc = (!doc.is_empty()).then(|| doc.join("\n"));
            exports.push(Wanted { spec, doc, ufunc: marked.is_some(), status: Vec::new() });
            own = true;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_above_a_signature_document_it() {
        let mut exports = Vec::new();
        read_exports(
            "# A file of things.\n\n# Adds.\n#  Twice.\nadd(x: f64) -> f64\nsub(x: f64) -> f64\n",
            &mut exports,
        )
        .unwrap();
        let docs: Vec<_> = exports.iter().map(|wanted| wanted.doc.as_deref()).collect();
        assert_eq!(docs, [Some("Adds.\n Twice."), None]);
    }
}
