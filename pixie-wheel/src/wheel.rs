//! Wheels, source distributions, and what an editable installation puts into the project.

use std::path::{Path, PathBuf};

use crate::archive::{self, Member};
use crate::error::{Error, Result};
use crate::metadata::Metadata;
use crate::module::ModuleConfig;
use crate::package::{self, slashed};
use crate::project::Project;
use crate::shim;
use crate::standalone::{PACKAGE, Runtime};

/// The tag of a wheel for every Python 3 and every platform.
const UNIVERSAL: &str = "py3-none-any";

/// A fat module of a project, as it was built.
#[derive(Debug)]
pub struct Built<'p> {
    /// What the project says of it.
    pub config: &'p ModuleConfig,
    /// The file.
    pub bytes: Vec<u8>,
    /// Its stub.
    pub stub: String,
}

/// Which wheel.
#[derive(Debug)]
pub enum Kind<'r> {
    /// One for every platform, which depends on the runtime.
    Universal,
    /// One for a platform, which brings the runtime; the modules are thinned to it.
    Standalone(&'r Runtime),
    /// One that only points to the project, in which the modules lie.
    Editable,
}

/// A file for a package index.
#[derive(Debug)]
pub struct Archive {
    /// Its name.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// Makes a wheel. `tool` is the version of this program, which is also that of the runtime which its modules need.
pub fn wheel(project: &Project, built: &[Built<'_>], kind: &Kind<'_>, tool: &str) -> Result<Archive> {
    let mut members = Vec::new();
    let (metadata, tag) = match kind {
        Kind::Universal => {
            let loader =
                |module: &ModuleConfig| shim::universal(&project.metadata.name, module.name(), tool, &[]);
            contents(project, built, &mut members, &loader, &|built| shim::stub(&built.stub))?;
            (project.universal(tool)?, UNIVERSAL.to_owned())
        }
        Kind::Standalone(runtime) => {
            standalone(project, built, runtime, &mut members)?;
            (project.standalone(), runtime.tag.clone())
        }
        Kind::Editable => {
            let root = project.root.canonicalize();
            let root = root.map_err(|source| Error::Read { path: project.root.clone(), source })?;
            let root = root.join(package::import_root(project));
            let name = format!("__editable__.{}.pth", project.metadata.stem());
            members.push(Member::new(name, format!("{}\n", root.display())));
            (project.universal(tool)?, UNIVERSAL.to_owned())
        }
    };
    let info = format!("{}.dist-info", metadata.stem());
    for member in information(project, &metadata, &tag, tool)? {
        members.push(Member::new(format!("{info}/{}", member.path), member.bytes));
    }
    if let Kind::Standalone(runtime) = kind {
        for licence in &runtime.licences {
            let path = format!("{info}/licenses/{}/{}", crate::project::RUNTIME, licence.path);
            members.push(Member::new(path, licence.bytes.clone()));
        }
    }
    let name = format!("{}-{tag}.whl", metadata.stem());
    Ok(Archive { name, bytes: archive::wheel(members, &info)? })
}

/// The files of a `.dist-info` folder, whose name comes first, but for `RECORD`.
pub fn metadata_folder(project: &Project, tool: &str) -> Result<(String, Vec<Member>)> {
    let metadata = project.universal(tool)?;
    Ok((format!("{}.dist-info", metadata.stem()), information(project, &metadata, UNIVERSAL, tool)?))
}

/// Makes a source distribution.
pub fn sdist(project: &Project, tool: &str) -> Result<Archive> {
    let metadata = project.universal(tool)?;
    let stem = metadata.stem();
    let mut members = vec![Member::new(format!("{stem}/PKG-INFO"), metadata.text())];
    for path in package::sdist_files(project)? {
        members.push(Member::new(format!("{stem}/{}", slashed(&path)), read(&project.root, &path)?));
    }
    Ok(Archive { name: format!("{stem}.tar.gz"), bytes: archive::tarball(members)? })
}

/// The files that an editable installation puts into the project, with their paths in it.
pub fn in_place(project: &Project, built: &[Built<'_>], tool: &str) -> Result<Vec<(PathBuf, Vec<u8>)>> {
    let root = package::import_root(project);
    let mut files = Vec::new();
    for built in built {
        let module = built.config;
        let stem = root.join(module.module.replace('.', "/"));
        let up = "../".repeat(stem.components().count() - 1);
        let mut inputs = package::read_by_compiler(&project.root, module)?;
        inputs.insert("pyproject.toml".into());
        let sources: Vec<String> = inputs.iter().map(|path| format!("{up}{}", slashed(path))).collect();
        let text = shim::universal(&project.metadata.name, module.name(), tool, &sources);
        let own = |path: &Path| package::is_authors(&project.root, path);
        let (loader, stub) = (stem.with_extension("py"), stem.with_extension("pyi"));
        if own(&loader) {
            return Err(in_the_way(&project.root.join(loader), module));
        }
        files.push((stem.with_extension(pixie_format::SUFFIX), built.bytes.clone()));
        files.push((loader, text.into_bytes()));
        if !own(&stub) {
            files.push((stub, shim::stub(&built.stub).into_bytes()));
        }
    }
    Ok(files)
}

/// The project's own files and the modules, each with the loader and the stub that these give.
fn contents(
    project: &Project,
    built: &[Built<'_>],
    members: &mut Vec<Member>,
    loader: &dyn Fn(&ModuleConfig) -> String,
    stub: &dyn Fn(&Built<'_>) -> String,
) -> Result<()> {
    for (place, path) in package::wheel_files(project)? {
        members.push(Member::new(place, read(&project.root, &path)?));
    }
    for built in built {
        let stem = built.config.module.replace('.', "/");
        let has = |members: &[Member], path: &str| members.iter().any(|member| member.path == path);
        for other in [format!("{stem}.py"), format!("{stem}/__init__.py")] {
            if has(members, &other) {
                return Err(in_the_way(Path::new(&other), built.config));
            }
        }
        members.push(Member::new(format!("{stem}.{}", pixie_format::SUFFIX), built.bytes.clone()));
        members.push(Member::new(format!("{stem}.py"), loader(built.config)));
        if !has(members, &format!("{stem}.pyi")) {
            members.push(Member::new(format!("{stem}.pyi"), stub(built)));
        }
        // For a module of its own there is no such mark.
        if let Some((top, _)) = stem.split_once('/') {
            let mark = format!("{top}/py.typed");
            if !has(members, &mark) {
                members.push(Member::new(mark, ""));
            }
        }
    }
    Ok(())
}

fn standalone(
    project: &Project,
    built: &[Built<'_>],
    runtime: &Runtime,
    members: &mut Vec<Member>,
) -> Result<()> {
    let mut tops: Vec<&str> = Vec::new();
    for module in built.iter().map(|built| built.config) {
        let Some(top) = module.package().split('.').next().filter(|top| !top.is_empty()) else {
            return Err(Error::Project(format!(
                "`{0}` lies in no package, so there is no place for the runtime that a wheel of its own brings\nhint: write module = \"{0}._{0}\"",
                module.module
            )));
        };
        if !tops.contains(&top) {
            tops.push(top);
        }
    }
    let depth = |module: &ModuleConfig| module.package().split('.').count();
    let loader = |module: &ModuleConfig| shim::standalone(module.name(), depth(module), PACKAGE);
    let stub = |built: &Built<'_>| shim::standalone_stub(&built.stub, depth(built.config), PACKAGE);
    contents(project, built, members, &loader, &stub)?;
    for top in tops {
        let folder = format!("{top}/{PACKAGE}/");
        if let Some(member) = members.iter().find(|member| member.path.starts_with(&folder)) {
            return Err(Error::File {
                path: PathBuf::from(&member.path),
                what: "it is in the place of the runtime that the wheel brings\nhint: rename the package"
                    .to_owned(),
            });
        }
        members.extend(
            runtime
                .files
                .iter()
                .map(|file| Member::new(format!("{folder}{}", file.path), file.bytes.clone())),
        );
    }
    Ok(())
}

/// The files of a `.dist-info` folder.
fn information(project: &Project, metadata: &Metadata, tag: &str, tool: &str) -> Result<Vec<Member>> {
    let mut members =
        vec![Member::new("METADATA", metadata.text()), Member::new("WHEEL", wheel_text(tag, tool))];
    if !metadata.entry_points.is_empty() {
        members.push(Member::new("entry_points.txt", metadata.entry_points.clone()));
    }
    for path in &metadata.licences {
        members.push(Member::new(format!("licenses/{}", slashed(path)), read(&project.root, path)?));
    }
    Ok(members)
}

fn wheel_text(tag: &str, tool: &str) -> String {
    let pure = tag == UNIVERSAL;
    let mut text = format!("Wheel-Version: 1.0\nGenerator: pixie {tool}\nRoot-Is-Purelib: {pure}\n");
    let parts: Vec<Vec<&str>> = tag.split('-').map(|part| part.split('.').collect()).collect();
    if let [pythons, abis, systems] = &parts[..] {
        for (python, abi) in pythons.iter().flat_map(|python| abis.iter().map(move |abi| (python, abi))) {
            for system in systems {
                text.push_str(&format!("Tag: {python}-{abi}-{system}\n"));
            }
        }
    }
    text
}

fn in_the_way(path: &Path, module: &ModuleConfig) -> Error {
    Error::File {
        path: path.to_owned(),
        what: format!(
            "it is in the place of the fat module `{}`, of which Python would see nothing\nhint: rename one of them, as module = \"{}._native\"",
            module.module,
            if module.package().is_empty() { module.name() } else { module.package() }
        ),
    }
}

fn read(root: &Path, path: &Path) -> Result<Vec<u8>> {
    let path = root.join(path);
    std::fs::read(&path).map_err(|source| Error::Read { path, source })
}
